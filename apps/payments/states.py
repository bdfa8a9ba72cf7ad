"""The states of a payment and its legal moves."""

from django.db import models

from apps.core.errors import DomainError


class State(models.TextChoices):
    """Where the driver's money is.

    PREAUTH_PENDING   we ask the payment service provider (PSP) to block an amount
    PREAUTH_ACCEPTED  the amount is blocked on the driver's side, nothing is taken
    PREAUTH_FAILED    final: nothing was blocked
    CAPTURE_PENDING   the amount to take is fixed; the PSP is asked until it answers
    CAPTURED          taken; the rest of the blocked amount is free again
    RELEASE_PENDING   nothing will be taken; the PSP is asked to free the amount
    RELEASED          final: freed, nothing was taken
    REFUNDED          final: taken and given back in full
    EXPIRED           final: the PSP freed the amount before it was taken
    """

    PREAUTH_PENDING = "PREAUTH_PENDING", "Pre-authorization asked"
    PREAUTH_ACCEPTED = "PREAUTH_ACCEPTED", "Pre-authorized"
    PREAUTH_FAILED = "PREAUTH_FAILED", "Pre-authorization failed"
    CAPTURE_PENDING = "CAPTURE_PENDING", "Capture asked"
    CAPTURED = "CAPTURED", "Captured"
    RELEASE_PENDING = "RELEASE_PENDING", "Release asked"
    RELEASED = "RELEASED", "Released"
    REFUNDED = "REFUNDED", "Refunded"
    EXPIRED = "EXPIRED", "Expired"


TRANSITIONS: dict[str, set[str]] = {
    State.PREAUTH_PENDING: {State.PREAUTH_ACCEPTED, State.PREAUTH_FAILED, State.RELEASE_PENDING},
    # Straight to CAPTURED, RELEASED and EXPIRED: done at the PSP without our asking.
    State.PREAUTH_ACCEPTED: {
        State.CAPTURE_PENDING, State.RELEASE_PENDING, State.CAPTURED, State.RELEASED,
        State.EXPIRED,
    },
    State.PREAUTH_FAILED: set(),
    State.CAPTURE_PENDING: {State.CAPTURED, State.EXPIRED},
    State.CAPTURED: {State.REFUNDED},
    # The PSP may have captured or declined before our release reached it.
    State.RELEASE_PENDING: {State.RELEASED, State.CAPTURED},
    State.RELEASED: set(),
    State.REFUNDED: set(),
    State.EXPIRED: set(),
}  # fmt: skip

NOTHING_BLOCKED = {
    State.PREAUTH_FAILED, State.RELEASE_PENDING, State.RELEASED, State.EXPIRED, State.REFUNDED,
}  # fmt: skip


class IllegalPaymentMove(DomainError):
    """The payment can't go from its state to the wanted one."""

    code = "PAYMENT_STATE_REFUSED"


def check_move(*, source: str, target: str) -> None:
    """Raises IllegalPaymentMove when the table has no such move."""
    if target not in TRANSITIONS[source]:
        raise IllegalPaymentMove(
            f"A payment can't go from {State(source).label} to {State(target).label}.",
            source=source,
            target=target,
        )
