"""What running charges have come to incl. VAT: for the limit of the minute job and for display."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog

from apps.cdrs.models import ChargingSession
from apps.core.money import quantize
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.running_total import NO_TARIFFS, OwnPrices, Running, running_total
from apps.remote_sessions.services.running_vat import RunningVat
from apps.remote_sessions.services.session_price import SessionPrices, TariffOwners
from apps.remote_sessions.states import State

logger = structlog.get_logger(__name__)

# While these last, the amount grows.
RUNS = {State.ACTIVE, State.STOPPING}

# What of a remote session and its neighbours a running total depends on.
COLUMNS = (
    "session__currency", "session__kwh", "session__total_cost_incl_vat",
    "session__total_cost_excl_vat", "provider__retail_price_per_kwh", "provider__currency",
    "location__country", "location__postcode",
)  # fmt: skip


class RunningCharges:
    """Rates and tariffs are looked up once, whatever the number of charges: those of all that are
    watched, or of `only` one.

    `unpriced` gathers the sessions whose own price failed.
    """

    def __init__(self, *, now: datetime, only: RemoteSession | None = None) -> None:
        self.now = now
        self._only = only
        self.vat = RunningVat(on=now.date())
        self.unpriced: set[UUID] = set()

    @cached_property
    def tariff_owners(self) -> TariffOwners:
        if self._only is None:
            return TariffOwners.load()
        return TariffOwners(
            frozenset({self._only.operator_id}), frozenset({self._only.provider_id})
        )

    @cached_property
    def _prices(self) -> SessionPrices:
        owners = self.tariff_owners
        if self._only is not None:
            return SessionPrices(operators=owners.operators, providers=owners.providers)
        running = RemoteSession.objects.watched().order_by()
        providers = set(running.values_list("provider_id", flat=True).distinct())
        operators = set(running.values_list("operator_id", flat=True).distinct())
        return SessionPrices(
            operators=operators & owners.operators, providers=providers & owners.providers
        )

    def has_tariff(self, *, provider_id: UUID, operator_id: UUID) -> bool:
        """Whether the tariff book may have a price for it."""
        owners = self.tariff_owners
        return provider_id in owners.providers or operator_id in owners.operators

    def price_sessions(self, providers: Mapping[UUID, UUID]) -> dict[UUID, OwnPrices]:
        """Our prices by session id, for sessions of these providers; one query."""
        if not providers:
            return {}
        rows = ChargingSession.objects.select_related("location").defer("raw")
        return {
            session.pk: self._price(session, provider_id=providers[session.pk])
            for session in rows.filter(pk__in=providers)
        }

    def total(self, values: Mapping[str, Any], own: OwnPrices, *, currency: str) -> Decimal | None:
        """The running total of a row of COLUMNS."""
        running = Running(
            currency=values["session__currency"], kwh=values["session__kwh"],
            sent_incl_vat=values["session__total_cost_incl_vat"],
            sent_excl_vat=values["session__total_cost_excl_vat"],
            retail_per_kwh=values["provider__retail_price_per_kwh"],
            retail_currency=values["provider__currency"], own=own,
            vat_rate=self.vat.rate(values["location__country"], values["location__postcode"]),
        )  # fmt: skip
        return running_total(running, currency=currency)

    def total_of(self, remote_session: RemoteSession, *, currency: str) -> Decimal | None:
        """The running total of one remote session; None when nothing is known in the currency."""
        session = remote_session.session
        if session is None:
            return None
        own = NO_TARIFFS
        ids = {"provider_id": remote_session.provider_id, "operator_id": remote_session.operator_id}
        if self.has_tariff(**ids):
            own = self._price(session, provider_id=remote_session.provider_id)
        return self.total(values_of(remote_session, session), own, currency=currency)

    def _price(self, session: ChargingSession, *, provider_id: UUID) -> OwnPrices:
        """One odd session or tariff is reported, and goes by what else is known of its price."""
        prices = self._prices
        try:
            return prices.price(session, provider_id=provider_id, until=self._until(session))
        except Exception:
            logger.exception("running_price_failed", session=str(session.pk))
            self.unpriced.add(session.pk)
            return NO_TARIFFS

    def _until(self, session: ChargingSession) -> datetime:
        """A car that charges by the hour charges on while nothing is heard of it."""
        return session.ended_at or self.now


def values_of(remote_session: RemoteSession, session: ChargingSession) -> dict[str, Any]:
    """The COLUMNS of a remote session that is in memory."""
    provider, location = remote_session.provider, remote_session.location
    return {
        "session__currency": session.currency,
        "session__kwh": session.kwh,
        "session__total_cost_incl_vat": session.total_cost_incl_vat,
        "session__total_cost_excl_vat": session.total_cost_excl_vat,
        "provider__retail_price_per_kwh": provider.retail_price_per_kwh,
        "provider__currency": provider.currency,
        "location__country": location.country,
        "location__postcode": location.postcode,
    }


@dataclass(frozen=True, slots=True)
class RunningTotal:
    """What a charge has come to, incl. VAT at the station's rate; not yet what is paid."""

    amount: Decimal
    currency: str


def running_total_of(remote_session: RemoteSession, *, now: datetime) -> RunningTotal | None:
    """For display, rounded; None when it does not run, or nothing is known of its price."""
    if remote_session.state not in RUNS:
        return None
    payment, provider = remote_session.payment, remote_session.provider
    currency = payment.currency if payment else provider.currency
    charges = RunningCharges(now=now, only=remote_session)
    total = charges.total_of(remote_session, currency=currency)
    return None if total is None else RunningTotal(quantize(total, currency), currency)
