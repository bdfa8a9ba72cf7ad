"""Somebody goes through every app, is exported and erased; then the whole database is read."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.roles import Role
from apps.accounts.services.credentials import issue_credential
from apps.accounts.services.users import create_staff_user
from apps.audit.models import Entry
from apps.audit.personal import ERASED
from apps.audit.seals import seal_entries
from apps.audit.services import record
from apps.audit.verification import Verification
from apps.billing import services as billing
from apps.cdrs.models import CDR, CdrImport
from apps.cdrs.services import reject_cdr
from apps.events.relay import relay_pending
from apps.payments import services
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.operators import CommandResponse
from apps.roaming.models import Exchange
from apps.roaming.services.receiving_cdrs import receive_waiting_cdrs
from apps.webhooks.models import Subscription
from apps.webhooks.services import deliver_due, save_subscription
from tests.accounts.factories import AccountFactory, TokenFactory
from tests.audit.database_dump import cells, columns_with
from tests.billing.factories import charge, draft_of, issued, seller
from tests.core.staff import staff_client
from tests.locations.factories import EvseFactory
from tests.payments.factories import NOW, asked, blocked, settled
from tests.payments.stripe_server import StripeServer, event, signature
from tests.remote_sessions.factories import end_world, fresh, make_world
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory
from tests.roaming.messages import cdr, location, session
from tests.webhooks.test_deliveries import Partner

pytestmark = pytest.mark.django_db

NAME, EMAIL = "Wilhelmina Quastenbrink", "w.quastenbrink@example.net"
STREET, CARD, CONTRACT = "Zonderlingstraat 991", "04DEADBEEF7791", "NL-EVC-CQUAST777-Z"
ADDRESS, CUSTOMER = "198.51.100.207", "cus_quastenbrink"
LOGIN = "quastenbrink@portal.example"
WORDS = (NAME, EMAIL, STREET, CARD, CONTRACT, ADDRESS, CUSTOMER, LOGIN, "Quastenbrink")

# Where a person may be read while they are there: rows that can be changed.
LIVING = {
    "accounts_account.name", "accounts_account.email", "accounts_account.street",
    "accounts_token.contract_id", "accounts_token.uid", "accounts_user.email",
    "accounts_user.name", "cdrs_cdr.contract_id", "cdrs_cdr.token_uid", "cdrs_cdr.search_text",
    "cdrs_cdr.rejection_reason", "cdrs_cdr.remark", "cdrs_chargingsession.contract_id",
    "cdrs_chargingsession.token_uid", "payments_payment.customer_reference",
    "remote_sessions_remotesession.idempotency_key",
    "remote_sessions_remotesession.message", "remote_sessions_command.message",
    "roaming_keptobject.key", "payments_pspmessage.body",
}  # fmt: skip
# What the law asks to keep: issued invoices.
KEPT = {"billing_invoice.buyer", "billing_invoicedocument.content"}


@pytest.fixture
def stripe(settings):
    server = StripeServer()
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "sk_test_1", server.url
    settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_NETWORK_RETRIES = "whsec_test", 0
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def partner(settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    made = Partner()
    made.body = f"Thank you, {NAME}".encode()
    yield made
    made.stop()


@pytest.fixture
def account():
    return AccountFactory(
        provider=seller(name="Ampere", invoice_prefix="AMP"), name=NAME, email=EMAIL, street=STREET,
        number="C4711", country="NL",
    )  # fmt: skip


@pytest.fixture
def token(account):
    return TokenFactory(account=account, contract_id=CONTRACT, uid=CARD)


def named(**fields):
    """An OCPI object that names the token."""
    token = {"country_code": "NL", "party_id": "EVC", "uid": CARD, "type": "RFID",
             "contract_id": CONTRACT}  # fmt: skip
    return {"cdr_token": token, **fields}


def goes_through_roaming(token):
    PeerFactory(token="secret")
    peer = PeerClient("secret")
    peer.put("locations/NL/CPO/LOC1", location())
    assert status(peer.put("sessions/NL/CPO/S1", session(**named()))) == (201, 1000)
    later = {"kwh": 3, "status": "COMPLETED", "last_updated": "2026-04-01T11:00:00Z"}
    assert status(peer.patch("sessions/NL/CPO/S1", later)) == (200, 1000)
    sent = cdr(**named(remark=f"Card of {NAME}"))
    assert status(peer.post("cdrs", sent)) == (201, 1000)
    receive_waiting_cdrs(now=timezone.now())
    # Other content under its id; one of a card that nobody knows yet under the same contract.
    assert status(peer.post("cdrs", sent | {"total_energy": 12}))[1] == 2001
    assert status(peer.post(f"tokens/{CARD}/authorize", None)) == (200, 1000)
    assert status(peer.post("tokens/04DEADBEEF77910/authorize", None))[1] != 1000
    assert status(peer.get("tokens")) == (200, 1000)
    other = named()["cdr_token"] | {
        "party_id": "CPO", "uid": "QUASTENBRINK1", "issuer": "Other", "valid": True,
        "whitelist": "ALLOWED", "last_updated": "2026-04-01T11:00:00Z",
    }  # fmt: skip
    assert status(peer.put("tokens/NL/CPO/QUASTENBRINK1", other)) == (201, 1000)


def charges_remotely(token):
    world = make_world(token=token, evse=EvseFactory())
    try:
        world.operator_says.answers = [CommandResponse("ACCEPTED", 30, message=f"Hello {NAME}")]
        remote = world.start(blocked="50", idempotency_key=f"{EMAIL}-1")
        world.send_session(remote)
        world.wait(minutes=30)
        world.stop(fresh(remote))
        world.send_session(remote, status="COMPLETED", ended_at=world.now, kwh=Decimal(10))
        world.send_cdr(remote)
        world.operator_says.answers = [CommandResponse("REJECTED", message=f"No {CARD} here")]
        refused = world.start(idempotency_key=f"{EMAIL}-2")
        assert refused.state == "CANCELLED"
        world.job()
        world.wait(minutes=2)
        world.job()
    finally:
        end_world(world)


def pays(account, stripe):
    payment = blocked(
        psp="stripe", account=account, payment_method="pm_card_visa", customer_reference=CUSTOMER
    )
    assert payment.customer_reference == CUSTOMER
    services.request_release(payment_id=payment.pk, reason=f"{NAME} rang up", now=NOW)
    assert settled(payment).state == "RELEASED"
    intent = {**stripe.intents[payment.psp_payment_id], "receipt_email": EMAIL,
              "customer": CUSTOMER}  # fmt: skip
    says("payment_intent.canceled", intent, "evt_1")
    says("payment_intent.canceled", {**intent, "id": "pi_unknown", "metadata": {}}, "evt_2")
    says("customer.updated", {"object": "customer", "id": CUSTOMER, "email": EMAIL}, "evt_3")


def says(type, content, id):
    body = event(type, content, id=id)
    answer = Client().post(
        "/payments/webhooks/stripe/", body, content_type="application/json",
        headers={"Stripe-Signature": signature(body, "whsec_test")},
    )  # fmt: skip
    assert answer.status_code == 200, answer.content


MAPPING = """
[file]
encoding = "utf-8"
time_zone = "Europe/Amsterdam"
date_format = "%Y-%m-%d %H:%M"
[cdr]
cdr_id = "{id}"
started_at = "{start}"
ended_at = "{end}"
kwh = "{kwh}"
currency = "EUR"
contract_id = "{contract}"
token_uid = "{card}"
evse_id = "NL*CPO*E1"
[cost]
per_kwh = "0.30"
[operator]
country_code = "NL"
party_id = "CPO"
name = "Operator"
[location]
id = "LOC1"
name = "Harbour 1"
country = "NL"
[account]
number = "X-{contract}"
name = "Driver"
country = "NL"
"""


def is_imported(provider, folder):
    path, mapping = folder / "charges.csv", folder / "mapping.toml"
    mapping.write_text(MAPPING)
    row = f"2026-03-01 10:00,2026-03-01 11:00,{{kwh}},{CONTRACT},{CARD}\n"
    path.write_text(
        "id,start,end,kwh,contract,card\nI1," + row.format(kwh=5) + "I2," + row.format(kwh=NAME)
        + "I3," + row.format(kwh=7) + "I3," + row.format(kwh=8)
    )  # fmt: skip
    call_command(
        "import_cdrs", str(path), mapping=str(mapping), provider=provider.slug, stdout=StringIO()
    )
    assert CdrImport.objects.get().refused == 2


def is_posted_by_a_partner(provider):
    credential = issue_credential(provider=provider, name="partner", scopes=["cdrs:write"])
    body = {
        "country_code": "NL", "party_id": "CPO", "cdr_id": "P1", "contract_id": CONTRACT,
        "location": {"id": "LOC1"}, "started_at": "2026-05-01T08:00:00Z",
        "ended_at": "2026-05-01T09:00:00Z", "kwh": 12.5, "currency": "EUR",
        "total_cost": {"excl_vat": 4.20},
    }  # fmt: skip
    answer = Client().post(
        "/api/v1/cdrs/", json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {credential.text}", "Idempotency-Key": "k-1"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.content


def is_looked_after(account, partner):
    """Staff write of them, partners are told, they themselves come by."""
    hook = Subscription(
        provider=account.provider, name="ERP", url=partner.url, event_types=["cdr.*"]
    )
    save_subscription(subscription=hook)
    posted = CDR.objects.get(cdr_id="P1")
    reject_cdr(cdr=posted, reason=f"{NAME} was never there", now=timezone.now())
    relay_pending(now=timezone.now())
    assert deliver_due(now=timezone.now() + timedelta(seconds=1))["delivered"]
    create_staff_user(email=LOGIN, name=NAME, password="pass-4711-word", roles=[Role.AUDITOR])
    visitor = Client(REMOTE_ADDR=ADDRESS)
    wrong = {"username": LOGIN, "password": "wrong"}
    assert visitor.post("/admin/login/", wrong).status_code == 200
    assert visitor.login(username=LOGIN, password="pass-4711-word")
    csv = visitor.get("/admin/audit/entry/export.csv", {"q": NAME})
    assert csv.status_code == 200
    assert b"".join(csv.streaming_content)
    account.language = "nl"
    record("changed account", account, reason=f"asked for by {NAME}")


@pytest.fixture
def somebody(account, token, stripe, partner, tmp_path):
    goes_through_roaming(token)
    charges_remotely(token)
    pays(account, stripe)
    is_imported(account.provider, tmp_path)
    is_posted_by_a_partner(account.provider)
    charge(account, token=token, total_cost_excl_vat=Decimal("4.20"))
    invoice = issued(account, now=datetime(2018, 9, 3, 9, 30, tzinfo=UTC))
    billing.make_documents(invoice_id=invoice.pk)
    is_looked_after(account, partner)
    seal_entries(now=timezone.now())
    return account


def exported(who):
    out = StringIO()
    call_command("export_person", who, stdout=out)
    return json.loads(out.getvalue())


def test_somebody_is_readable_only_in_living_rows(somebody):
    found = columns_with(WORDS)
    assert set(found) == LIVING | KEPT


def test_export_has_what_every_app_holds(somebody):
    found = exported("C4711")
    empty = {name for name, rows in found.items() if not rows}
    assert empty <= {"users", "pushes", "commands", "billing_holds", "cdrs_set_aside"}
    text = json.dumps(found, ensure_ascii=False)
    for word in (NAME, EMAIL, STREET, CARD, CONTRACT, CUSTOMER):
        assert word in text
    assert f"Hello {NAME}" in json.dumps(found["remote_sessions"])
    assert f"Card of {NAME}" in json.dumps(found["cdrs"])
    assert EMAIL in json.dumps(found["psp_messages"])
    assert NAME in json.dumps(found["import_findings"])
    assert CONTRACT in json.dumps(found["answers"])


def test_erased_somebody_is_nowhere_but_on_issued_invoices(somebody):
    call_command("erase_person", "C4711", "--reason", "asked to", "--yes")
    call_command("erase_person", LOGIN, "--reason", "asked to", "--yes")
    found = columns_with(WORDS)
    assert set(found) <= KEPT, found
    assert found["billing_invoice.buyer"] == {NAME, EMAIL, STREET, "Quastenbrink"}
    assert list(Verification().findings()) == []
    assert Entry.objects.get(activity="erased person", object_type="accounts.account").after
    text = json.dumps(exported(str(somebody.pk)))
    assert CONTRACT not in text


def test_the_dump_sees_all_tables(somebody):
    tables = {place.split(".")[0] for place, _ in cells()}
    assert {"audit_entry", "roaming_exchange", "payments_ledgerentry", "events_event",
            "webhooks_attempt", "vat_vatdecision", "cdrs_importfinding"} <= tables  # fmt: skip


def test_what_is_under_way_has_to_end_first(account, token):
    world = make_world(token=token, evse=EvseFactory())
    try:
        remote = world.active()
        with pytest.raises(CommandError, match="remote session"):
            call_command("erase_person", "C4711", "--reason", "asked to", "--yes")
    finally:
        end_world(world)
    account.refresh_from_db()
    assert (account.name, remote.token.contract_id) == (NAME, CONTRACT)
    assert Entry.objects.filter(activity="erased person").count() == 0


def test_blocked_money_and_drafts_have_to_end_first(account, token):
    asked(account=account)
    with pytest.raises(CommandError, match="payment"):
        call_command("erase_person", "C4711", "--reason", "asked to", "--yes")
    other = AccountFactory(provider=account.provider, number="C4712")
    charge(other, total_cost_excl_vat=Decimal("4.20"))
    draft_of(other)
    with pytest.raises(CommandError, match="draft"):
        call_command("erase_person", "C4712", "--reason", "asked to", "--yes")


def test_messages_stay_and_say_that_they_are_erased(somebody):
    call_command("erase_person", "C4711", "--reason", "asked to", "--yes")
    put = Exchange.objects.get(module="sessions", method="PUT")
    assert (put.request_body, put.response_body) == (ERASED, ERASED)
    listed = Exchange.objects.get(module="tokens", method="GET")
    assert ERASED in listed.response_body
    told = [line.text for remote in RemoteSession.objects.order_by("id")
            for line in remote.timeline.order_by("id")]  # fmt: skip
    assert told[0].startswith(f"{ERASED} asked to charge at ")


def test_pages_of_erased_records_open_and_say_so(somebody):
    call_command("erase_person", "C4711", "--reason", "asked to", "--yes")
    staff = staff_client(Role.ADMINISTRATOR)
    entries = Entry.objects.story_of(somebody)
    remote = RemoteSession.objects.order_by("id").first()
    for page, said in (
        (f"accounts/account/{somebody.pk}", "Erased C4711"),
        (f"audit/entry/{entries.last().pk}", ERASED),
        (f"audit/entry/{entries.filter(activity='erased person').get().pk}", "remote_sessions"),
        (f"cdrs/cdr/{CDR.objects.get(cdr_id='P1').pk}", ERASED),
        (f"remote_sessions/remotesession/{remote.pk}", f"{ERASED} asked to charge"),
        (f"roaming/exchange/{Exchange.objects.get(module='sessions', method='PUT').pk}", ERASED),
    ):
        answer = staff.get(f"/admin/{page}/change/")
        assert answer.status_code == 200
        assert said in answer.content.decode(), page
