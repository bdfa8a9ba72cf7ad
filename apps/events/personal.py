"""What events hold of a person, for export; they end with the keys."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import TextField
from django.db.models.functions import Cast

from apps.audit.context import Actor
from apps.audit.models import AuditedModel
from apps.audit.persons import Holding, Person, register_holding
from apps.events.models import Event


def register() -> None:
    """Called in EventsConfig.ready()."""
    register_holding(Holding("events", export_events, erase_errors))


def person_of(event: Event) -> UUID | None:
    """Whom the event's record is about, as the record says now."""
    model: Any = apps.get_model(event.aggregate_type)
    if not issubclass(model, AuditedModel):
        return None
    record = model._base_manager.filter(pk=event.aggregate_id).first()
    return record.audit_person_id() if record is not None else None


def export_events(person: Person) -> Iterator[dict[str, Any]]:
    """Those with something in them that is protected for the person."""
    yield from _events_of(person).values("type", "occurred_at", "data")


def _events_of(person: Person) -> Any:
    return Event.objects.filter(person.is_in(Cast("data", TextField())))


def erase_errors(person: Person, *, reason: str, actor: Actor | None) -> int:
    """What a subscriber said when it failed may quote the event."""
    return int(_events_of(person).exclude(last_error="").update(last_error=""))
