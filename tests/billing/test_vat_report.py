"""The VAT report equals the documents, to the cent."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from apps.accounts.models import Account
from apps.accounts.roles import Role
from apps.audit.context import Actor
from apps.billing import services
from apps.billing.models import Invoice, InvoiceLine
from apps.billing.periods import Period
from apps.billing.vat_report import report_vat
from apps.cdrs.services.vat import vat_decisions
from apps.vat.models import Side, VatId, VatPolicy
from apps.vat.rates import RateKind
from apps.vat.services import change_rate
from tests.accounts.factories import VatRegistrationFactory
from tests.billing.factories import charge, driver, seller
from tests.core.staff import staff_client
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 3, 9, 30, tzinfo=UTC)
MAY, JUNE = Period.of_month("2026-05"), Period.of_month("2026-06")
STATIONS = {
    "NL": ("1011 AB", "Europe/Amsterdam"), "DE": ("10115", "Europe/Berlin"),
    "FR": ("75001", "Europe/Paris"), "DK": ("1050", "Europe/Copenhagen"),
    "CH": ("8001", "Europe/Zurich"),
}  # fmt: skip


@pytest.fixture
def provider() -> Any:
    """Dutch, registered in five countries; a private and a business account charged in each."""
    provider = seller()
    for country in STATIONS.keys() - {"NL"}:
        VatRegistrationFactory(provider=provider, country=country, number=f"{country}12345678")
    VatPolicy.objects.create(provider=provider, rc_scope={"DE": "any_business"})
    VatId.objects.create(
        value="NL010000446B01", issuer="NL", state="VALID", register="VIES", confirmed_at=NOW
    )
    private = driver(provider)
    business = driver(provider, kind=Account.Kind.BUSINESS, vat_ids=["NL010000446B01"])
    for account in (private, business):
        for n, country in enumerate(STATIONS):
            postcode, zone = STATIONS[country]
            location = LocationFactory(country=country, postcode=postcode, time_zone=zone)
            charge(
                account, location=location, started_at=datetime(2026, 5, 7 + n, 8, tzinfo=UTC),
                total_cost_excl_vat=Decimal("10.335") + n,
            )  # fmt: skip
    services.run_invoices(provider=provider, period=MAY, now=NOW)
    services.issue_invoices(provider=provider, now=NOW)
    return provider


def lines_of(provider: Any) -> dict[tuple[str, ...], Any]:
    report = report_vat(provider=provider, start=JUNE.start, end=JUNE.end)
    return {
        (line.key.reporting, line.key.tax_country, line.key.category, f"{line.key.rate:f}"): line
        for line in report.lines
    }


def test_two_accounts_in_five_countries_are_invoiced_apart_where_they_must_be(
    provider: Any,
) -> None:
    found = {
        (invoice.account.kind, invoice.tax_country, invoice.seller_vat_country): {
            (row.vat_category, f"{row.vat_rate.normalize():f}") for row in invoice.vat_totals.all()
        }
        for invoice in Invoice.objects.issued()
    }
    assert found == {
        ("PRIVATE", "NL", "NL"): {("S", "21")},
        ("PRIVATE", "DE", "DE"): {("S", "19")},
        ("PRIVATE", "FR", "FR"): {("S", "20")},
        ("PRIVATE", "DK", "DK"): {("S", "25")},
        ("PRIVATE", "CH", "CH"): {("S", "8.1")},
        ("BUSINESS", "NL", "NL"): {("S", "21")},
        ("BUSINESS", "DE", "NL"): {("AE", "0")},
        ("BUSINESS", "FR", "FR"): {("S", "20")},
        ("BUSINESS", "DK", "DK"): {("S", "25")},
        ("BUSINESS", "", "NL"): {("O", "0")},
    }
    reversed_one = Invoice.objects.get(tax_country="DE", seller_vat_country="NL")
    total = reversed_one.vat_totals.get()
    assert (total.note, total.vatex, reversed_one.buyer_vat_id) == (
        "Reverse charge", "VATEX-EU-AE", "NL010000446B01",
    )  # fmt: skip


def test_lines_say_what_is_kept_as_decided(provider: Any) -> None:
    for line in InvoiceLine.objects.filter(invoice__state="ISSUED"):
        kept = vat_decisions(line.cdr)[Side.RETAIL]
        said = {name: line.tax_decision[name] for name in kept.result}
        assert said == kept.result


def test_a_draft_whose_vat_was_decided_anew_is_not_issued(provider: Any) -> None:
    account = driver(provider)
    charge(account, started_at=datetime(2026, 5, 7, 8, tzinfo=UTC))
    services.run_invoices(provider=provider, period=MAY, now=NOW)
    draft = Invoice.objects.drafts().get()
    change_rate(
        territory="NL", kind=RateKind.STANDARD, rate=Decimal(22), valid_from=date(2026, 5, 1),
        source="law", actor=Actor.job("finance"), reason="late law",
    )  # fmt: skip
    with pytest.raises(services.DraftOutdated, match=r"has other VAT now .The Netherlands 22 %"):
        services.issue_invoice(invoice=draft, now=NOW)
    services.run_invoices(provider=provider, period=MAY, now=NOW)
    services.issue_invoice(invoice=Invoice.objects.drafts().get(), now=NOW)


def test_each_line_is_the_sum_of_its_documents(provider: Any) -> None:
    lines = lines_of(provider)
    home = lines["domestic", "NL", "S", "21"]
    assert (home.documents, home.net, home.vat, home.gross) == (
        2, Decimal("20.68"), Decimal("4.34"), Decimal("25.02"),
    )  # fmt: skip
    assert lines["local_registration", "DE", "S", "19"].documents == 1
    assert lines["", "DE", "AE", "0"].net == Decimal("11.34")
    assert lines["", "", "O", "0"].net == Decimal("14.34")


def test_the_report_is_the_sum_of_all_documents(provider: Any) -> None:
    (total,) = report_vat(provider=provider, start=JUNE.start, end=JUNE.end).sums
    invoices = list(Invoice.objects.issued())
    assert total.net == sum(invoice.net_total for invoice in invoices)
    assert total.vat == sum(invoice.vat_total for invoice in invoices)
    assert total.gross == sum(invoice.gross_total for invoice in invoices)


def test_vat_is_also_given_as_the_documents_state_it(provider: Any) -> None:
    danish = lines_of(provider)["local_registration", "DK", "S", "25"]
    stated = Invoice.objects.issued().filter(tax_country="DK")
    assert danish.vat_currency == "DKK"
    assert danish.vat_in_vat_currency == sum(i.vat_total_in_vat_currency for i in stated)


def test_other_months_drafts_and_other_providers_stay_out(provider: Any) -> None:
    account = driver(seller())
    charge(account, started_at=datetime(2026, 5, 7, 8, tzinfo=UTC))
    services.run_invoices(provider=account.provider, period=MAY, now=NOW)
    assert report_vat(provider=account.provider, start=JUNE.start, end=JUNE.end).lines == ()
    assert report_vat(provider=provider, start=MAY.start, end=MAY.end).lines == ()
    both = report_vat(provider=None, start=date(2026, 1, 1), end=date(2027, 1, 1))
    assert both == report_vat(provider=provider, start=JUNE.start, end=JUNE.end)


def test_the_report_is_one_query(provider: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        report_vat(provider=provider, start=JUNE.start, end=JUNE.end)


def page(provider: Any, name: str = "vat-report", **more: str) -> str:
    query = {"provider": str(provider.pk), "first": "2026-06", "last": "2026-06", **more}
    return reverse(name, query=query)


def test_staff_read_the_report_and_drill_down(provider: Any) -> None:
    client = staff_client(Role.FINANCE)
    shown = client.get(page(provider)).content.decode()
    assert "Return in that country" in shown
    assert "EUR 20.68" in shown
    key = {"reporting": "domestic", "tax_country": "NL", "category": "S", "rate": "21"}
    documents = client.get(
        page(provider, "vat-report-documents", **key, currency="EUR")
    ).content.decode()
    numbers = Invoice.objects.filter(tax_country="NL").values_list("number", flat=True)
    assert len(numbers) == 2
    assert all(number in documents for number in numbers)


def test_the_csv_has_the_same_figures(provider: Any) -> None:
    response = staff_client(Role.FINANCE).get(page(provider, "vat-report-csv"))
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(StringIO(body)))
    (total,) = report_vat(provider=provider, start=JUNE.start, end=JUNE.end).sums
    assert sum(Decimal(row["gross"]) for row in rows) == total.gross
    assert "attachment" in response["Content-Disposition"]
    out = StringIO()
    call_command("vat_report", provider=provider.slug, period="2026-06", stdout=out)
    assert out.getvalue() == body


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("first=2026-13&last=2026-06", "is no month"),
        ("first=2026-06&last=2026-05", "The last month is before the first."),
        ("first=2030-01&last=2030-01", "No invoice was issued in this time."),
        ("", "VAT report"),
    ],
)
def test_the_page_answers_odd_questions_in_words(query: str, words: str) -> None:
    client = staff_client(Role.FINANCE)
    assert words in client.get(f"{reverse('vat-report')}?{query}").content.decode()


@pytest.mark.parametrize("name", ["vat-report-documents", "vat-report-csv"])
def test_a_broken_address_is_not_found(name: str) -> None:
    client = staff_client(Role.FINANCE)
    assert client.get(f"{reverse(name)}?first=x&last=x&rate=abc").status_code == 404


def test_strangers_see_no_figures(provider: Any, client: Any) -> None:
    assert client.get(page(provider)).status_code == 302
    nobody = staff_client()
    for name in ("vat-report", "vat-report-csv"):
        assert nobody.get(page(provider, name)).status_code in {302, 403}


def test_the_command_names_a_wrong_month(provider: Any) -> None:
    with pytest.raises(CommandError, match="is no month"):
        call_command("vat_report", provider=provider.slug, period="June")
