"""Freeing a blocked amount of which nothing will be taken."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.payments.models import LedgerEntry, Payment
from apps.payments.services.asking import ask_psp
from apps.payments.services.moves import move, save_payments
from apps.payments.states import State


def request_release(
    *, payment_id: UUID, reason: str, now: datetime, actor: Actor | None = None
) -> None:
    """Free the amount of one payment; see `request_releases`."""
    request_releases(payment_ids=[payment_id], reason=reason, now=now, actor=actor)


def request_releases(
    *, payment_ids: Sequence[UUID], reason: str, now: datetime, actor: Actor | None = None
) -> None:
    """Free the blocked amounts; payments that are captured or freed already stay as they are."""
    blocked = [State.PREAUTH_PENDING, State.PREAUTH_ACCEPTED]
    with transaction.atomic():
        payments = list(
            Payment.objects.select_for_update()
            .filter(pk__in=payment_ids, state__in=blocked)
            .order_by("pk")
        )
        for payment in payments:
            move(payment, to=State.RELEASE_PENDING, now=now)
        ledger = [
            LedgerEntry(payment=p, kind=LedgerEntry.Kind.RELEASE_ASKED, at=now, text=reason)
            for p in payments
        ]
        save_payments(
            payments=payments, ledger=ledger, activity="asked to release", now=now,
            reason=reason, actor=actor,
        )  # fmt: skip
        ask_psp(payments, now=now)
