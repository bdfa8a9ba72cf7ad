"""Amounts: `Decimal` with an ISO 4217 currency, rounded half up once, at the documented place."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Final

from apps.core.errors import InvalidInput

ZERO: Final = Decimal(0)

# ISO 4217 table A.1 (2026-01-01): codes in use, by the number of digits of the minor unit.
_TWO_DIGITS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
    "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP "
    "LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST "
    "XCD XCG YER ZAR ZMW ZWG BGN"
)
_NO_DIGITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND"

CURRENCIES: Final[dict[str, int]] = {
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
}


class UnknownCurrency(InvalidInput):
    """The code is no currency of ISO 4217."""

    code = "UNKNOWN_CURRENCY"


def currency_exponent(currency: str) -> int:
    """How many digits the minor unit has: 2 for EUR, 0 for JPY, 3 for TND.

    Raises UnknownCurrency.
    """
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency!r} is no ISO 4217 currency code.") from None


@cache
def minor_unit(currency: str) -> Decimal:
    """The smallest amount: Decimal("0.01") for EUR."""
    return Decimal(1).scaleb(-currency_exponent(currency))


def quantize(amount: Decimal, currency: str) -> Decimal:
    """The amount rounded half up (away from zero at the half) to the currency's minor unit.

    Raises UnknownCurrency.
    """
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The sum of amounts, in the currency's minor unit; of none it is zero."""
    return quantize(sum(amounts, ZERO), currency)


def display(amount: Decimal | None, currency: str) -> str:
    """The amount as people read it: "EUR 1,234.50"; all digits that are there are shown."""
    if amount is None:
        return "–"
    digits = currency_exponent(currency) if currency in CURRENCIES else 2
    exponent = amount.normalize().as_tuple().exponent
    places = max(digits, -exponent if isinstance(exponent, int) else 0)
    return f"{currency} {amount:,.{places}f}"
