"""Messages that a PSP sends us, and the queue of those that match nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.core.errors import InvalidInput
from apps.payments.models import Payment, PspMessage
from apps.payments.psp import Snapshot
from apps.payments.services.observe import Outcome, record_snapshot


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message whose signature was checked; `snapshot` is None for kinds that we don't need."""

    psp: str
    event_id: str
    type: str
    snapshot: Snapshot | None
    reference: str
    body: str


class ResolutionMissing(InvalidInput):
    """A message of the queue is closed without saying what was done."""

    code = "RESOLUTION_MISSING"


def receive_message(*, message: IncomingMessage, now: datetime) -> PspMessage:
    """Take a message in, once per event id, and apply it; what matches nothing waits for staff."""
    psp_payment_id = message.snapshot.psp_payment_id if message.snapshot else ""
    kept = PspMessage(
        psp=message.psp, event_id=message.event_id, type=message.type[:100],
        psp_payment_id=psp_payment_id, state=PspMessage.State.IGNORED, received_at=now,
    )  # fmt: skip
    if message.snapshot is not None:
        kept.payment, kept.body = _payment_of(message), message.body
    try:
        with transaction.atomic():
            kept.save(force_insert=True)
            _apply(kept, message, now=now)
            kept.save(update_fields=["state", "explanation", "updated_at"])
    except IntegrityError:
        known = PspMessage.objects.filter(psp=message.psp, event_id=message.event_id).first()
        if known is None:
            raise
        return known
    return kept


def _apply(kept: PspMessage, message: IncomingMessage, *, now: datetime) -> None:
    if message.snapshot is None:
        return
    if kept.payment is None:
        kept.state = PspMessage.State.UNMATCHED
        kept.explanation = f"No payment of ours is {kept.psp_payment_id or message.reference}."
        return
    outcome = record_snapshot(payment_id=kept.payment.pk, snapshot=message.snapshot, now=now)
    kept.state = PspMessage.State.APPLIED
    if outcome is Outcome.CONTRADICTS:
        kept.state = PspMessage.State.UNMATCHED
        kept.explanation = (
            f"The PSP says {message.snapshot.status.value.lower()}, "
            f"but the payment is {kept.payment.get_state_display().lower()}."
        )


def _payment_of(message: IncomingMessage) -> Payment | None:
    """By the PSP's id; by our reference only while the PSP's id is not known to us."""
    assert message.snapshot is not None  # noqa: S101 - the caller looked
    theirs = Q(psp_payment_id=message.snapshot.psp_payment_id)
    ours = Q(reference=message.reference, psp_payment_id="")
    wanted = (theirs | ours) if message.reference else theirs
    return Payment.objects.filter(wanted, psp=message.psp).first()


def resolve_message(*, message: PspMessage, resolution: str, now: datetime) -> None:
    """Take a message out of the queue, saying what was done. Raises ResolutionMissing."""
    if not resolution.strip():
        raise ResolutionMissing("Say what was done about this message.")
    message.state, message.resolution = PspMessage.State.RESOLVED, resolution.strip()
    message.resolved_at = now
    if message.payment is None:
        # Nobody could be found whose key it would end with.
        message.body = ""
    message.save(update_fields=["state", "resolution", "resolved_at", "body", "updated_at"])
