"""The tariff book: versions are added and ended, never overwritten, never in force together."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.audit.models import Entry
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.models.tariff import TariffVersionKept
from apps.tariffs.ocpi.fields import UnreadableField
from apps.tariffs.services import (
    OwnerMissing,
    TariffBook,
    TariffContentUnfit,
    TariffVersionsOverlap,
    add_version,
    create_tariff,
    end_tariff,
    receive_tariff,
)
from tests.accounts.factories import ProviderFactory
from tests.locations.factories import OperatorFactory
from tests.tariffs.factories import LONG_AGO, PER_KWH, make_version
from tests.tariffs.messages import component, flat_tariff

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5))
DEARER = flat_tariff(component("ENERGY", "0.30", vat="10"))


def test_new_version_ends_the_one_before() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    second = add_version(
        tariff=first.tariff, content=DEARER, ocpi_version="2.2.1", active_from=APRIL, reason="2026"
    )
    first.refresh_from_db()
    assert (first.number, first.active_to) == (1, APRIL)
    assert (second.number, second.active_to) == (2, None)


def test_same_content_again_changes_nothing() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    entries = Entry.objects.count()
    again = add_version(
        tariff=first.tariff,
        content={**PER_KWH, "last_updated": "2026-04-01T00:00:00Z"},
        ocpi_version="2.2.1",
        active_from=APRIL,
        reason="sent again",
    )
    assert again == first
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("price", [Decimal("0.250"), 0.25, "0.25", "2.5e-1", "0.2500"])
def test_respelled_price_makes_no_version(price: object) -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    parts = {"type": "ENERGY", "price": price, "vat": "10.0", "step_size": 1.0, "note": None}
    same = {**PER_KWH, "elements": [{"price_components": [parts]}]}
    again = add_version(
        tariff=first.tariff, content=same, ocpi_version="2.2.1", active_from=APRIL, reason="again"
    )
    assert again == first


@pytest.mark.parametrize(("start", "end"), [(MARCH, MAY), (LONG_AGO, MAY), (LONG_AGO, None)])
def test_overlapping_versions_are_refused(start: datetime, end: datetime | None) -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH, active_to=APRIL)
    with pytest.raises(TariffVersionsOverlap, match="version 1 is in force"):
        add_version(
            tariff=first.tariff, content=DEARER, ocpi_version="2.2.1", active_from=start,
            active_to=end, reason="test",
        )  # fmt: skip
    assert TariffVersion.objects.count() == 1


def test_versions_may_touch() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH, active_to=APRIL)
    later = add_version(
        tariff=first.tariff, content=DEARER, ocpi_version="2.2.1", active_from=APRIL, reason="x"
    )
    assert list(TariffVersion.objects.in_force(APRIL)) == [later]


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="an exclusion constraint")
def test_database_refuses_overlapping_versions_that_pass_by_the_service() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH, active_to=MAY)
    row = TariffVersion(
        tariff=first.tariff, number=2, ocpi_version="2.2.1", currency="EUR", content={},
        content_hash="x", active_from=APRIL, active_to=MAY,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS tariff_versions_never_overlap IMMEDIATE")
    with pytest.raises(IntegrityError, match="tariff_versions_never_overlap"), transaction.atomic():
        row.save()


def test_database_refuses_two_open_versions() -> None:
    first = make_version(operator=OperatorFactory(), active_from=MARCH)
    row = TariffVersion(
        tariff=first.tariff, number=2, ocpi_version="2.2.1", currency="EUR", content={},
        content_hash="x", active_from=MAY,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_content_of_a_version_can_not_be_changed() -> None:
    version = make_version(operator=OperatorFactory())
    version.content = DEARER
    with pytest.raises(TariffVersionKept, match="add a new version"):
        version.save()


def test_database_keeps_the_content_of_a_version() -> None:
    version = make_version(operator=OperatorFactory())
    table = TariffVersion._meta.db_table
    with (
        pytest.raises(IntegrityError, match="kept as it is"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET currency = 'USD'")
    version.refresh_from_db()
    assert version.currency == "EUR"


def test_tariff_ends_and_stays_ended() -> None:
    version = make_version(operator=OperatorFactory(), active_from=MARCH)
    end_tariff(tariff=version.tariff, at=APRIL, reason="withdrawn")
    end_tariff(tariff=version.tariff, at=MAY, reason="withdrawn again")
    version.refresh_from_db()
    assert version.active_to == APRIL


@pytest.mark.parametrize("raw", [{}, {"id": "1", "currency": "EUR", "elements": []}])
def test_content_that_the_engine_can_not_read_is_refused(raw: dict) -> None:
    tariff = create_tariff(operator=OperatorFactory(), tariff_id="1")
    with pytest.raises(UnreadableField):
        add_version(tariff=tariff, content=raw, ocpi_version="2.2.1", active_from=MARCH, reason="x")


def test_unknown_currency_is_refused() -> None:
    tariff = create_tariff(operator=OperatorFactory(), tariff_id="1")
    raw = {**PER_KWH, "currency": "XXX"}
    with pytest.raises(TariffContentUnfit, match="currency"):
        add_version(tariff=tariff, content=raw, ocpi_version="2.2.1", active_from=MARCH, reason="x")


def test_tariff_has_one_owner() -> None:
    with pytest.raises(OwnerMissing):
        create_tariff(tariff_id="1")
    with pytest.raises(OwnerMissing):
        create_tariff(tariff_id="1", operator=OperatorFactory(), provider=ProviderFactory())
    with pytest.raises(IntegrityError), transaction.atomic():
        Tariff(tariff_id="1").save()


def test_tariff_id_has_no_case() -> None:
    operator = OperatorFactory()
    first = create_tariff(operator=operator, tariff_id="Day")
    assert create_tariff(operator=operator, tariff_id="DAY") == first
    assert create_tariff(operator=OperatorFactory(), tariff_id="DAY") != first


def test_tariff_of_an_operator_comes_in_with_its_own_period() -> None:
    raw = {**PER_KWH, "start_date_time": "2026-04-01T00:00:00Z"}
    operator = OperatorFactory()
    version = receive_tariff(operator=operator, content=raw, ocpi_version="2.2.1", now=MARCH)
    assert (version.active_from, version.active_to) == (APRIL, None)
    newer = receive_tariff(
        operator=operator, content={**DEARER, "id": "12"}, ocpi_version="2.2.1", now=MAY
    )
    assert (newer.number, newer.active_from) == (2, MAY)


def test_book_finds_the_version_in_force_with_one_query(django_assert_num_queries) -> None:
    operator = OperatorFactory()
    make_version(operator=operator, active_from=MARCH, active_to=APRIL)
    make_version(operator=operator, active_from=APRIL, content=DEARER)
    make_version(operator=operator, tariff_id="99", active_from=MARCH)
    with django_assert_num_queries(1):
        book = TariffBook(operators=[operator.pk])
    query = {"named": {"12"}}
    (old,) = book.of_operator(operator.pk, at=MARCH, **query)
    (new,) = book.of_operator(operator.pk, at=APRIL, **query)
    assert [str(each.components[0].price) for each in (old, new)] == ["0.25", "0.30"]
    assert book.of_operator(operator.pk, at=LONG_AGO, **query) == []
    assert book.of_operator(operator.pk, at=APRIL, named=set()) == []


def test_tariff_of_a_provider_for_an_operator_comes_before_its_general_one() -> None:
    operator, provider = OperatorFactory(), ProviderFactory()
    general = make_version(provider=provider, tariff_id="ALL")
    special = make_version(provider=provider, tariff_id="HERE", at_operator=operator)
    book = TariffBook(providers=[provider.pk])
    assert book.of_provider(provider.pk, operator=operator.pk, at=MAY) == special
    assert book.of_provider(provider.pk, operator=OperatorFactory().pk, at=MAY) == general
    assert book.of_provider(ProviderFactory().pk, operator=operator.pk, at=MAY) is None


@pytest.mark.parametrize("now", [MARCH, MAY])
def test_tariff_with_an_end_sent_again_changes_nothing(now) -> None:
    raw = {**PER_KWH, "end_date_time": "2026-04-01T00:00:00Z"}
    sent = {"operator": OperatorFactory(), "content": raw, "ocpi_version": "2.2.1"}
    version = receive_tariff(**sent, now=MARCH)
    assert receive_tariff(**sent, now=now) == version
    assert (version.active_from, version.active_to) == (MARCH, APRIL)


def test_tariff_with_an_end_is_replaced_before_it() -> None:
    raw = {**PER_KWH, "end_date_time": "2026-05-01T00:00:00Z"}
    sent = {"operator": OperatorFactory(), "ocpi_version": "2.2.1"}
    first = receive_tariff(**sent, content=raw, now=MARCH)
    second = receive_tariff(**sent, content={**DEARER, "id": "12"}, now=APRIL)
    first.refresh_from_db()
    assert (first.active_to, second.active_from, second.active_to) == (APRIL, APRIL, None)


def test_tariff_whose_end_is_past_is_in_force_no_more() -> None:
    sent = {"operator": OperatorFactory(), "ocpi_version": "2.2.1"}
    first = receive_tariff(**sent, content=PER_KWH, now=MARCH)
    over = {**PER_KWH, "end_date_time": "2026-04-01T00:00:00Z"}
    assert receive_tariff(**sent, content=over, now=MAY) is None
    first.refresh_from_db()
    assert first.active_to == MAY
