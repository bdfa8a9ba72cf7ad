"""Jobs of remote sessions. Services are imported late, because they send these tasks."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone


@shared_task
def send_command(command_id: str) -> None:
    """Send a command that was asked for by the limit or by a late start."""
    from apps.remote_sessions.services.sending import send_command as send

    send(command_id=UUID(command_id), now=timezone.now())


@shared_task
def update_remote_session_statuses() -> None:
    """Each minute: bring every open remote session on; see docs/remote-sessions.md."""
    from apps.remote_sessions.job.runner import run

    run(now=timezone.now())
