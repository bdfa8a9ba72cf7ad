"""What staff do about a capture that waits: try it again, or end it without one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.payments.services import request_release
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.models.remote_session import UNSETTLED
from apps.remote_sessions.services.changes import WORDS, Changes, Kind
from apps.remote_sessions.services.ending import ReasonMissing
from apps.remote_sessions.services.locking import RELATED, locked
from apps.remote_sessions.services.settling import settle

BATCH: Final = 500


class NothingToSettle(DomainError):
    """No capture of the remote session waits."""

    code = "NOTHING_TO_SETTLE"


def settle_again(*, remote_sessions: Iterable[UUID], now: datetime) -> int:
    """Look again at captures that wait, whose cause was mended; how many were handed over.

    What still waits says in `settlement_note` for what. A transaction per 500.
    """
    ids = list(remote_sessions)
    pages = (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))
    return sum(_settle_page(page, now=now) for page in pages)


def _settle_page(ids: Sequence[UUID], *, now: datetime) -> int:
    with transaction.atomic():
        rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
        return settle(list(rows.filter(pk__in=ids).order_by("pk")), now=now)


def close_settlement(
    *, remote_session_id: UUID, reason: str, now: datetime, actor: Actor | None = None
) -> RemoteSession:
    """End a capture that can't be made: what is blocked is freed, nothing is captured later.

    Raises ReasonMissing, NothingToSettle, RemoteSessionNotFound.
    """
    if not reason.strip():
        raise ReasonMissing("Say why nothing is to be captured.")
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        if remote_session.settlement not in UNSETTLED or remote_session.payment_id is None:
            raise NothingToSettle("No capture of this charge waits.")
        remote_session.settlement = RemoteSession.Settlement.CLOSED
        remote_session.settlement_note = ""
        changes = Changes(now, actor)
        changes.touch(remote_session)
        changes.tell(
            remote_session, Kind.PAYMENT, f"Nothing is captured for this charge: {WORDS}",
            words=reason.strip(),
        )  # fmt: skip
        changes.save("closed without a capture", reason=reason)
        request_release(
            payment_id=remote_session.payment_id, reason=reason.strip(), now=now, actor=actor
        )
    return remote_session
