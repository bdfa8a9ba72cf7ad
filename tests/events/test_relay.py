"""The relay publishes in order, at least once, and sets poison aside."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.audit.models import Entry
from apps.core.models import JobLease
from apps.events import relay, subscriptions
from apps.events.models import Consumption, Event
from apps.events.publishers import PublisherUnavailable, UnknownPublisher, publisher_for
from apps.events.relay import MAX_ATTEMPTS, Relayed, relay_pending
from apps.events.replay import NotParked, replay_event
from apps.events.subscriptions import subscribe
from apps.events.tasks import relay_events
from tests.events.factories import NOW, make_events

pytestmark = pytest.mark.django_db


class Recorder:
    """A publisher that remembers, and fails as told."""

    def __init__(self):
        self.sent, self.refuse, self.down = [], set(), False

    def publish(self, events):
        if self.down:
            raise PublisherUnavailable("down")
        keys = [event["subject"] for event in events]
        assert len(keys) == len(set(keys)), "two events of one aggregate in one wave"
        refused = {e["id"]: "too odd" for e in events if e["id"] in self.refuse}
        self.sent += [e for e in events if e["id"] not in refused]
        return refused

    def close(self):
        pass

    def order_of(self, event):
        return [int(e["sequence"]) for e in self.sent if e["subject"] == event.aggregate_id]


@pytest.fixture
def publisher(monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(relay, "publisher_for", lambda url: recorder)
    return recorder


@pytest.fixture
def handled(monkeypatch):
    """Subscriptions of this test alone; what they were given."""
    monkeypatch.setattr(subscriptions, "_subscriptions", {})
    given = []
    subscribe("x.happened", name="test", handler=lambda event: given.append(event.pk))
    return given


def test_each_aggregates_events_go_out_in_their_order(publisher):
    events = make_events(aggregates=3, each=4)
    assert relay_pending(now=NOW) == Relayed(published=12, handled=12)
    assert all(publisher.order_of(event) == [1, 2, 3, 4] for event in events)
    assert relay_pending(now=NOW) == Relayed()


def test_an_earlier_event_with_a_later_time_still_goes_first(publisher, monkeypatch):
    monkeypatch.setattr(relay, "BATCH", 2)
    first, second, *_ = make_events(aggregates=1, each=2)
    other = make_events(aggregates=2, each=1)
    late = NOW + timedelta(hours=1)
    from django.db import connection

    from apps.core import triggers

    with triggers.lifted("events_event"), connection.cursor() as cursor:
        key = first.pk if connection.vendor == "postgresql" else first.pk.hex
        cursor.execute("UPDATE events_event SET occurred_at = %s WHERE id = %s", [late, key])
    monkeypatch.setattr(relay, "BATCH", 3)
    relay_pending(now=late)
    assert publisher.order_of(second) in ([], [1, 2])
    assert len(other) == 2


def test_refused_event_keeps_its_successors_back_until_it_is_parked(publisher):
    bad, good = make_events(aggregates=1, each=2)
    publisher.refuse.add(str(bad.pk))
    now = NOW
    for attempt in range(1, MAX_ATTEMPTS + 1):
        relay_pending(now=now)
        bad.refresh_from_db()
        assert (bad.attempts, bad.last_error) == (attempt, "too odd")
        assert (publisher.sent == []) is (attempt < MAX_ATTEMPTS)
        wait = bad.next_attempt_at - now
        assert wait == timedelta(seconds=min(2**attempt, 3600))
        now = bad.next_attempt_at
    assert bad.parked_at
    relay_pending(now=now)
    assert publisher.order_of(good) == [2]


def test_waiting_events_don_t_hold_up_other_aggregates(publisher, monkeypatch):
    monkeypatch.setattr(relay, "BATCH", 2)
    bad = make_events(aggregates=3, each=1)
    good = make_events(aggregates=2, each=1)
    publisher.refuse |= {str(event.pk) for event in bad}
    relay_pending(now=NOW)
    assert {e["id"] for e in publisher.sent} == {str(event.pk) for event in good}


def test_publisher_that_is_down_blames_no_event_and_stops_no_subscriber(publisher, handled):
    [event] = make_events(aggregates=1, each=1)
    publisher.down = True
    assert relay_pending(now=NOW) == Relayed(handled=1)
    event.refresh_from_db()
    assert (event.attempts, event.published_at, handled) == (0, None, [event.pk])
    publisher.down = False
    assert relay_pending(now=NOW) == Relayed(published=1)
    assert handled == [event.pk]


def test_failing_subscriber_holds_up_no_publishing_and_its_work_is_undone(publisher, handled):
    def fail(event):
        raise ValueError("no tariff")

    subscribe("x.happened", name="failing", handler=fail)
    first, second = make_events(aggregates=1, each=2)
    assert relay_pending(now=NOW) == Relayed(published=2)
    first.refresh_from_db()
    assert first.last_error == "ValueError: no tariff"
    assert first.published_at
    assert first.handled_at is None
    assert [c.subscriber for c in Consumption.objects.all()] == ["test"]
    assert (handled, second.handled_at) == ([first.pk], None)


def test_subscriber_is_given_an_event_once_however_often_it_is_relayed(publisher, handled):
    events = make_events(aggregates=2, each=2)
    relay_pending(now=NOW)
    Event.objects.update(handled_at=None, published_at=None)
    relay_pending(now=NOW)
    assert sorted(handled) == sorted(event.pk for event in events)
    assert len(publisher.sent) == 8


def test_crash_between_the_work_and_its_note_does_the_work_again_from_nothing(
    publisher, monkeypatch
):
    monkeypatch.setattr(subscriptions, "_subscriptions", {})
    from tests.accounts.factories import ProviderFactory

    crash = [True]

    def handler(event):
        ProviderFactory(slug=f"made-by-{event.sequence}")
        if crash:
            raise KeyboardInterrupt

    subscribe("x.happened", name="maker", handler=handler)
    make_events(aggregates=1, each=1)
    with pytest.raises(KeyboardInterrupt):
        relay_pending(now=NOW)
    assert not Consumption.objects.exists()
    crash.clear()
    JobLease.objects.all().delete()
    relay_pending(now=NOW)
    from apps.accounts.models import Provider

    assert Provider.objects.filter(slug="made-by-1").count() == 1


def test_second_relay_leaves_at_once(publisher):
    make_events(aggregates=1, each=1)
    JobLease.objects.create(
        job="events.relay", holder="other", expires_at=NOW + timedelta(seconds=5)
    )
    assert relay_pending(now=NOW) == Relayed()
    assert relay_pending(now=NOW + timedelta(seconds=6)).published == 1


def test_long_run_ends_in_time_and_asks_for_the_next(publisher, monkeypatch):
    monkeypatch.setattr(relay, "RUN_SECONDS", -1)
    asked = []
    monkeypatch.setattr(relay_events, "apply_async", lambda **kwargs: asked.append(kwargs))
    make_events(aggregates=1, each=2)
    assert relay_pending(now=timezone.now()).more
    relay_events()
    assert asked


def test_parked_event_is_replayed_by_name(publisher, monkeypatch):
    monkeypatch.setattr(relay_events, "apply_async", lambda **kwargs: None)
    [event] = make_events(aggregates=1, each=1)
    with pytest.raises(NotParked):
        replay_event(event=event)
    Event.objects.update(parked_at=NOW, attempts=10, next_attempt_at=NOW)
    event.refresh_from_db()
    replay_event(event=event, reason="broker repaired")
    assert relay_pending(now=NOW).published == 1
    entry = Entry.objects.get(activity="replayed event")
    assert (entry.object_id, entry.reason) == (str(event.pk), "broker repaired")


def test_url_that_names_no_publisher_is_refused():
    with pytest.raises(UnknownPublisher):
        publisher_for("kafka://localhost")
    assert publisher_for("log://").publish([{"id": "1"}]) == {}


def test_events_that_come_together_are_handed_over_together_each_once(publisher):
    given = []
    subscribe(
        "y.happened", name="many", handler=lambda event: given.append([event.pk]),
        many=lambda events: given.append([event.pk for event in events]),
    )  # fmt: skip
    events = make_events(aggregates=3, each=1, type="y.happened")
    assert relay_pending(now=NOW) == Relayed(published=3, handled=3)
    Event.objects.update(handled_at=None)
    relay_pending(now=NOW)
    assert [sorted(keys) for keys in given] == [sorted(event.pk for event in events)]


def test_one_event_that_fails_among_many_keeps_back_no_other(publisher):
    given = []

    def handle(event):
        if event.pk == events[1].pk:
            raise ValueError("no tariff")
        given.append(event.pk)

    def handle_many(several):
        for event in several:
            if event.pk == events[1].pk:
                raise ValueError("no tariff")

    subscribe("z.happened", name="some", handler=handle, many=handle_many)
    events = make_events(aggregates=3, each=1, type="z.happened")
    assert relay_pending(now=NOW) == Relayed(published=3, handled=2)
    assert sorted(given) == sorted([events[0].pk, events[2].pk])
    assert Consumption.objects.filter(subscriber="some").count() == 2
