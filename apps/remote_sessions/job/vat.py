"""The VAT rate that a running charge is compared with; what is captured is decided by apps.vat."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.conf import settings

from apps.vat.rates import RateBook
from apps.vat.services import load_rate_book
from apps.vat.territories import find_place


def rate_lookup(*, on: date) -> Callable[[str, str], Decimal]:
    """The charging rate of a place on a day, else the assumed one; one query, made when needed."""
    book: RateBook | None = None

    def rate_of(country: str, postcode: str) -> Decimal:
        nonlocal book
        book = book or load_rate_book()
        place = find_place(country, postcode) if country else None
        found = book.charging_rate(place.territory.code, on) if place else None
        return found.rate if found else Decimal(settings.REMOTE_SESSION_ASSUMED_VAT_PERCENT)

    return rate_of
