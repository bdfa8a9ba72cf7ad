"""Remote sessions with their rows locked."""

from uuid import UUID

from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.models.remote_session import RemoteSessionNotFound

RELATED = ("token", "evse", "connector", "location", "operator", "session", "cdr", "payment")


def locked(remote_session_id: UUID) -> RemoteSession:
    """One remote session, locked until the transaction ends. Raises RemoteSessionNotFound."""
    rows = RemoteSession.objects.select_for_update(of=("self",)).select_related(*RELATED)
    found: RemoteSession | None = rows.filter(pk=remote_session_id).first()
    if found is None:
        raise RemoteSessionNotFound(f"There is no remote session {remote_session_id}.")
    return found
