"""Events are written with their change, numbered per aggregate, and frozen."""

import time

import pytest
from django.db import IntegrityError, connection, transaction
from kombu.exceptions import OperationalError

from apps.events import services
from apps.events.models import Event
from apps.events.services import NewEvent, emit, emit_first, emit_many
from tests.accounts.factories import AccountFactory, ProviderFactory
from tests.events.factories import NOW

pytestmark = pytest.mark.django_db


def test_events_of_an_aggregate_are_numbered_from_one():
    a, b = ProviderFactory.create_batch(2)
    emit_first(events=[NewEvent("x.a", a), NewEvent("x.a", b)], now=NOW)
    emit(type="x.b", aggregate=a, now=NOW)
    emit_many(events=[NewEvent("x.c", a), NewEvent("x.c", b)], now=NOW)
    assert [e.sequence for e in Event.objects.of(a).order_by("sequence")] == [1, 2, 3]
    assert [e.type for e in Event.objects.of(b).order_by("sequence")] == ["x.a", "x.c"]


def test_event_goes_with_its_change():
    provider = ProviderFactory()
    with transaction.atomic():
        emit(type="x.a", aggregate=provider, now=NOW)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_event_outside_of_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        emit(type="x.a", aggregate=ProviderFactory(), now=NOW)


def test_event_is_told_as_cloud_events_1_0():
    provider = ProviderFactory()
    event = emit(
        type="x.a", aggregate=provider, now=NOW, provider_id=provider.pk, data={"n": "1.50"}
    )
    told = Event.objects.get(pk=event.pk).as_cloud_event()
    assert told == {
        "specversion": "1.0", "id": str(event.pk), "source": "/evcharge/accounts/provider",
        "type": "x.a", "subject": str(provider.pk), "time": NOW.isoformat(),
        "datacontenttype": "application/json", "sequence": "1", "provider": str(provider.pk),
        "data": {"n": "1.50"},
    }  # fmt: skip
    event.provider_id = None
    assert "provider" not in event.as_cloud_event()


def test_personal_values_of_the_aggregate_are_protected_in_its_events():
    account = AccountFactory(name="Ann Other")
    emit(type="x.a", aggregate=account, now=NOW, data={"name": "Ann Other", "number": "C1"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM events_event")
        [(stored,)] = cursor.fetchall()
    assert "Ann" not in str(stored)
    assert Event.objects.get().data == {"name": "Ann Other", "number": "C1"}


def test_database_keeps_what_an_event_says():
    event = emit(type="x.a", aggregate=ProviderFactory(), now=NOW)
    event.type = "x.b"
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        event.delete()


def test_relay_is_woken_once_per_transaction(django_capture_on_commit_callbacks, monkeypatch):
    woken = []
    monkeypatch.setattr(services.relay_events, "apply_async", lambda **kw: woken.append(kw))
    with django_capture_on_commit_callbacks(execute=True):
        for provider in ProviderFactory.create_batch(3):
            emit(type="x.a", aggregate=provider, now=NOW)
    assert len(woken) == 1


def test_broker_that_is_down_is_left_alone_and_fails_no_request(
    django_capture_on_commit_callbacks, monkeypatch
):
    tries = []

    def fail(**kwargs):
        tries.append(kwargs)
        raise OperationalError("connection refused")

    monkeypatch.setattr(services.relay_events, "apply_async", fail)
    monkeypatch.setattr(services, "_sleeps_until", 0.0)
    for provider in ProviderFactory.create_batch(2):
        with django_capture_on_commit_callbacks(execute=True):
            emit(type="x.a", aggregate=provider, now=NOW)
    assert len(tries) == 1
    assert services._sleeps_until > time.monotonic()
