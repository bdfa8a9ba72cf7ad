"""System checks that ask the database."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError

from apps.core import triggers


@register(Tags.database)
def triggers_are_installed(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A warning, no error: `migrate`, which repairs it, runs the checks first."""
    return [
        Warning(
            f"The trigger that guards {table} is missing.",
            hint="Run manage.py migrate; find out who removed it.",
            id="core.W001",
        )
        for using in databases or []
        for table in triggers.missing(using)
    ]


def triggers_are_present() -> str:
    """For /readyz."""
    try:
        gone = triggers.missing()
    except DatabaseError as error:
        return f"unknown: {type(error).__name__}"
    return f"missing on {', '.join(gone)}; run manage.py migrate" if gone else "ok"
