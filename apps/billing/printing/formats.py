"""Dates, numbers and amounts as people of a language write them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from apps.core.money import currency_exponent

NO_BREAK: Final = "\u00a0"
NARROW_NO_BREAK: Final = "\u202f"
MINUS: Final = "\u2212"

_SYMBOLS: Final = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}


@dataclass(frozen=True, slots=True)
class Locale:
    """How a language writes; `day` and `moment` are strftime patterns."""

    decimal: str
    thousands: str
    day: str
    moment: str
    symbol_first: bool
    symbol_gap: str


_LOCALES: Final = {
    "en": Locale(".", ",", "%d/%m/%Y", "%d/%m/%Y %H:%M", True, ""),
    "nl": Locale(",", ".", "%d-%m-%Y", "%d-%m-%Y %H:%M", True, NO_BREAK),
    "de": Locale(",", ".", "%d.%m.%Y", "%d.%m.%Y %H:%M", False, NO_BREAK),
    "fr": Locale(",", NARROW_NO_BREAK, "%d/%m/%Y", "%d/%m/%Y %H:%M", False, NO_BREAK),
}


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one language (ISO 639-1, also de-AT); others are written as in English."""

    language: str

    @property
    def locale(self) -> Locale:
        return _LOCALES.get(self.language.lower()[:2], _LOCALES["en"])

    def day(self, day: date) -> str:
        return day.strftime(self.locale.day)

    def moment(self, moment: datetime, zone: str) -> str:
        """The station's local time, to the minute."""
        return moment.astimezone(ZoneInfo(zone)).strftime(self.locale.moment)

    def number(self, value: Decimal, *, digits: int) -> str:
        """Rounded half up to so many digits."""
        rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        plain = f"{abs(rounded):,.{digits}f}"
        text = plain.translate({ord(","): self.locale.thousands, ord("."): self.locale.decimal})
        return f"{MINUS}{text}" if rounded < 0 else text

    def amount(self, value: Decimal, currency: str) -> str:
        """The amount without its currency, for columns that name it."""
        return self.number(value, digits=currency_exponent(currency))

    def money(self, value: Decimal, currency: str) -> str:
        """€ 1.234,50: the symbol where it is known to everybody, else the code."""
        return self._with_symbol(self.amount(value, currency), currency)

    def price(self, value: Decimal, currency: str) -> str:
        """A price per kWh: at least the minor unit, at most six digits."""
        exponent = value.normalize().as_tuple().exponent
        shown = -exponent if isinstance(exponent, int) else 0
        digits = min(max(shown, currency_exponent(currency)), 6)
        return self._with_symbol(self.number(value, digits=digits), currency)

    def energy(self, kwh: Decimal) -> str:
        """kWh to the watt-hour, without the unit."""
        return self.number(kwh, digits=3)

    def percent(self, rate: Decimal) -> str:
        text = f"{rate.normalize():f}".replace(".", self.locale.decimal)
        return f"{text}{NO_BREAK}%" if self.locale.symbol_gap else f"{text}%"

    def _with_symbol(self, text: str, currency: str) -> str:
        symbol = _SYMBOLS.get(currency, currency)
        gap = self.locale.symbol_gap or ("" if currency in _SYMBOLS else NO_BREAK)
        sign, text = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
        return (
            f"{sign}{symbol}{gap}{text}"
            if self.locale.symbol_first
            else f"{sign}{text}{gap}{symbol}"
        )
