"""Events for tests."""

from datetime import UTC, datetime

from django.db import transaction

from apps.events.models import Event
from apps.events.services import emit
from tests.accounts.factories import ProviderFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_events(*, aggregates: int, each: int, type: str = "x.happened", **data) -> list[Event]:
    """`each` events of each of so many providers, written in turns."""
    providers = ProviderFactory.create_batch(aggregates)
    events = []
    for number in range(each):
        for provider in providers:
            with transaction.atomic():
                events.append(
                    emit(type=type, aggregate=provider, now=NOW, data={"n": number, **data})
                )
    return events
