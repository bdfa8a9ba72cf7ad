"""A planned version can be withdrawn before it begins; nothing that was in force ever changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.urls import reverse

from apps.accounts.roles import Role
from apps.audit.context import Actor, acting
from apps.audit.models import Entry
from apps.core.errors import DomainError
from apps.tariffs.models import TariffVersion
from apps.tariffs.models.tariff import TariffVersionKept
from apps.tariffs.services import (
    TariffBook,
    TariffVersionBegun,
    TariffVersionsOverlap,
    WithdrawalUnexplained,
    add_version,
    end_tariff,
    receive_tariff,
    withdraw_version,
)
from tests.core.staff import staff_client
from tests.locations.factories import OperatorFactory
from tests.tariffs.factories import PER_KWH, make_version
from tests.tariffs.messages import component, flat_tariff

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5, 6))
DEARER = flat_tariff(component("ENERGY", "0.30", vat="10"))


def plan(tariff, *, start=MAY, end=None, content=DEARER) -> TariffVersion:
    return add_version(
        tariff=tariff, content=content, ocpi_version="2.2.1", active_from=start, active_to=end,
        reason="summer",
    )  # fmt: skip


def withdraw(version, *, now=APRIL, reason="dropped", previous_goes_on=True) -> TariffVersion:
    return withdraw_version(
        version=version, now=now, reason=reason, previous_goes_on=previous_goes_on
    )


def in_force(tariff, at):
    return [each.number for each in TariffVersion.objects.filter(tariff=tariff).in_force(at)]


def test_withdrawn_version_stays_on_record_and_is_never_in_force() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    planned = plan(first.tariff)
    withdraw(planned, previous_goes_on=False)
    planned.refresh_from_db()
    assert (planned.withdrawn_at, planned.withdrawal_reason) == (APRIL, "dropped")
    entry = Entry.objects.story_of(planned).first()
    assert (entry.activity, entry.reason) == ("withdrew tariff version", "dropped")
    assert in_force(first.tariff, APRIL) == [1]
    assert in_force(first.tariff, JUNE) == []
    book = TariffBook(operators=[first.tariff.operator_id])
    assert book.of_operator(first.tariff.operator_id, at=JUNE, named=set()) == []


def test_version_before_goes_on_in_its_place() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    withdraw(plan(first.tariff, start=MAY))
    first.refresh_from_db()
    assert first.active_to is None
    assert in_force(first.tariff, JUNE) == [1]
    assert Entry.objects.story_of(first).first().activity == "prolonged tariff version"


def test_version_before_goes_on_no_longer_than_it_says_itself() -> None:
    told = {**PER_KWH, "end_date_time": MAY.strftime("%Y-%m-%dT%H:%M:%SZ")}
    first = make_version(operator=OperatorFactory(), content=told, active_from=MARCH)
    withdraw(plan(first.tariff, start=APRIL + timedelta(days=9)))
    first.refresh_from_db()
    assert first.active_to == MAY
    withdraw(plan(first.tariff, start=MAY))
    assert in_force(first.tariff, JUNE) == []


def test_version_before_goes_on_until_the_next_planned_one() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    planned = plan(first.tariff, start=MAY)
    plan(first.tariff, start=JUNE, content=PER_KWH)
    planned.refresh_from_db()
    withdraw(planned)
    assert [in_force(first.tariff, at) for at in (APRIL, MAY, JUNE)] == [[1], [1], [3]]


def test_another_is_planned_for_the_same_time_under_a_new_number() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    withdraw(plan(first.tariff))
    again = plan(first.tariff, content=flat_tariff(component("ENERGY", "0.28")))
    assert again.number == 3
    assert in_force(first.tariff, JUNE) == [3]
    with pytest.raises(TariffVersionsOverlap):
        plan(first.tariff, start=MAY)


@pytest.mark.parametrize("now", [MAY, JUNE])
def test_version_that_has_begun_is_not_withdrawn(now: datetime) -> None:
    planned = plan(make_version(operator=OperatorFactory(), active_from=MARCH).tariff)
    with pytest.raises(TariffVersionBegun, match="is in force since 1 May 2026"):
        withdraw(planned, now=now)
    assert in_force(planned.tariff, JUNE) == [2]


def test_withdrawing_takes_a_reason() -> None:
    planned = plan(make_version(operator=OperatorFactory(), active_from=MARCH).tariff)
    with pytest.raises(WithdrawalUnexplained):
        withdraw(planned, reason="  ")
    assert in_force(planned.tariff, JUNE) == [2]


def test_withdrawing_again_changes_nothing() -> None:
    planned = plan(make_version(operator=OperatorFactory(), active_from=MARCH).tariff)
    withdraw(planned)
    entries = Entry.objects.count()
    assert withdraw(planned, reason="again").withdrawal_reason == "dropped"
    assert Entry.objects.count() == entries


def test_withdrawn_version_can_not_be_revived_or_prolonged() -> None:
    planned = withdraw(plan(make_version(operator=OperatorFactory(), active_from=MARCH).tariff))
    planned.active_to = JUNE
    with pytest.raises(TariffVersionKept, match="was withdrawn"):
        planned.save()
    table = TariffVersion._meta.db_table
    for change in ("withdrawn_at = NULL, withdrawal_reason = ''", "active_to = NULL"):
        with (
            pytest.raises(IntegrityError, match="stays as it is"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE {table} SET {change} WHERE withdrawn_at IS NOT NULL")


def test_database_refuses_to_withdraw_what_has_begun_or_without_a_reason() -> None:
    version = make_version(operator=OperatorFactory(), active_from=MARCH)
    for moment, reason in ((APRIL, "late"), (MARCH, "at once"), (MARCH - timedelta(1), "")):
        version.withdrawn_at, version.withdrawal_reason = moment, reason
        with (
            pytest.raises(IntegrityError, match="withdrawn_before_it_begins"),
            transaction.atomic(),
        ):
            version.save()


def test_ended_tariff_loses_what_was_planned() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    planned = plan(first.tariff)
    end_tariff(tariff=first.tariff, at=APRIL, reason="station closed")
    planned.refresh_from_db()
    first.refresh_from_db()
    assert (first.active_to, planned.withdrawn_at) == (APRIL, APRIL)


def test_operator_sends_again_what_was_withdrawn() -> None:
    raw = {**PER_KWH, "start_date_time": "2026-05-01T00:00:00Z"}
    sent = {"operator": OperatorFactory(), "content": raw, "ocpi_version": "2.2.1", "now": MARCH}
    planned = receive_tariff(**sent)
    assert planned is not None
    withdraw(planned)
    again = receive_tariff(**sent)
    assert again is not None
    assert (again.number, in_force(again.tariff, JUNE)) == (2, [2])


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_withdrawing_and_planning_at_once_never_leaves_two_in_force() -> None:
    for _ in range(5):
        first = make_version(operator=OperatorFactory(), active_from=MARCH)
        planned = plan(first.tariff)
        outcomes = at_once(
            lambda planned=planned: withdraw(planned),
            lambda tariff=first.tariff: plan(tariff, content=PER_KWH),
            lambda tariff=first.tariff: plan(tariff, start=JUNE, content=PER_KWH),
            lambda planned=planned: withdraw(planned, previous_goes_on=False),
        )
        assert all(each is None or isinstance(each, DomainError) for each in outcomes)
        for at in (APRIL, MAY, JUNE):
            assert len(in_force(first.tariff, at)) <= 1
        assert in_force(first.tariff, APRIL) == [1]
        assert Entry.objects.story_of(planned).filter(activity__startswith="withdrew").count() == 1


def at_once(*calls) -> list[DomainError | None]:
    """The calls in threads of their own, let go together; what each was refused with."""
    barrier = Barrier(len(calls))

    def run(call) -> DomainError | None:
        try:
            barrier.wait(10)
            call()
        except DomainError as error:
            return error
        finally:
            connections.close_all()
        return None

    def with_actor(call) -> DomainError | None:
        with acting(Actor.job("race")):
            return run(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(with_actor, calls))


def test_planned_version_is_withdrawn_on_its_tariffs_page() -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    planned = plan(make_version(operator=OperatorFactory()).tariff, start=far)
    client = staff_client(Role.ADMINISTRATOR)
    page = reverse("admin:tariffs_tariff_change", args=[planned.tariff.pk])
    address = reverse("admin:tariffs_tariff_withdraw", args=[planned.tariff.pk, 2])
    assert address in client.get(page).content.decode()
    assert "Version 1, which ends then, goes on" in client.get(address).content.decode()
    assert "This field is required" in client.post(address, {"reason": " "}).content.decode()
    told = {"reason": "typing <b>error</b>", "previous_goes_on": "on"}
    answer = client.post(address, told, follow=True).content.decode()
    assert "version 2 is withdrawn" in answer
    assert "typing &lt;b&gt;error&lt;/b&gt;" in answer
    assert address not in answer
    assert in_force(planned.tariff, far) == [1]


def test_page_refuses_to_withdraw_what_is_in_force() -> None:
    version = make_version(operator=OperatorFactory())
    client = staff_client(Role.ADMINISTRATOR)
    address = reverse("admin:tariffs_tariff_withdraw", args=[version.tariff.pk, 1])
    assert (
        "is in force since" in client.post(address, {"reason": "x"}, follow=True).content.decode()
    )
    missing = reverse("admin:tariffs_tariff_withdraw", args=[version.tariff.pk, 9])
    assert client.get(missing).status_code == 404
