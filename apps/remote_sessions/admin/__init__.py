"""Staff screens of remote sessions."""

from apps.remote_sessions.admin.remote_session import RemoteSessionAdmin

__all__ = ["RemoteSessionAdmin"]
