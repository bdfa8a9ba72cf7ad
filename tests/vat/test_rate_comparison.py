"""Our rates beside eu-vat-rates-data."""

from datetime import date
from io import StringIO

import eu_vat_rates_data
import pytest
from django.core.management import CommandError, call_command

from apps.vat.models import VatRate
from apps.vat.rate_comparison import compare_rates
from apps.vat.rates import RateBook

TODAY = date.fromisoformat(eu_vat_rates_data.data_version)


def test_shipped_standard_rates_are_those_of_the_package() -> None:
    assert compare_rates(RateBook.shipped(), TODAY) == []


def test_old_rates_are_named_as_differences() -> None:
    differences = {
        found.country: found for found in compare_rates(RateBook.shipped(), date(2023, 1, 1))
    }
    assert str(differences["EE"]) == "EE: ours 20 %, theirs 24 %"
    assert "NL" not in differences


@pytest.mark.django_db
def test_the_command_agrees_or_names_what_differs() -> None:
    out = StringIO()
    call_command("compare_vat_rates", on=TODAY, stdout=out)
    assert "All standard rates" in out.getvalue()
    row = VatRate.objects.get(territory="NL")
    row.rate = 20
    row.save()
    with pytest.raises(CommandError, match="1 standard rates"):
        call_command("compare_vat_rates", on=TODAY, stdout=out)
    assert "NL: ours 20 %, theirs 21 %" in out.getvalue()
