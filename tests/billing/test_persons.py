"""What billing keeps of a customer who is erased: what was issued, and nothing else."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Account
from apps.accounts.roles import Role
from apps.audit.personal import ERASED
from apps.audit.persons import export_person, find_person
from apps.billing.models import BillingHold, Invoice, InvoiceFrozen
from apps.vat.models import VatId
from tests.audit.database_dump import columns_with
from tests.billing.factories import NOW, charge, draft_of, driver, run, seller
from tests.core.staff import staff_client
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db

VAT_ID = "DE136695976"
# Kept with the VAT decisions and register answers that prove the tax of what was issued.
REGISTER = {
    "vat_vatid.value",
    "vat_historicalvatid.value",
    "audit_entry.after",
    "audit_entry.object_label",
}


@pytest.fixture
def business() -> Account:
    return driver(
        seller(), business=True, vat_ids=[VAT_ID], country="DE", language="de", number="C77"
    )


def in_berlin():
    return LocationFactory(country="DE", postcode="10115", time_zone="Europe/Berlin")


@pytest.fixture
def discarded(business):
    VatId.objects.create(value=VAT_ID, state="VALID", register="VIES", confirmed_at=NOW)
    charge(business, location=in_berlin())
    draft = draft_of(business)
    assert draft.buyer_vat_id == VAT_ID
    staff_client(Role.FINANCE).post(
        f"/admin/billing/invoice/{draft.pk}/discard/", {"confirmed": "1", "reason": "wrong"}
    )
    draft.refresh_from_db()
    assert (draft.state, draft.buyer_vat_id) == ("DISCARDED", VAT_ID)
    return draft


def erase():
    call_command("erase_person", "C77", "--reason", "asked to", "--yes")


def test_a_discarded_draft_loses_its_customer(discarded):
    before = columns_with([VAT_ID])
    assert {"billing_invoice.buyer_vat_id", "billing_invoiceline.tax_decision"} <= set(before)
    erase()
    assert set(columns_with([VAT_ID])) <= REGISTER
    discarded.refresh_from_db()
    assert (discarded.buyer_vat_id, discarded.lines.get().tax_decision) == ("", {})
    newest = discarded.history.latest()
    assert (newest.activity, newest.buyer_vat_id) == ("erased customer of discarded draft", "")
    auditor = staff_client(Role.AUDITOR)
    for page in (f"billing/invoice/{discarded.pk}", f"accounts/account/{discarded.account_id}"):
        for what in ("change", "history"):
            assert auditor.get(f"/admin/{page}/{what}/").status_code == 200


def test_a_discarded_draft_changes_in_nothing_else(discarded):
    for name, value in (("buyer_vat_id", "DE999999999"), ("currency", "USD")):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE billing_invoice SET {name} = %s", [value])
    discarded.currency = "USD"
    with pytest.raises(InvoiceFrozen):
        discarded.save(update_fields=["currency", "buyer_vat_id"])
    with pytest.raises(InvoiceFrozen):
        discarded.save()


def test_facts_about_a_charge_that_was_held_are_exported_and_go(business):
    charge(business, location=in_berlin())
    run(business.provider)
    assert VAT_ID in str(BillingHold.objects.get().details)
    assert VAT_ID in str(export_person(person=find_person("C77"))["billing_holds"])
    erase()
    assert set(columns_with([VAT_ID])) <= REGISTER
    hold = BillingHold.objects.get()
    assert (hold.code, hold.details) == ("VAT_HELD", {})
    holds = staff_client(Role.FINANCE).get("/admin/billing/billinghold/")
    assert holds.status_code == 200


def test_what_was_issued_stays_whole(business):
    VatId.objects.create(value=VAT_ID, state="VALID", register="VIES", confirmed_at=NOW)
    charge(business, location=in_berlin())
    finance = staff_client(Role.FINANCE)
    draft = draft_of(business)
    finance.post(f"/admin/billing/invoice/{draft.pk}/issue/", {"confirmed": "1", "reason": "due"})
    erase()
    invoice = Invoice.objects.issued().get()
    assert (invoice.buyer_vat_id, invoice.buyer["vat_id"]) == (VAT_ID, VAT_ID)
    assert invoice.lines.get().tax_decision["buyer_vat_id"] == VAT_ID
    assert ERASED not in str(invoice.buyer)
