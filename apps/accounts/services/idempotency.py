"""The book of requests that were done under an idempotency key."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.accounts.models import Credential, IdempotencyKey
from apps.audit.personal import ERASED, protect
from apps.core.errors import DomainError, InvalidInput

# Longer than any request may take (gunicorn ends one after 30 s): its process was killed.
ABANDONED_AFTER: Final = timedelta(seconds=60)
KEPT_FOR: Final = timedelta(hours=24)


class IdempotencyKeyInvalid(InvalidInput):
    """The key is empty, too long, or has characters that can't be printed."""

    code = "IDEMPOTENCY_KEY_INVALID"


class IdempotencyKeyReused(DomainError):
    """The key was used for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    http_status = 422


class IdempotencyKeyInUse(DomainError):
    """The first request with this key is still being worked on."""

    code = "IDEMPOTENCY_KEY_IN_USE"
    http_status = 409


class IdempotencyAnswerErased(DomainError):
    """The request was done, but its answer was about a person who is erased."""

    code = "IDEMPOTENCY_ANSWER_ERASED"
    http_status = 410


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request got: HTTP status, JSON text, headers worth repeating, whose it is."""

    status: int
    body: str
    headers: dict[str, str]
    person_id: UUID | None = None


def claim_key(
    *, credential: Credential, key: str, fingerprint: str, now: datetime
) -> IdempotencyKey | KeptAnswer:
    """The key for the caller to work under, or the answer that it got before.

    Raises IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyKeyInUse,
    IdempotencyAnswerErased.
    """
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise IdempotencyKeyInvalid("An idempotency key is 1 to 255 printable ASCII characters.")
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(
                credential=credential, key=key, fingerprint=fingerprint, claimed_at=now
            )
    except IntegrityError:
        kept = IdempotencyKey.objects.filter(credential=credential, key=key).first()
    return _from_kept(kept, fingerprint, now)


def _from_kept(
    kept: IdempotencyKey | None, fingerprint: str, now: datetime
) -> IdempotencyKey | KeptAnswer:
    if kept is not None and kept.fingerprint != fingerprint:
        raise IdempotencyKeyReused("This idempotency key was used for another request.")
    if kept is not None and kept.body == ERASED:
        raise IdempotencyAnswerErased("This request was done; what it answered is erased.")
    if kept is not None and kept.status is not None:
        return KeptAnswer(kept.status, kept.body, kept.headers)
    if kept is not None and _take_over(kept, now):
        return kept
    raise IdempotencyKeyInUse(
        "A request with this idempotency key is being worked on; try again in a moment."
    )


def _take_over(abandoned: IdempotencyKey, now: datetime) -> bool:
    """Compare-and-swap on the time of the claim: one of several callers wins."""
    old = abandoned.claimed_at
    if now - old < ABANDONED_AFTER:
        return False
    abandoned.claimed_at = now
    mine = IdempotencyKey.objects.filter(pk=abandoned.pk, claimed_at=old, status=None)
    return mine.update(claimed_at=now) == 1


def keep_answer(*, claim: IdempotencyKey, answer: KeptAnswer) -> None:
    """From now on the key gets this answer."""
    mine = IdempotencyKey.objects.filter(pk=claim.pk, claimed_at=claim.claimed_at)
    body = protect(answer.body, answer.person_id)
    mine.update(status=answer.status, body=body, headers=answer.headers)


def give_up_claim(*, claim: IdempotencyKey) -> None:
    """Nothing was done; the key is free again."""
    IdempotencyKey.objects.filter(pk=claim.pk, claimed_at=claim.claimed_at, status=None).delete()


def sweep_keys(*, now: datetime) -> int:
    """Forget the keys older than a day; how many."""
    return IdempotencyKey.objects.filter(claimed_at__lte=now - KEPT_FOR).delete()[0]
