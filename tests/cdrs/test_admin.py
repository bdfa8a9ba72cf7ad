"""Staff screens of charging, as each role sees them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.urls import reverse

from apps.accounts.roles import Role
from apps.audit.persons import export_person, find_person
from apps.cdrs.models import CDR, CdrConflict, CdrImport, ChargingSession, ImportFinding
from apps.cdrs.services import CdrConflicting, receive_cdr
from tests.accounts.factories import ProviderFactory
from tests.cdrs.factories import NOW, CdrFactory, ChargingSessionFactory, message_of_known
from tests.core.staff import staff_client
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/cdrs/cdr/"


@pytest.fixture
def support():
    return staff_client(Role.SUPPORT)


def page(cdr, name="change"):
    return reverse(f"admin:cdrs_{cdr._meta.model_name}_{name}", args=[cdr.pk])


def confirm(client, record, action, **fields):
    """Through the page with the question, as a person goes."""
    shown = client.get(page(record)).content.decode()
    [address] = {
        part.split('"')[0] for part in shown.split('href="')[1:] if part.split('"')[0].rstrip("/")
        .endswith(f"/{action}")
    }  # fmt: skip
    assert client.get(address).status_code == 200
    return client.post(address, {"confirmed": "1", **fields}, follow=True)


def test_list_shows_state_place_energy_and_cost(support):
    cdr = CdrFactory(held=True, location=LocationFactory(name="Stationsplein"))
    shown = support.get(LIST).content.decode()
    for text in (str(cdr), "Pending", "Held", "Stationsplein", "12.5 kWh", "EUR 4.20"):
        assert text in shown


@pytest.mark.parametrize(
    ("remark", "meaning"),
    [
        ("[*] cleared", "The hub computed the cost."),
        ("[?] cleared", "The cost is not significant"),
        ("cleared", ""),
    ],
)
def test_page_says_what_a_hubs_remark_means(support, remark, meaning):
    shown = support.get(page(CdrFactory(remark=remark))).content.decode()
    assert remark in shown
    assert bool(meaning) == ("The hub computed" in shown or "not significant" in shown)
    assert meaning in shown


def test_list_takes_a_fixed_number_of_queries(support, django_assert_max_num_queries):
    def count():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            support.get(LIST)
        return len(queries)

    CdrFactory()
    support.get(LIST)
    one = count()
    CdrFactory.create_batch(10)
    assert count() == one


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=stations", True), ("q=STATIONSPLEIN", True), ("q=100%25", False), ("q=pending", True),
        ("status__exact=PENDING", True), ("status__exact=BILLED", False),
        ("is_held__exact=1", False), ("source__exact=OCPI", True),
        ("ended_at_from=2026-05-01", True), ("ended_at_from=2026-05-02", False),
        ("ended_at_to=2026-05-01", True), ("ended_at_to=2026-04-30", False),
        ("ended_at_from=yesterday", True),
    ],
)  # fmt: skip
def test_list_is_searched_and_filtered(support, query, found):
    CdrFactory(location=LocationFactory(name="Stationsplein"), cdr_id="FIND-ME")
    assert ("FIND-ME" in support.get(f"{LIST}?{query}").content.decode()) == found


def test_deleted_cdrs_are_not_listed_but_can_be_read(support):
    cdr = CdrFactory(deleted=True, cdr_id="GONE")
    assert "GONE" not in support.get(LIST).content.decode()
    assert "Deleted" in support.get(page(cdr)).content.decode()


def test_page_tells_costs_periods_holds_and_message(support):
    message = message_of_known(
        kwh=Decimal(-1),
        raw='{"cost": 4.20, "nested": {"a": 1}}',
        charging_periods=[
            {"start_date_time": "2026-05-01T08:00:00Z",
             "dimensions": [{"type": "ENERGY", "volume": Decimal("12.50")}], "tariff_id": "T1"}
        ],
    )  # fmt: skip
    cdr = receive_cdr(message=message, source="OCPI", now=NOW).cdr
    shown = support.get(page(cdr)).content.decode()
    for text in (
        "The energy is negative: -1 kWh.", "EUR 4.20", "EUR 5.08", "ENERGY 12.50 kWh", "T1",
        "1 May 2026, 10:00:00 CEST", "&quot;cost&quot;: 4.20", "eceived CDR",
    ):  # fmt: skip
        assert text in shown, text


def test_cdr_is_accepted_with_a_reason(support):
    cdr = CdrFactory(held=True)
    confirm(support, cdr, "accept", reason="operator confirmed")
    cdr.refresh_from_db()
    assert cdr.status == "ACCEPTED"
    version = cdr.history.latest()
    assert version.history_change_reason == "operator confirmed"
    assert version.actor_kind == "USER"


def test_refusal_of_the_domain_is_a_message(support):
    answer = confirm(support, CdrFactory(held=True), "accept", reason="")
    assert "To accept it, say why." in answer.content.decode()
    assert CDR.objects.get().status == "PENDING"


def test_cdr_is_rejected_only_with_a_reason(support):
    cdr = CdrFactory()
    confirm(support, cdr, "reject", reason="")
    assert CDR.objects.get().status == "PENDING"
    confirm(support, cdr, "reject", reason="no such session")
    assert CDR.objects.get().rejection_reason == "no such session"


def test_decided_cdrs_have_no_buttons(support):
    for state in ("accepted", "rejected", "billed"):
        cdr = CdrFactory(**{state: True})
        shown = support.get(page(cdr)).content.decode()
        assert "/accept" not in shown
        assert "/reject" not in shown


def test_selected_cdrs_are_accepted_together(support):
    cdrs = [CdrFactory(), CdrFactory(), CdrFactory(held=True)]
    chosen = {"action": "accept_selected", "_selected_action": [cdr.pk for cdr in cdrs]}
    asked = support.post(LIST, chosen)
    assert "Accept these CDRs" in asked.content.decode()
    done = support.post(LIST, {**chosen, "confirmed": "1", "reason": "checked"}, follow=True)
    assert "2 CDRs accepted; 1 stay held for a person." in done.content.decode()


def test_auditor_and_finance_see_their_part():
    cdr = CdrFactory()
    auditor, finance = staff_client(Role.AUDITOR), staff_client(Role.FINANCE)
    for client, may in ((auditor, False), (finance, True)):
        shown = client.get(page(cdr))
        assert shown.status_code == 200
        assert ("/accept" in shown.content.decode()) == may
    confirmed = {"confirmed": "1", "reason": "x"}
    for action in ("accept", "reject", "delete", "look-up-again"):
        address = reverse(f"admin:cdrs_cdr_{action.replace('-', '_')}", args=[cdr.pk])
        assert auditor.post(address, confirmed).status_code == 403
    assert CDR.objects.get().status == "PENDING"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.AUDITOR])
def test_nobody_writes_a_cdr_by_its_form_or_history(role):
    client = staff_client(role)
    cdr = CdrFactory(billed=True)
    for address in (page(cdr), page(cdr, "history"), f"{LIST}add/"):
        client.post(address, {"reviewed_cost_excl_vat": "1", "kwh": "1", "status": "PENDING"})
    stored = CDR.objects.get()
    assert (stored.status, stored.kwh, stored.reviewed_cost_excl_vat) == (
        "BILLED", Decimal("12.5"), None)  # fmt: skip
    assert client.post(page(cdr, "history"), {}).status_code == 405


def test_conflict_shows_both_and_is_closed_with_a_word(support):
    message = message_of_known()
    receive_cdr(message=message, source="OCPI", now=NOW)
    with pytest.raises(CdrConflicting):
        receive_cdr(message=replace(message, kwh=Decimal(99)), source="OCPI", now=NOW)
    conflict = CdrConflict.objects.get()
    assert "energy (kWh)" in support.get("/admin/cdrs/cdrconflict/").content.decode()
    confirm(support, conflict, "resolve", reason="operator will send a credit")
    conflict.refresh_from_db()
    assert conflict.resolution == "operator will send a credit"
    assert conflict.resolved_at


def test_a_conflict_from_before_protection_belongs_to_who_charged_after_the_migration(support):
    migration = import_module("apps.cdrs.migrations.0009_protect_stored_conflicts")
    name = migration.__name__.rpartition(".")[2]
    apps = MigrationLoader(connection).project_state(("cdrs", name)).apps
    message = replace(message_of_known(), raw='{"id": "C"}')
    receive_cdr(message=message, source="OCPI", now=NOW)
    with pytest.raises(CdrConflicting):
        receive_cdr(message=replace(message, kwh=Decimal(99)), source="OCPI", now=NOW)
    new = CdrConflict.objects.get()
    plain = apps.get_model("cdrs", "CdrConflict").objects
    plain.update(person_id=None, raw=new.raw, differences=new.differences)
    migration.protect_conflicts(apps, None)
    old = CdrConflict.objects.get()
    assert (old.person_id, old.raw, old.differences) == (new.person_id, new.raw, new.differences)
    assert plain.get().raw.startswith(f"pd1.{new.person_id.hex}.")
    assert plain.get().differences.startswith(f"pd1.{new.person_id.hex}.")
    confirm(support, old, "resolve", reason="the driver was right")
    [exported] = export_person(person=find_person(message.contract_id))["cdr_conflicts"]
    assert (exported["resolution"], exported["raw"]) == ("the driver was right", new.raw)
    versions = apps.get_model("cdrs", "HistoricalCdrConflict").objects.exclude(resolution="")
    assert versions.get().resolution.startswith(f"pd1.{new.person_id.hex}.")


def test_sessions_are_listed_and_read(support):
    session = ChargingSessionFactory(status=ChargingSession.Status.COMPLETED, ended_at=NOW)
    assert str(session) in support.get("/admin/cdrs/chargingsession/").content.decode()
    shown = support.get(page(session)).content.decode()
    assert "1.5 kWh" in shown
    assert "The operator sent no charging periods." in shown


def test_import_shows_its_findings(support):
    cdr = CdrFactory(held=True)
    done = CdrImport.objects.create(
        provider=ProviderFactory(), file_name="august.csv", file_sha256="0" * 64,
        mapping_name="m", started_at=NOW, ended_at=NOW + timedelta(seconds=3), rows=2, created=1,
        refused=1, held=1, state=CdrImport.State.FINISHED,
    )  # fmt: skip
    ImportFinding.objects.create(cdr_import=done, line=2, outcome="HELD", code="ENERGY_NEGATIVE",
                                 message="The energy is negative.", cdr=cdr)  # fmt: skip
    ImportFinding.objects.create(cdr_import=done, line=3, outcome="REFUSED",
                                 code="ROW_UNREADABLE", message="The end is missing.")  # fmt: skip
    assert "august.csv" in support.get("/admin/cdrs/cdrimport/").content.decode()
    shown = support.get(page(done)).content.decode()
    for text in ("line 3", "The end is missing.", str(cdr), "ROW_UNREADABLE"):
        assert text in shown
    listed = support.get(f"/admin/cdrs/importfinding/?cdr_import__id__exact={done.pk}")
    assert "The end is missing." in listed.content.decode()
