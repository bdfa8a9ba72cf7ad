"""Batches of open remote sessions as plain facts: one query each, no model instances."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.cdrs.models import ChargingSession
from apps.payments.states import State as PaymentState
from apps.remote_sessions.decision import Facts
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.running_total import Running, running_total
from apps.remote_sessions.states import START_OPEN, State

BATCH: Final = 1000

_FIELDS: Final = (
    "id", "state", "state_changed_at", "requested_at", "session_id", "session__status",
    "session__deleted_at", "cdr_id", "operator__sends_cdrs", "operator_id", "token_id",
    "authorization_reference", "operator_authorization_reference", "operator_session_id",
    "session__session_id", "stop_requested_at", "stop_is_pointless", "payment__state",
    "payment__authorized_amount", "payment__currency", "session__currency", "session__kwh",
    "session__total_cost_incl_vat", "session__total_cost_excl_vat",
    "provider__retail_price_per_kwh", "provider__currency", "location__country",
    "location__postcode",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One open remote session, as the job needs it."""

    id: UUID
    operator_id: UUID
    token_id: UUID
    requested_at: datetime
    references: tuple[str, ...]
    session_ids: tuple[str, ...]
    has_session: bool
    facts: Facts

    @property
    def wants_session(self) -> bool:
        return not self.has_session and self.facts.state in {*START_OPEN, State.ERROR}

    @property
    def wants_cdr(self) -> bool:
        if self.facts.has_cdr:
            return False
        runs = self.facts.state == State.ACTIVE and self.facts.session_status == "ACTIVE"
        return not runs


class VatRates:
    """The rate of a running charge by country and postcode; the book is asked once per place."""

    def __init__(self, rate_of: Any) -> None:
        self._rate_of = rate_of
        self._known: dict[tuple[str, str], Decimal] = {}

    def rate(self, country: str, postcode: str) -> Decimal:
        place = (country, postcode)
        if place not in self._known:
            self._known[place] = self._rate_of(country, postcode)
        return self._known[place]


def read_batches(rates: VatRates, *, size: int = BATCH) -> Iterator[list[Row]]:
    """All open remote sessions, oldest first; a page is read when it is asked for."""
    last: UUID | None = None
    while True:
        rows = RemoteSession.objects.watched().order_by("id")
        page = list((rows.filter(id__gt=last) if last else rows).values_list(*_FIELDS)[:size])
        if not page:
            return
        last = page[-1][0]
        yield [_row(dict(zip(_FIELDS, values, strict=True)), rates) for values in page]


def _row(value: dict[str, Any], rates: VatRates) -> Row:
    references = (value["authorization_reference"], value["operator_authorization_reference"])
    session_ids = (value["operator_session_id"], value["session__session_id"])
    return Row(
        id=value["id"], operator_id=value["operator_id"], token_id=value["token_id"],
        requested_at=value["requested_at"], references=tuple(filter(None, references)),
        session_ids=tuple(filter(None, session_ids)), has_session=value["session_id"] is not None,
        facts=_facts(value, rates),
    )  # fmt: skip


def _facts(value: dict[str, Any], rates: VatRates) -> Facts:
    is_there = value["session_id"] is not None and value["session__deleted_at"] is None
    blocked = value["payment__state"] == PaymentState.PREAUTH_ACCEPTED
    return Facts(
        state=value["state"], state_changed_at=value["state_changed_at"],
        requested_at=value["requested_at"],
        session_status=value["session__status"] if is_there else "",
        has_cdr=value["cdr_id"] is not None, sends_cdrs=value["operator__sends_cdrs"],
        blocked=value["payment__authorized_amount"] if blocked else None,
        running_total=_running(value, rates) if is_there and blocked else None,
        stop_requested_at=value["stop_requested_at"],
        stop_is_pointless=value["stop_is_pointless"],
    )  # fmt: skip


def _running(value: dict[str, Any], rates: VatRates) -> Decimal | None:
    running = Running(
        currency=value["session__currency"], kwh=value["session__kwh"],
        sent_incl_vat=value["session__total_cost_incl_vat"],
        sent_excl_vat=value["session__total_cost_excl_vat"],
        retail_per_kwh=value["provider__retail_price_per_kwh"],
        retail_currency=value["provider__currency"], computed_excl_vat=None,
        vat_rate=rates.rate(value["location__country"], value["location__postcode"]),
    )  # fmt: skip
    return running_total(running, currency=value["payment__currency"])


def facts_of(remote_session: RemoteSession, rates: VatRates) -> Facts:
    """The facts of a locked row, to decide again on what is true now."""
    session: ChargingSession | None = remote_session.session
    payment, provider = remote_session.payment, remote_session.provider
    location = remote_session.location
    return _facts(
        {
            "state": remote_session.state,
            "state_changed_at": remote_session.state_changed_at,
            "requested_at": remote_session.requested_at,
            "session_id": remote_session.session_id,
            "session__status": session.status if session else "",
            "session__deleted_at": session.deleted_at if session else None,
            "session__currency": session.currency if session else "",
            "session__kwh": session.kwh if session else Decimal(0),
            "session__total_cost_incl_vat": session.total_cost_incl_vat if session else None,
            "session__total_cost_excl_vat": session.total_cost_excl_vat if session else None,
            "cdr_id": remote_session.cdr_id,
            "operator__sends_cdrs": remote_session.operator.sends_cdrs,
            "payment__state": payment.state if payment else None,
            "payment__authorized_amount": payment.authorized_amount if payment else None,
            "payment__currency": payment.currency if payment else "",
            "provider__retail_price_per_kwh": provider.retail_price_per_kwh,
            "provider__currency": provider.currency,
            "location__country": location.country,
            "location__postcode": location.postcode,
            "stop_requested_at": remote_session.stop_requested_at,
            "stop_is_pointless": remote_session.stop_is_pointless,
        },
        rates,
    )
