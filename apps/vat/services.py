"""What may be done with VAT rates."""

from apps.vat.models import VatRate
from apps.vat.rates import RateBook


def load_rate_book() -> RateBook:
    """All rates of the table, for as many decisions as the caller makes; one query."""
    return RateBook(row.as_rate() for row in VatRate.objects.all())
