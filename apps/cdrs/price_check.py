"""A stored CDR as the pricing engine reads it, and what it costs by the tariff book."""

from decimal import Decimal
from typing import Any, Final

from apps.cdrs.form import MOST_DIGITS
from apps.cdrs.models import CDR
from apps.core.errors import DomainError
from apps.tariffs.ocpi.cdrs import read_cdr
from apps.tariffs.priced import PricedCdr
from apps.tariffs.pricing import price_session
from apps.tariffs.services import TariffBook
from apps.tariffs.session import SessionRecord

# What has no version came through our own API, which speaks as OCPI 2.2.1.
DEFAULT_VERSION: Final = "2.2.1"
PARTS: Final = ("energy", "time", "parking", "fixed", "reservation")


class PriceOutOfBounds(DomainError):
    """By the tariff it costs what no charge can cost."""

    code = "PRICE_OUT_OF_BOUNDS"


def as_ocpi(cdr: CDR) -> dict[str, Any]:
    """The CDR's session in OCPI's words.

    A CDR without charging periods is taken as one period of charging from start to end.
    """
    return {
        "id": cdr.cdr_id,
        "currency": cdr.currency,
        "start_date_time": cdr.started_at.isoformat(),
        "end_date_time": cdr.ended_at.isoformat(),
        "cdr_location": {
            "country": cdr.location_country,
            "postal_code": cdr.location_postcode,
            "time_zone": cdr.location_time_zone,
        },
        "charging_periods": cdr.charging_periods or [_whole_session(cdr)],
        "total_energy": cdr.kwh,
        "total_cost": _price(cdr, "total"),
        **{f"total_{part}_cost": _price(cdr, part) for part in PARTS},
        "credit": cdr.is_credit,
        "remark": cdr.remark,
    }


def _whole_session(cdr: CDR) -> dict[str, Any]:
    seconds = Decimal(int((cdr.ended_at - cdr.started_at).total_seconds()))
    return {
        "start_date_time": cdr.started_at.isoformat(),
        "dimensions": [
            {"type": "ENERGY", "volume": cdr.kwh},
            {"type": "TIME", "volume": seconds / 3600},
        ],
    }


def _price(cdr: CDR, part: str) -> dict[str, Any] | None:
    excl, incl = (getattr(cdr, f"{part}_cost_{side}_vat") for side in ("excl", "incl"))
    return None if excl is None and incl is None else {"excl_vat": excl, "incl_vat": incl}


def price_purchase(cdr: CDR, book: TariffBook) -> PricedCdr:
    """What we owe the operator: by the tariffs the CDR carries, else by those of the book.

    Raises the errors of pricing, and PriceOutOfBounds.
    """
    version = cdr.ocpi_version or DEFAULT_VERSION
    record = read_cdr(as_ocpi(cdr), version=version)
    if cdr.tariffs:
        tariffs = [book.prepare(raw, version) for raw in cdr.tariffs]
    else:
        named = {period.tariff_id for period in record.periods} - {""}
        tariffs = book.of_operator(cdr.operator_id, at=record.start, named=named)
    return _in_bounds(price_session(record, tariffs))


def price_retail(cdr: CDR, book: TariffBook) -> PricedCdr | None:
    """What the driver pays by the provider's own tariff, None when the provider has none here.

    Raises the errors of pricing, and PriceOutOfBounds.
    """
    version = book.of_provider(cdr.provider_id, operator=cdr.operator_id, at=cdr.started_at)
    if version is None:
        return None
    record = read_cdr(as_ocpi(cdr), version=version.ocpi_version)
    retail = _for_retail(record, version.currency)
    return _in_bounds(price_session(retail, [book.prepare_version(version)]))


def _in_bounds(priced: PricedCdr) -> PricedCdr:
    """Sent volumes and prices are in bounds each; what they come to may be no price at all."""
    for amount in (priced.total.excl_vat, priced.total.incl_vat):
        if amount is not None and amount.adjusted() >= MOST_DIGITS:
            raise PriceOutOfBounds(f"Its price comes to {amount:.3E}, out of all bounds.")
    return priced


def _for_retail(record: SessionRecord, currency: str) -> SessionRecord:
    """The session alone: the operator's tariff ids and costs are none of the driver's."""
    periods = tuple(period._replace(tariff_id="") for period in record.periods)
    return record._replace(
        periods=periods, currency=currency, sent_total=None, sent_parts={}, remark=""
    )
