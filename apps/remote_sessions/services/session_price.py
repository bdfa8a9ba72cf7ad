"""Sessions priced by the tariff book: while they run, and for operators that send no CDRs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.cdrs.models import CDR, ChargingSession
from apps.cdrs.price_check import price_purchase, price_retail
from apps.core.errors import DomainError
from apps.remote_sessions.running_total import Money, OwnPrices
from apps.tariffs.models import Tariff
from apps.tariffs.priced import PricedCdr
from apps.tariffs.services import TariffBook


def as_cdr(session: ChargingSession, *, ended_at: datetime) -> CDR:
    """An unsaved CDR that says what the session says (select_related its location)."""
    location = session.location
    return CDR(
        id=session.pk, country_code=session.country_code, party_id=session.party_id,
        cdr_id=session.session_id, session_id=session.session_id, provider_id=session.provider_id,
        account_id=session.account_id, operator_id=session.operator_id, location=location,
        location_country=location.country if location else "",
        location_postcode=location.postcode if location else "",
        location_time_zone=location.time_zone if location else "",
        evse_id=session.evse_id, started_at=session.started_at,
        ended_at=max(ended_at, session.started_at), currency=session.currency, kwh=session.kwh,
        charging_periods=session.charging_periods,
        total_cost_excl_vat=session.total_cost_excl_vat,
        total_cost_incl_vat=session.total_cost_incl_vat,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TariffOwners:
    """Whose sessions the tariff book can price at all; most operators send a running cost."""

    operators: frozenset[UUID]
    providers: frozenset[UUID]

    @classmethod
    def load(cls) -> "TariffOwners":
        """One query: many tariffs, few owners."""
        rows = Tariff.objects.order_by().values_list("operator_id", "provider_id").distinct()
        owners = list(rows)
        return cls(
            frozenset(operator for operator, _ in owners if operator),
            frozenset(provider for _, provider in owners if provider),
        )


class SessionPrices:
    """Our prices of sessions; the tariffs of the named operators and providers are read once.

    The operator's tariff is asked only where it sent no cost.
    """

    def __init__(self, *, operators: Iterable[UUID], providers: Iterable[UUID]) -> None:
        self._book = TariffBook(operators=operators, providers=providers)

    def price(self, session: ChargingSession, *, provider_id: UUID, until: datetime) -> OwnPrices:
        """What it costs `until` then; what no tariff prices, or none can, is None."""
        cdr = as_cdr(session, ended_at=until)
        cdr.provider_id = provider_id
        retail = _amount(price_retail, cdr, self._book)
        if retail is not None and retail.currency != cdr.currency:
            retail = None  # As with CDRs: a retail price in another currency is not billed by.
        is_told = (cdr.total_cost_excl_vat, cdr.total_cost_incl_vat) != (None, None)
        return OwnPrices(retail, None if is_told else _amount(price_purchase, cdr, self._book))


def _amount(price: Any, cdr: CDR, book: TariffBook) -> Money | None:
    try:
        priced: PricedCdr | None = price(cdr, book)
    except DomainError:
        return None
    if priced is None or "NO_TARIFF" in priced.codes:
        return None
    excl_vat: Decimal | None = priced.total.excl_vat
    return None if excl_vat is None else Money(excl_vat, priced.currency)
