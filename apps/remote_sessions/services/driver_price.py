"""What the driver pays for a charge incl. VAT, as it will be invoiced; or why it is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.db.models import prefetch_related_objects

from apps.billing.charges import buyer_of, charge_of, retail_of, seller_of
from apps.billing.held import Held
from apps.billing.planner import Charge
from apps.billing.prices import price_charge
from apps.billing.tax import Seller, decide_charge
from apps.cdrs.models import CDR, ChargingSession
from apps.core.money import quantize
from apps.remote_sessions.models import RemoteSession
from apps.vat.rates import RateBook
from apps.vat.services import load_rate_book


@dataclass(frozen=True, slots=True)
class DriverPrice:
    """In the currency's minor unit; gross = net + VAT."""

    net: Decimal
    vat: Decimal
    gross: Decimal
    currency: str


class PriceList:
    """Prices of many charges with one look at rates and registrations."""

    def __init__(self, remote_sessions: Sequence[RemoteSession]) -> None:
        prefetch_related_objects(remote_sessions, "provider__vat_registrations", "account")
        self._sellers: dict[UUID, Seller] = {}

    @cached_property
    def _rates(self) -> RateBook:
        return load_rate_book()

    def price(self, remote_session: RemoteSession) -> DriverPrice:
        """By its CDR, else by its session. Raises Held."""
        charge = _charge(remote_session)
        price = price_charge(charge.chargeable, retail=retail_of(remote_session.provider))
        tax = decide_charge(
            charge.supplied, seller=self._seller(remote_session),
            buyer=buyer_of(remote_session.account), rates=self._rates,
        )  # fmt: skip
        vat = quantize(price.amount * tax.rate / 100, price.currency)
        return DriverPrice(price.amount, vat, price.amount + vat, price.currency)

    def _seller(self, remote_session: RemoteSession) -> Seller:
        provider = remote_session.provider
        if provider.pk not in self._sellers:
            self._sellers[provider.pk] = seller_of(provider)
        return self._sellers[provider.pk]


def _charge(remote_session: RemoteSession) -> Charge:
    if remote_session.cdr is not None:
        return charge_of(remote_session.cdr)
    if remote_session.session is None:
        raise Held("NO_CHARGE", "Neither a CDR nor a session says what was charged.")
    return charge_of(as_cdr(remote_session.session))


def as_cdr(session: ChargingSession) -> CDR:
    """An unsaved CDR that says what the session says, for operators that send none."""
    location = session.location
    return CDR(
        id=session.pk, country_code=session.country_code, party_id=session.party_id,
        cdr_id=session.session_id, session_id=session.session_id, provider=session.provider,
        account=session.account, location=location, currency=session.currency, kwh=session.kwh,
        evse_id=session.evse_id, started_at=session.started_at,
        ended_at=session.ended_at or session.last_updated,
        total_cost_excl_vat=session.total_cost_excl_vat,
        total_cost_incl_vat=session.total_cost_incl_vat,
    )  # fmt: skip
