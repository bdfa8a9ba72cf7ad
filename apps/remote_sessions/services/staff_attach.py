"""Attaching by hand what nobody could match."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.audit.context import Actor
from apps.cdrs.models import CDR, ChargingSession
from apps.core.errors import DomainError
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.attaching import attach_cdr_to, attach_session_to
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.locking import locked
from apps.remote_sessions.services.settling import settle


class AttachRefused(DomainError):
    """One of the two has another partner already, or belongs to somebody else."""

    code = "ATTACH_REFUSED"


def attach_session(
    *,
    remote_session_id: UUID,
    session: ChargingSession,
    reason: str,
    now: datetime,
    actor: Actor | None = None,
) -> RemoteSession:
    """Attach a session that staff recognised. Raises AttachRefused, RemoteSessionNotFound."""
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        if remote_session.session_id is not None:
            raise AttachRefused(f"It has the session {remote_session.session} already.")
        _refuse_other(remote_session, session, RemoteSession.objects.filter(session=session))
        changes = Changes(now, actor)
        attach_session_to(changes, remote_session, session, None)
        _save(changes, f"attached session {session}", reason)
    return remote_session


def attach_cdr(
    *,
    remote_session_id: UUID,
    cdr: CDR,
    reason: str,
    now: datetime,
    actor: Actor | None = None,
) -> RemoteSession:
    """Attach a CDR that staff recognised. Raises AttachRefused, RemoteSessionNotFound."""
    with transaction.atomic():
        remote_session = locked(remote_session_id)
        if not remote_session.takes_cdr:
            raise AttachRefused(f"It has the CDR {remote_session.cdr} already.")
        if cdr.is_credit:
            raise AttachRefused(f"{cdr} is a credit: it takes back a charge, it is none.")
        _refuse_other(remote_session, cdr, RemoteSession.objects.filter(cdr=cdr))
        changes = Changes(now, actor)
        attach_cdr_to(changes, remote_session, cdr, None)
        _save(changes, f"attached CDR {cdr}", reason)
    return remote_session


def _refuse_other(
    remote_session: RemoteSession, charge: ChargingSession | CDR, owners: object
) -> None:
    owner = owners.first()  # type: ignore[attr-defined]
    if owner is not None:
        raise AttachRefused(f"{charge} belongs to {owner} already.", remote_session=str(owner.pk))
    if charge.provider_id not in {None, remote_session.provider_id}:
        raise AttachRefused(f"{charge} belongs to another provider.")


def _save(changes: Changes, activity: str, reason: str) -> None:
    changes.save(activity, reason=reason)
    settle(list(changes.touched.values()), now=changes.now)
