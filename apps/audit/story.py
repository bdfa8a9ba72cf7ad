"""The trail of one record, in words for people."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Model
from django.utils import formats

from apps.audit.context import ActorKind
from apps.audit.models import Entry
from apps.core.stories import Chapter, FieldChange

# A person needs no further word; the other two do.
_KIND = {ActorKind.USER: "", ActorKind.CREDENTIAL: "API credential", ActorKind.JOB: "job"}


def tell_story(record: Model, *, limit: int) -> Sequence[Chapter]:
    """The newest changes of a record first, with the labels of its fields and choices."""
    ids = list(Entry.objects.story_of(record).values_list("pk", flat=True)[:limit])
    Entry.objects.load_keys_of(ids)
    entries = Entry.objects.filter(pk__in=ids).order_by("-recorded_at", "-id")
    return [_chapter(type(record), entry) for entry in entries]


def chapter_of(entry: Entry) -> Chapter:
    """One entry in words for people."""
    try:
        model: type[Model] = apps.get_model(entry.object_type)
    except (LookupError, ValueError):
        model = Entry
    return _chapter(model, entry)


def _chapter(model: type[Model], entry: Entry) -> Chapter:
    return Chapter(
        at=entry.recorded_at,
        activity=entry.activity,
        actor=entry.actor_label,
        actor_kind=_KIND[ActorKind(entry.actor_kind)],
        reason=entry.reason,
        changes=tuple(
            FieldChange(*_change(model, name, entry.before.get(name), entry.after.get(name)))
            for name in {**entry.before, **entry.after}
            if name != "id"
        ),
    )


def _change(model: type[Model], name: str, before: Any, after: Any) -> tuple[str, str, str]:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        field = None
    # The entry of an erasure counts by app, some of which are named like relations of the record.
    if not isinstance(field, models.Field):
        return name, _plain(before), _plain(after)
    return str(getattr(field, "verbose_name", name)), _shown(field, before), _shown(field, after)


def _shown(field: Any, value: Any) -> str:
    """A stored value as the record's page would show it."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(field, models.ForeignKey):
        return _name_of(field.related_model, value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateField):
        return _moment(field, value)
    return _plain(value)


def _name_of(model: Any, pk: Any) -> str:
    related = model._base_manager.filter(pk=pk).first()
    return str(related) if related is not None else str(pk)


def _moment(field: Any, value: str) -> str:
    try:
        moment: date | datetime | None = field.to_python(value)
    except ValidationError:
        return value
    return str(formats.localize(moment))


def _plain(value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, list) and all(isinstance(i, dict) and "message" in i for i in value):
        return " ".join(str(item["message"]) for item in value)
    if isinstance(value, list):
        return "\n".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {said}" for name, said in _leaves(value))
    return str(value)


def _leaves(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """What an object says, an object in it by both their names; what is empty says nothing."""
    for key, inner in value.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(inner, dict):
            yield from _leaves(inner, f"{name} ")
        elif said := _plain(inner).replace("\n", "; "):
            yield name, said
