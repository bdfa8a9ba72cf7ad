"""The base of all Celery tasks: each acts in the audit trail under its own name."""

from typing import Any

import structlog
from celery import Task

from apps.audit.context import Actor, acting


class AuditedTask(Task):
    """A task whose changes carry the task's name and the request id it was sent with."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = structlog.contextvars.get_contextvars()
        with acting(Actor.job(self.name), request_id=str(bound.get("request_id", ""))):
            return super().__call__(*args, **kwargs)
