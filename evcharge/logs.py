"""Structured logs: one event per line, with the request id that web and worker share."""

import sys
from pathlib import Path
from typing import Any

import structlog

from apps.core.blanking import without_secrets

# Their own chatter; django-structlog says the same with the request id.
QUIET = {
    "celery.worker": "WARNING",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "weasyprint": "ERROR",
    "fontTools": "ERROR",
    "factur-x": "WARNING",
    # Names each address that it calls, and with it a card's uid; exchanges are kept protected.
    "httpx": "WARNING",
    # The development server's request lines, as they came.
    "django.server": "CRITICAL",
}
# On a terminal the jobs that run every few seconds would hide everything else.
QUIET_FOR_PEOPLE = {"django_structlog.celery": "ERROR"}


def without_secrets_in_request(logger: Any, method: str, event: Any) -> Any:
    """The address of a request may end in the secret of a callback."""
    if isinstance(request := event.get("request"), str):
        event["request"] = without_secrets(request)
    return event


def configure(*, as_json: bool, level: str, events_file: Path) -> dict[str, Any]:
    """Set structlog up and give Django's LOGGING dict: JSON for machines, lines for people.

    Events published to the log stand among the other lines for machines; for people they go to
    `events_file`, because a few thousand of them would hide what a person looks for.
    """
    shared: list[Any] = [
        without_secrets_in_request,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # The console renderer draws exceptions by itself.
    traceback = [structlog.processors.format_exc_info] if as_json else []
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        # The default traceback prints local variables, and with them tokens and passwords.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    quiet = QUIET if as_json else {**QUIET, **QUIET_FOR_PEOPLE}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *traceback,
                    renderer,
                ],
            }
        },
        "filters": {"paths": {"()": "evcharge.request_logs.PathFilter"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["paths"],
            },
            "events": {
                "class": "logging.handlers.WatchedFileHandler",
                "filename": str(events_file),
                "formatter": "line",
                "delay": True,
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's handlers would print each of its lines a second time, unfiltered.
            "django": {"handlers": [], "level": "INFO"},
            **{name: {"level": at_least} for name, at_least in quiet.items()},
            "apps.events.published": {
                "handlers": ["console" if as_json else "events"],
                "propagate": False,
            },
        },
    }
