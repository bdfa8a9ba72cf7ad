"""/healthz: the process answers. /readyz: it can work."""

from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

from apps.core.models import Heartbeat


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process is alive; asks nothing of anybody else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, migrations, broker and beat; 503 and the reasons when one is not well."""
    checks = {name: check() for name, check in READINESS.items()}
    ready = all(answer == "ok" for answer in checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": checks}, status=200 if ready else 503
    )


def database_answers() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"no answer: {type(error).__name__}"
    return "ok"


def migrations_are_applied() -> str:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"unknown: {type(error).__name__}"
    return f"{len(missing)} not applied; run manage.py migrate" if missing else "ok"


def broker_answers() -> str:
    try:
        with current_app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OSError, KombuError) as error:
        return f"no answer: {type(error).__name__}"
    return "ok"


def beat_is_recent() -> str:
    try:
        beat = Heartbeat.objects.filter(name="beat").first()
    except DatabaseError as error:
        return f"unknown: {type(error).__name__}"
    if beat is None:
        return "never seen; start a worker and a beat"
    age = timezone.now() - beat.seen_at
    if age > timedelta(seconds=settings.BEAT_MAX_AGE):
        return f"last seen {int(age.total_seconds())} s ago"
    return "ok"


# Other apps add their own checks in AppConfig.ready().
READINESS = {
    "database": database_answers,
    "migrations": migrations_are_applied,
    "broker": broker_answers,
    "beat": beat_is_recent,
}
