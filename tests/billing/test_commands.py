"""Runs and issues from the shell."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.billing.models import Invoice
from tests.billing.factories import charge, driver, seller
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db


def called(command, *arguments):
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def provider():
    provider = seller(slug="ampere", name="Ampere", invoice_prefix="AMP")
    for _ in range(2):
        charge(driver(provider))
    charge(driver(provider), location=LocationFactory(country="", time_zone=""))
    return provider


MONTH = ("--provider", "ampere", "--period", "2018-08")


def test_dry_run_and_run_print_the_same_totals(provider):
    expected = "EUR: 2 invoices, 2 lines, net EUR 8.40, VAT EUR 1.76, gross EUR 10.16"
    rehearsal = called("run_invoices", *MONTH, "--dry-run")
    assert expected in rehearsal
    assert "nothing written" in rehearsal
    assert not Invoice.objects.exists()
    real = called("run_invoices", *MONTH)
    assert expected in real
    assert "1 VAT_HELD" in real
    assert "the country of the station is not known" in real


def test_run_can_issue_at_once(provider):
    printed = called("run_invoices", *MONTH, "--issue")
    year = Invoice.objects.issued().first().issue_date.year
    assert f"Issued 2 invoices: AMP-{year}-00001 to AMP-{year}-00002" in printed


def test_drafts_are_issued_by_a_command_of_their_own(provider):
    called("run_invoices", *MONTH)
    assert "Issued 2 invoices" in called("issue_invoices", *MONTH)
    assert "Issued 0 invoices" in called("issue_invoices", *MONTH)


def test_empty_month_says_so(provider):
    assert "no invoices" in called("run_invoices", "--provider", "ampere", "--period", "2017-01")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--provider", "nobody", "--period", "2018-08"), "there are: ampere"),
        (("--provider", "ampere", "--period", "08/2018"), "write it like 2018-08"),
        ((*MONTH, "--dry-run", "--issue"), "can't issue"),
    ],
)
def test_wrong_arguments_get_a_clear_message(provider, arguments, message):
    with pytest.raises(CommandError, match=message):
        called("run_invoices", *arguments)
