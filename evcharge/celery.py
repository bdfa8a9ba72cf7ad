"""The Celery app of worker and beat; tasks are found in each app's tasks.py."""

import os

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
# The broker of settings.py when there is no REDIS_URL.
TRANSPORT_ALIASES["filesystem"] = "evcharge.broker:Transport"

app = Celery("evcharge", task_cls="apps.audit.celery:AuditedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_django_logging(**kwargs: object) -> None:
    """Celery would replace our structured logging with its own."""


@beat_init.connect
def tell_at_once(**kwargs: object) -> None:
    """A first sign of life now; the schedule's own comes after its first interval."""
    app.send_task("apps.core.tasks.record_beat")


@worker_ready.connect
def go_on_at_once(**kwargs: object) -> None:
    """What a killed worker left waiting goes on now, not at beat's next turn."""
    for task in ("push_due_messages", "receive_cdrs"):
        app.send_task(f"apps.roaming.tasks.{task}")
