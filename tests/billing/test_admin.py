"""Staff screens of billing, through the browser's door."""

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.audit.models import Entry
from apps.billing import services
from apps.billing.models import BillingHold, Invoice, InvoiceRun
from tests.billing.factories import (
    charge,
    draft_of,
    driver,
    issued_with_one_charge,
    run,
    seller,
)
from tests.core.staff import staff_client
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db
INVOICES = "/admin/billing/invoice/"


@pytest.fixture
def finance():
    return staff_client(Role.FINANCE)


@pytest.fixture
def draft():
    account = driver(seller(name="Ampere"), name="Jan de Vries", number="C42")
    charge(account)
    return draft_of(account)


def page_of(record):
    return reverse(f"admin:billing_{record._meta.model_name}_change", args=[record.pk])


def test_list_shows_states_and_totals_with_their_currency(finance, draft):
    issued = issued_with_one_charge()
    text = finance.get(INVOICES).content.decode()
    assert issued.number in text
    assert "(draft)" in text
    assert "EUR 5.08" in text
    assert f"{INVOICES}{issued.pk}/pdf/" in text
    assert f"{INVOICES}{draft.pk}/pdf/" not in text


@pytest.mark.parametrize("phrase", ["C42", "c42", "de vries"])
def test_list_is_searched_by_customer(finance, draft, phrase):
    issued_with_one_charge()
    results = finance.get(INVOICES, {"q": phrase}).context["cl"].result_list
    assert list(results) == [draft]


def test_list_is_searched_by_number(finance, draft):
    issued = issued_with_one_charge()
    results = finance.get(INVOICES, {"q": issued.number[:6].lower()}).context["cl"].result_list
    assert list(results) == [issued]


def test_list_asks_as_much_for_one_invoice_as_for_many(
    finance, draft, django_assert_max_num_queries
):
    with django_assert_max_num_queries(30) as one:
        finance.get(INVOICES)
    for _ in range(4):
        issued_with_one_charge()
    with django_assert_max_num_queries(len(one)):
        finance.get(INVOICES)


def test_page_shows_lines_with_the_reason_of_their_vat(finance, draft):
    text = finance.get(page_of(draft)).content.decode()
    assert draft.lines.get().tax_decision["explanation"] in text
    assert "S 21 %" in text
    assert draft.lines.get().description in text


def test_finance_issues_a_draft_after_being_asked(finance, draft):
    address = f"{INVOICES}{draft.pk}/issue/"
    assert "never changes again" in finance.get(address).content.decode()
    assert Invoice.objects.get(pk=draft.pk).state == Invoice.State.DRAFT
    response = finance.post(address, {"confirmed": "1"}, follow=True)
    issued = Invoice.objects.get(pk=draft.pk)
    assert f"Invoice {issued.number} is issued" in response.content.decode()
    entry = Entry.objects.filter(activity="issued invoice").get()
    assert entry.actor_label == "finance@example.com"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_support_and_auditors_can_look_but_not_issue(role, draft):
    client = staff_client(role)
    page = client.get(page_of(draft))
    assert page.status_code == 200
    assert "/issue/" not in page.content.decode()
    for what in ("issue", "discard"):
        response = client.post(f"{INVOICES}{draft.pk}/{what}/", {"confirmed": "1", "reason": "x"})
        assert response.status_code == 403
    bulk = {"action": "issue_selected", "_selected_action": [str(draft.pk)], "confirmed": "1"}
    client.post(INVOICES, bulk)
    assert Invoice.objects.get(pk=draft.pk).state == Invoice.State.DRAFT


def test_draft_is_discarded_with_a_reason_only(finance, draft):
    address = f"{INVOICES}{draft.pk}/discard/"
    finance.post(address, {"confirmed": "1", "reason": " "})
    assert Invoice.objects.get(pk=draft.pk).state == Invoice.State.DRAFT
    finance.post(address, {"confirmed": "1", "reason": "wrong tariff"})
    discarded = Invoice.objects.get(pk=draft.pk)
    assert (discarded.state, discarded.discard_reason) == ("DISCARDED", "wrong tariff")


def test_selected_drafts_are_issued_together(finance, draft):
    account = driver(draft.provider)
    charge(account)
    drafts = [draft, draft_of(account)]
    finance.post(INVOICES, {
        "action": "issue_selected", "_selected_action": [str(d.pk) for d in drafts],
        "confirmed": "1"})  # fmt: skip
    assert {i.state for i in Invoice.objects.filter(pk__in=[d.pk for d in drafts])} == {"ISSUED"}


def test_pdf_is_downloaded_as_stored(finance):
    invoice = issued_with_one_charge()
    address = f"{INVOICES}{invoice.pk}/pdf/"
    assert finance.get(address).status_code == 404
    documents = services.make_documents(invoice_id=invoice.pk)
    pdf = next(d for d in documents if d.format == "PDF")
    response = finance.get(address)
    assert response.content == bytes(pdf.content)
    assert pdf.sha256 in finance.get(page_of(invoice)).content.decode()
    assert staff_client().get(address).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_issued_invoice_can_not_be_edited_on_its_page(role):
    invoice = issued_with_one_charge()
    response = staff_client(role).post(page_of(invoice), {"gross_total": "0"})
    assert response.status_code in {302, 403}
    assert Invoice.objects.get(pk=invoice.pk).gross_total == invoice.gross_total


@pytest.mark.parametrize("model", ["invoice", "invoicerun"])
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FINANCE])
def test_history_is_only_read(role, model):
    invoice = issued_with_one_charge()
    record = invoice if model == "invoice" else invoice.run
    address = reverse(f"admin:billing_{model}_history", args=[record.pk])
    client = staff_client(role)
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


def test_run_is_looked_at_before_it_starts(finance, monkeypatch):
    account = driver(seller(name="Ampere"))
    charge(account)
    sent = []
    monkeypatch.setattr("apps.billing.tasks.run_invoices.delay", lambda *args: sent.append(args))
    form = {"provider": account.provider.pk, "period": "2018-08"}
    address = reverse("admin:billing_invoicerun_add")
    assert "provider" in finance.get(address).content.decode()
    preview = finance.post(address, {**form, "preview": "1"}).content.decode()
    assert "EUR 5.08" in preview
    assert not InvoiceRun.objects.exists()
    assert not sent
    finance.post(address, {**form, "start": "1"})
    [(provider, period, actor)] = sent
    assert (provider, period, actor["label"]) == (
        str(account.provider.pk), "2018-08", "finance@example.com")  # fmt: skip


def test_started_run_acts_in_the_name_of_who_started_it():
    from apps.billing import tasks

    account = driver(seller())
    charge(account)
    actor = {"kind": "USER", "id": "0190e3a2-0000-7000-8000-000000000000", "label": "fin@x.test"}
    tasks.run_invoices(str(account.provider.pk), "2018-08", actor)
    assert Entry.objects.get(activity="drafted invoice").actor_label == "fin@x.test"
    tasks.issue_invoices(str(account.provider.pk), "2018-08", actor)
    assert Invoice.objects.get().state == "ISSUED"


def test_month_that_is_none_is_a_message_on_the_form(finance):
    provider = seller()
    response = finance.post(
        reverse("admin:billing_invoicerun_add"), {"provider": provider.pk, "period": "August"}
    )
    assert "write it like 2018-08" in response.content.decode()


def test_support_can_not_start_runs():
    assert (
        staff_client(Role.SUPPORT).get(reverse("admin:billing_invoicerun_add")).status_code == 403
    )


def test_queue_shows_open_holds_with_what_is_missing(finance):
    provider = seller()
    held = charge(driver(provider), location=LocationFactory(country="", time_zone=""))
    charge(driver(provider))
    run(provider)
    text = finance.get("/admin/billing/billinghold/").content.decode()
    assert str(held) in text
    assert "VAT held" in text
    hold = BillingHold.objects.get()
    page = finance.get(page_of(hold)).content.decode()
    assert "station country" in page
    assert "missing" in page
    hold.resolved_at = provider.created_at
    hold.save()
    assert str(held) not in finance.get("/admin/billing/billinghold/").content.decode()
    assert str(held) in finance.get("/admin/billing/billinghold/?state=all").content.decode()


def test_dashboard_counts_holds_and_drafts(finance, draft):
    text = finance.get("/admin/").content.decode()
    assert "Charges that could not be billed" in text
    assert "Draft invoices" in text
