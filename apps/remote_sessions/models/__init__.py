"""Remote sessions, the commands that were sent for them, and their timelines."""

from apps.remote_sessions.models.command import Command
from apps.remote_sessions.models.remote_session import RemoteSession
from apps.remote_sessions.models.timeline import TimelineEntry

__all__ = ["Command", "RemoteSession", "TimelineEntry"]
