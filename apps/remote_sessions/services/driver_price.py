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
from apps.billing.tax import Seller, decide_charge
from apps.core.money import quantize
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.credits import credits_of
from apps.remote_sessions.services.netting import price_with_credits
from apps.remote_sessions.services.session_price import SessionPrices, as_cdr
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
        prefetch_related_objects(
            remote_sessions, "provider__vat_registrations", "account", "credit_cdr"
        )
        self._remote_sessions = remote_sessions
        self._sellers: dict[UUID, Seller] = {}
        self._credits = credits_of(remote_sessions)

    @cached_property
    def _rates(self) -> RateBook:
        return load_rate_book()

    def price(self, remote_session: RemoteSession) -> DriverPrice:
        """By its CDR less what credits take back, else by its session. Raises Held."""
        charge = self._charge(remote_session)
        price = price_with_credits(
            charge.chargeable, self._credits.get(remote_session.pk, ()),
            retail=retail_of(remote_session.provider),
        )  # fmt: skip
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

    def _charge(self, remote_session: RemoteSession) -> Charge:
        if remote_session.cdr is not None:
            return charge_of(remote_session.cdr)
        session = remote_session.session
        if session is None:
            raise Held("NO_CHARGE", "Neither a CDR nor a session says what was charged.")
        ended_at = session.ended_at or session.last_updated
        cdr = as_cdr(session, ended_at=ended_at)
        own = self._prices.price(session, provider_id=remote_session.provider_id, until=ended_at)
        if own.retail is not None:
            cdr.retail_cost_excl_vat = own.retail.amount
        if cdr.total_cost_excl_vat is None and own.purchase is not None:
            cdr.currency = own.purchase.currency
            cdr.total_cost_excl_vat = own.purchase.amount
        return charge_of(cdr)

    @cached_property
    def _prices(self) -> SessionPrices:
        """Only of those that no CDR prices."""
        rows = [row for row in self._remote_sessions if row.cdr_id is None]
        return SessionPrices(
            operators={row.operator_id for row in rows},
            providers={row.provider_id for row in rows},
        )
