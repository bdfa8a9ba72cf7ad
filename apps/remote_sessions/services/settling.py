"""Handing what the driver pays to the payment: once, when CDR, price and VAT are clear."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from apps.audit.models import change_of
from apps.billing.held import Held
from apps.cdrs.models import CDR, ChargingSession
from apps.core.money import display
from apps.payments.services import CaptureClaim, request_captures, request_releases
from apps.payments.states import State as PaymentState
from apps.remote_sessions.models import RemoteSession, TimelineEntry
from apps.remote_sessions.models.remote_session import UNSETTLED
from apps.remote_sessions.services.changes import Kind
from apps.remote_sessions.services.driver_price import DriverPrice, PriceList
from apps.remote_sessions.services.netting import taken_back

Settlement = RemoteSession.Settlement


def settle(remote_sessions: Sequence[RemoteSession], *, now: datetime) -> int:
    """Hand over what is clear of completed, locked remote sessions; the rest notes why it waits.

    How many were handed over. The number of queries does not depend on how many there are.
    """
    waiting = [row for row in remote_sessions if row.settlement in UNSETTLED]
    if not waiting:
        return 0
    prices = PriceList(waiting)
    before = {row.pk: (row.settlement, row.settlement_note) for row in waiting}
    claims, lines, rejected = [], [], []
    for remote_session in waiting:
        try:
            price = _clear_price(remote_session, prices, now)
        except Held as held:
            remote_session.settlement_note = held.message
            continue
        remote_session.settlement, remote_session.settlement_note = Settlement.DONE, ""
        if price is None:
            rejected.append(remote_session)
        else:
            claims.append(_claim(remote_session, price))
        lines.append(_line(remote_session, price, now))
    changed = [r for r in waiting if before[r.pk] != (r.settlement, r.settlement_note)]
    RemoteSession.objects.bulk_update(
        changed, ["settlement", "settlement_note"], audit_change=change_of("settled the payment")
    )
    TimelineEntry.objects.bulk_create(lines, batch_size=500)
    request_captures(claims=claims, now=now)
    request_releases(
        payment_ids=[row.payment_id for row in rejected if row.payment_id], now=now,
        reason="The CDR was rejected: nothing is to be paid.",
    )  # fmt: skip
    return len(claims) + len(rejected)


def _clear_price(
    remote_session: RemoteSession, prices: PriceList, now: datetime
) -> DriverPrice | None:
    """None when nothing is to be paid. Raises Held with what it waits for."""
    cdr, payment = remote_session.cdr, remote_session.payment
    assert payment is not None  # noqa: S101 - only paid ones are WAITING
    if payment.state == PaymentState.PREAUTH_PENDING:
        raise Held("PREAUTH_OPEN", "The pre-authorization is not decided yet.")
    if cdr is not None and cdr.status == CDR.Status.REJECTED:
        return None
    if remote_session.is_taken_back and remote_session.credit_cdr:
        raise taken_back(remote_session.credit_cdr.cdr_id)
    if cdr is not None and cdr.is_held:
        raise Held("CDR_HELD", "The CDR is held for a person to look at.")
    _require_end(remote_session, now)
    price = prices.price(remote_session)
    if price.currency != payment.currency:
        raise Held(
            "CURRENCY_DIFFERS",
            f"The charge costs {price.currency}, the payment is in {payment.currency}.",
        )
    return price


def _require_end(remote_session: RemoteSession, now: datetime) -> None:
    """Without a CDR the session's last word counts, which is waited for a little."""
    session, completed = remote_session.session, remote_session.completed_at
    if remote_session.cdr is not None or session is None or completed is None:
        return
    patience = timedelta(minutes=settings.REMOTE_SESSION_INACTIVE_MINUTES)
    if session.status != ChargingSession.Status.COMPLETED and now - completed < patience:
        raise Held("SESSION_RUNNING", "The session has not ended yet, and no CDR will come.")


def _claim(remote_session: RemoteSession, price: DriverPrice) -> CaptureClaim:
    assert remote_session.payment_id is not None  # noqa: S101 - as above
    return CaptureClaim(remote_session.payment_id, price.gross)


def _line(remote_session: RemoteSession, price: DriverPrice | None, now: datetime) -> TimelineEntry:
    if price is None:
        text = "The CDR was rejected: the blocked amount is released."
    else:
        text = (
            f"The driver pays {display(price.gross, price.currency)} incl. "
            f"{display(price.vat, price.currency)} VAT."
        )
    return TimelineEntry(remote_session=remote_session, at=now, kind=Kind.PAYMENT, text=text)
