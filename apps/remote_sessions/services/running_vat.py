"""The VAT rate that a running charge is compared with; what is captured is decided by apps.vat."""

from datetime import date
from decimal import Decimal
from functools import cached_property

from django.conf import settings

from apps.vat.rates import RateBook
from apps.vat.services import load_rate_book
from apps.vat.territories import find_place


class RunningVat:
    """Rates of one day in per cent, by place; the book is read once, when it is needed."""

    def __init__(self, *, on: date) -> None:
        self._on = on
        self._known: dict[tuple[str, str], Decimal] = {}

    @cached_property
    def _book(self) -> RateBook:
        return load_rate_book()

    @property
    def highest(self) -> Decimal:
        """No place has more than this."""
        return max([_assumed(), *(each.rate for each in self._book if each.covers(self._on))])

    def rate(self, country: str, postcode: str) -> Decimal:
        """The charging rate of a place, else the assumed one."""
        place = (country, postcode)
        if place not in self._known:
            self._known[place] = self._find(country, postcode)
        return self._known[place]

    def _find(self, country: str, postcode: str) -> Decimal:
        place = find_place(country, postcode) if country else None
        found = self._book.charging_rate(place.territory.code, self._on) if place else None
        return found.rate if found else _assumed()


def _assumed() -> Decimal:
    return Decimal(settings.REMOTE_SESSION_ASSUMED_VAT_PERCENT)
