"""The register of VAT ids: enrolled, asked for, kept with proof, asked again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Account, Provider
from apps.core.models import JobRun
from apps.vat.facts import IdStatus
from apps.vat.models import VatId, VatIdCheck
from apps.vat.services import IdRegister, check_due_vat_ids, enrol_vat_ids
from apps.vat.tasks import check_vat_ids
from apps.vat.vies import ViesClient
from tests.vat.vies_server import ViesServer, running_vies

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
GERMAN, GREEK, FRENCH = "DE136695976", "EL094259216", "FR40303265045"


@pytest.fixture
def vies() -> Iterator[ViesServer]:
    with running_vies() as server:
        server.registered = {GERMAN: "Strom GmbH", GREEK: "Reuma AE"}
        yield server


def run(vies: ViesServer, now: datetime = NOW) -> None:
    check_due_vat_ids(client=ViesClient(url=vies.url, requester="NL010000446B01"), now=now)


def test_a_valid_id_keeps_its_proof(vies: ViesServer) -> None:
    enrol_vat_ids(values=["de 136 695 976"], now=NOW)
    run(vies)
    row = VatId.objects.get(value=GERMAN)
    assert (row.state, row.consultation_number, row.trader_name) == (
        "VALID", "WAPIAAAAZ1", "Strom GmbH",
    )  # fmt: skip
    assert row.confirmed_at == NOW
    check = VatIdCheck.objects.get(vat_id=row)
    assert (check.state, check.requester, check.register) == ("VALID", "NL010000446B01", "VIES")
    assert row.history.count() == 2


def test_an_id_that_is_not_registered_is_invalid_and_asked_again_in_a_week(
    vies: ViesServer,
) -> None:
    enrol_vat_ids(values=[FRENCH], now=NOW)
    run(vies)
    row = VatId.objects.get()
    assert row.state == "INVALID"
    assert row.next_check_at == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    "value", ["DE136695977", "IM2760000014", "EU372000041", "12345", "DE" + "1" * 100]
)
def test_what_is_no_vat_id_is_invalid_without_asking(vies: ViesServer, value: str) -> None:
    enrol_vat_ids(values=[value], now=NOW)
    run(vies)
    row = VatId.objects.get()
    assert (row.state, row.register, row.next_check_at) == ("INVALID", "FORM", None)
    assert vies.asked == []
    assert IdRegister([value]).look_up([value]).status is IdStatus.INVALID


@pytest.mark.parametrize("value", ["CHE-107.787.577 MWST", "NO995525828MVA", "GB980780684"])
def test_swiss_norwegian_and_british_ids_are_judged_by_their_form(value: str) -> None:
    enrol_vat_ids(values=[value], now=NOW)
    assert IdRegister([value]).look_up([value]).status is IdStatus.VALID


def test_an_outage_is_repeated_with_back_off(vies: ViesServer) -> None:
    enrol_vat_ids(values=[GERMAN], now=NOW)
    vies.mood = "MS_UNAVAILABLE"
    waits, now = [], NOW
    for _ in range(12):
        run(vies, now)
        row = VatId.objects.get()
        assert row.next_check_at is not None
        waits.append(row.next_check_at - now)
        now = row.next_check_at
    assert row.state == "UNAVAILABLE"
    assert row.last_error == "MS_UNAVAILABLE: VIES answers MS_UNAVAILABLE."
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (5, 10, 20, 40)]
    assert waits[-1] == timedelta(hours=24)
    vies.mood = ""
    run(vies, now)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == ("VALID", 0, "")
    assert VatIdCheck.objects.count() == 13


def test_an_outage_does_not_unsay_a_fresh_proof(vies: ViesServer) -> None:
    enrol_vat_ids(values=[GERMAN], now=NOW)
    run(vies)
    vies.mood = "SERVICE_UNAVAILABLE"
    run(vies, NOW + timedelta(days=31))
    assert VatId.objects.get().state == "VALID"
    run(vies, NOW + timedelta(days=91))
    assert VatId.objects.get().state == "UNAVAILABLE"


def test_a_valid_id_is_asked_for_again_after_a_month(vies: ViesServer) -> None:
    enrol_vat_ids(values=[GERMAN], now=NOW)
    run(vies)
    run(vies, NOW + timedelta(days=29))
    assert len(vies.asked) == 1
    vies.registered.clear()
    run(vies, NOW + timedelta(days=30))
    assert VatId.objects.get().state == "INVALID"


def test_a_country_whose_register_is_down_is_left_for_later(vies: ViesServer) -> None:
    enrol_vat_ids(values=[GERMAN, "DE811569869", GREEK], now=NOW)
    vies.mood = "MS_UNAVAILABLE"
    run(vies)
    assert sorted(question["countryCode"] for question in vies.asked) == ["DE", "EL"]


def test_a_run_ends_when_vies_itself_is_down(vies: ViesServer) -> None:
    enrol_vat_ids(values=[GERMAN, "DE811569869", GREEK, FRENCH, "BE0403019261"], now=NOW)
    vies.mood = "html"
    run(vies)
    assert len(vies.asked) == 3


def test_the_least_known_id_decides_and_invalid_ones_are_left_out(vies: ViesServer) -> None:
    enrol_vat_ids(values=[GERMAN, FRENCH], now=NOW)
    assert IdRegister([GERMAN]).look_up([GERMAN]).status is None
    run(vies)
    both = IdRegister([GERMAN, FRENCH]).look_up([GERMAN, FRENCH])
    assert (both.ids, both.status) == ((GERMAN,), IdStatus.VALID)
    assert both.proofs[0]["consultation_number"] == "WAPIAAAAZ1"
    assert IdRegister([FRENCH]).look_up([FRENCH]).status is IdStatus.INVALID
    assert IdRegister([GERMAN]).look_up([GERMAN, GREEK]).status is None
    assert IdRegister([]).look_up([]).status is None


def test_the_job_enrols_and_checks_the_ids_of_business_accounts(
    vies: ViesServer, settings: Any
) -> None:
    settings.VIES_URL = vies.url + "/"
    provider = Provider.objects.create(
        slug="ampere", name="Ampere", legal_name="Ampere B.V.", currency="EUR",
        invoice_prefix="AMP", country="NL",
    )  # fmt: skip
    account = Account.objects.create(
        provider=provider, number="1", kind=Account.Kind.BUSINESS, name="Strom", country="DE",
        vat_ids=[GERMAN],
    )  # fmt: skip
    check_vat_ids()
    assert VatId.objects.get().state == "VALID"
    account.vat_ids = [GERMAN, GREEK]
    account.save()
    check_vat_ids()
    assert VatId.objects.filter(state="VALID").count() == 2
    assert JobRun.objects.order_by("-started_at")[0].counts["valid"] == 1


def test_the_proofs_are_append_only(vies: ViesServer) -> None:
    enrol_vat_ids(values=["12345"], now=NOW)
    for statement in ("UPDATE vat_vatidcheck SET state = 'VALID'", "DELETE FROM vat_vatidcheck"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
