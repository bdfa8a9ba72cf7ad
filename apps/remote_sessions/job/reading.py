"""Batches of remote sessions that can change, as plain facts: no model instances."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from apps.payments.states import State as PaymentState
from apps.remote_sessions.decision import Facts
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.running_total import NO_TARIFFS, OwnPrices
from apps.remote_sessions.services.running_charges import COLUMNS, RunningCharges
from apps.remote_sessions.states import START_OPEN, State

BATCH: Final = 1000

_FIELDS: Final = (
    "id", "state", "state_changed_at", "requested_at", "session_id", "session__status",
    "session__deleted_at", "cdr_id", "operator__sends_cdrs", "operator_id", "provider_id",
    "token_id", "authorization_reference", "operator_authorization_reference",
    "operator_session_id", "session__session_id", "stop_requested_at", "stop_is_pointless",
    "payment__state", "payment__authorized_amount", "payment__currency", *COLUMNS,
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


def read_pages(
    rows: QuerySet[RemoteSession], *, size: int = BATCH
) -> Iterator[list[dict[str, Any]]]:
    """The picked remote sessions, oldest first; a page is read when it is asked for."""
    last: UUID | None = None
    ordered = rows.order_by("id")
    while True:
        page = list((ordered.filter(id__gt=last) if last else ordered).values_list(*_FIELDS)[:size])
        if not page:
            return
        last = page[-1][0]
        yield [dict(zip(_FIELDS, each, strict=True)) for each in page]


def as_rows(page: Sequence[Mapping[str, Any]], running: RunningCharges) -> list[Row]:
    """The facts of a page, priced together."""
    own = _price_by_tariffs(page, running)
    return [_row(each, own.get(each["session_id"], NO_TARIFFS), running) for each in page]


def _price_by_tariffs(
    values: Sequence[Mapping[str, Any]], running: RunningCharges
) -> dict[UUID, OwnPrices]:
    """Only of what is held against a limit and may have a tariff."""
    return running.price_sessions(
        {
            each["session_id"]: each["provider_id"]
            for each in values
            if _has_limit(each)
            and running.has_tariff(
                provider_id=each["provider_id"], operator_id=each["operator_id"]
            )
        }
    )  # fmt: skip


def _has_limit(value: Mapping[str, Any]) -> bool:
    runs = value["state"] == State.ACTIVE and value["session_id"] is not None
    return runs and value["payment__state"] == PaymentState.PREAUTH_ACCEPTED


def _row(value: Mapping[str, Any], own: OwnPrices, running: RunningCharges) -> Row:
    references = (value["authorization_reference"], value["operator_authorization_reference"])
    session_ids = (value["operator_session_id"], value["session__session_id"])
    total = None
    if _has_limit(value):
        total = running.total(value, own, currency=value["payment__currency"])
    return Row(
        id=value["id"], operator_id=value["operator_id"], token_id=value["token_id"],
        requested_at=value["requested_at"], references=tuple(filter(None, references)),
        session_ids=tuple(filter(None, session_ids)), has_session=value["session_id"] is not None,
        facts=_facts(value, total),
    )  # fmt: skip


def _facts(value: Mapping[str, Any], total: Decimal | None) -> Facts:
    is_there = value["session_id"] is not None and value["session__deleted_at"] is None
    blocked = value["payment__state"] == PaymentState.PREAUTH_ACCEPTED
    return Facts(
        state=value["state"], state_changed_at=value["state_changed_at"],
        requested_at=value["requested_at"],
        session_status=value["session__status"] if is_there else "",
        has_cdr=value["cdr_id"] is not None, sends_cdrs=value["operator__sends_cdrs"],
        blocked=value["payment__authorized_amount"] if blocked else None,
        running_total=total if is_there else None,
        stop_requested_at=value["stop_requested_at"],
        stop_is_pointless=value["stop_is_pointless"],
    )  # fmt: skip


def facts_of(remote_session: RemoteSession, running: RunningCharges) -> Facts:
    """The facts of a locked row, to decide again on what is true now."""
    session, payment = remote_session.session, remote_session.payment
    value = {
        "state": remote_session.state,
        "state_changed_at": remote_session.state_changed_at,
        "requested_at": remote_session.requested_at,
        "session_id": remote_session.session_id,
        "session__status": session.status if session else "",
        "session__deleted_at": session.deleted_at if session else None,
        "cdr_id": remote_session.cdr_id,
        "operator__sends_cdrs": remote_session.operator.sends_cdrs,
        "payment__state": payment.state if payment else None,
        "payment__authorized_amount": payment.authorized_amount if payment else None,
        "stop_requested_at": remote_session.stop_requested_at,
        "stop_is_pointless": remote_session.stop_is_pointless,
    }
    total = None
    if payment is not None and _has_limit(value):
        total = running.total_of(remote_session, currency=payment.currency)
    return _facts(value, total)
