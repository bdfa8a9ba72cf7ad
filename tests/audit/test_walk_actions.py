"""A walk over staff actions that no room tests for its own sake: each leaves one entry per changed
record by the person who confirmed it, with the reason; confirmed again, it leaves none."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.billing import tasks
from apps.billing.models import Invoice, InvoiceRun
from apps.cdrs.services import receive_cdr
from apps.payments.states import State
from apps.webhooks.models import Subscription
from tests.accounts.factories import AccountFactory, TokenFactory, UserFactory
from tests.audit.records import make
from tests.billing.factories import charge, draft_of, driver, issued_with_one_charge, seller
from tests.cdrs.factories import NOW, CdrFactory, CdrMessageFactory
from tests.locations.factories import LocationFactory
from tests.payments.factories import blocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def confirm(person):
    client = Client()
    client.force_login(person)

    def do(record, action, **fields):
        """The entries that the confirmed action left, the newest first."""
        meta = record._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_{action}", args=[record.pk])
        count = Entry.objects.count()
        answer = client.post(address, {"confirmed": "1", "reason": "asked to", **fields})
        assert answer.status_code == 302
        told = list(Entry.objects.order_by("-pk")[: Entry.objects.count() - count])
        assert {(e.actor_kind, e.actor_id) for e in told} <= {("USER", str(person.pk))}
        objects = [(e.object_type, e.object_id) for e in told]
        assert len(objects) == len(set(objects)), "one entry per record"
        return told

    return do


def a_draft():
    account = driver(seller())
    charge(account)
    return draft_of(account)


def a_stranger_who_became_known():
    """A CDR that came before its token."""
    place = LocationFactory()
    message = CdrMessageFactory(
        contract_id="NL-EFL-C00000777-X", location_id=place.location_id,
        country_code=place.operator.country_code, party_id=place.operator.party_id,
    )  # fmt: skip
    cdr = receive_cdr(message=message, source="OCPI", now=NOW).cdr
    TokenFactory(contract_id="NL-EFL-C00000777-X")
    return cdr


@pytest.mark.parametrize(
    ("made", "action", "changed"),
    [
        (lambda: AccountFactory(status="STOPPED"), "reactivate", ["status"]),
        (lambda: UserFactory(is_active=False), "reactivate", ["is_active"]),
        (lambda: CdrFactory(), "delete", ["deleted_at", "deletion_reason"]),
        (lambda: a_stranger_who_became_known(), "look_up_again", ["account", "is_held"]),
        (lambda: blocked(), "release", ["state"]),
        (lambda: make(Subscription), "renew_webhook_secret", ["secret"]),
    ],
)
def test_action_leaves_one_entry_with_what_it_changed(made, action, changed, confirm):
    record = made()
    [entry] = confirm(record, action)
    assert (entry.object_type, entry.object_id) == (record._meta.label_lower, str(record.pk))
    assert set(changed) <= set(entry.after)
    if action != "look_up_again":
        assert entry.reason == "asked to"
    if action != "renew_webhook_secret":  # Asked for again, it is another secret.
        assert confirm(record, action) == []


def test_released_payment_waits_for_the_psp(confirm):
    payment = blocked()
    confirm(payment, "release")
    payment.refresh_from_db()
    assert payment.state == State.RELEASE_PENDING


def test_files_of_an_invoice_are_no_change_of_it(confirm):
    assert confirm(issued_with_one_charge(), "make_files") == []


def test_run_and_issue_in_the_background_are_by_the_person_who_asked(confirm, monkeypatch):
    draft = a_draft()
    for task in (tasks.run_invoices, tasks.issue_invoices):
        monkeypatch.setattr(task, "delay", task)
    confirm(InvoiceRun.objects.get(), "run_again")
    told = confirm(InvoiceRun.objects.get(), "issue_all")
    draft.refresh_from_db()
    assert draft.state == Invoice.State.ISSUED
    assert ("billing.invoice", str(draft.pk)) in {(e.object_type, e.object_id) for e in told}
    assert confirm(InvoiceRun.objects.get(), "issue_all") == []
