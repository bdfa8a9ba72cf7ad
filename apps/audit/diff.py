"""Which fields of a record changed, as JSON-ready values."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, TypeAlias, cast
from uuid import UUID

from django.db import models

from apps.audit.fields import canonical

MASK = "•••"

AnyField: TypeAlias = "models.Field[Any, Any]"


def plain(value: Any) -> Any:
    """A value as JSON can hold it; numbers keep their digits as text, bytes their SHA-256."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _digits(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return summary(bytes(value))
    return str(value)


def _digits(value: Decimal) -> str:
    """Without the zeros that PostgreSQL adds and SQLite doesn't: 1.5, not 1.5000."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def summary(value: Any) -> str:
    """What the trail keeps of a large value: enough to prove which one it was."""
    content = value if isinstance(value, bytes) else str(plain(value)).encode()
    return f"sha256:{hashlib.sha256(content).hexdigest()} ({len(content)} bytes)"


def tracked_fields(model: Any) -> list[AnyField]:
    """The columns whose change is a change of the record; not bookkeeping, not computed ones."""
    return _tracked_fields(cast(Hashable, model))


@cache
def _tracked_fields(model: Any) -> list[AnyField]:
    ignored = model.audit_bookkeeping()
    return [
        field
        for field in model._meta.concrete_fields
        if field.name not in ignored and not field.generated
    ]


def keep_as_stored(instance: models.Model, fields: list[AnyField]) -> None:
    """Round the instance's decimals as both databases then keep them.

    Otherwise a third decimal would be a change at each save, and the entry would say a value
    that is not in the row.
    """
    for field in fields:
        if isinstance(field, models.DecimalField) and field.attname in instance.__dict__:
            value = instance.__dict__[field.attname]
            if isinstance(value, str | float | int):
                value = field.to_python(value)
            if isinstance(value, Decimal) and value.is_finite():
                unit = Decimal(1).scaleb(-field.decimal_places)
                if value != value.quantize(unit, rounding=ROUND_HALF_UP):
                    value = value.quantize(unit, rounding=ROUND_HALF_UP)
                setattr(instance, field.attname, value)


def changed_fields(
    instance: models.Model, stored: dict[str, Any], fields: list[AnyField]
) -> list[AnyField]:
    """Those of the fields in which the instance differs from its stored row."""
    return [
        field
        for field in fields
        if field.attname in stored and _differs(field, instance, stored[field.attname])
    ]


def _differs(field: AnyField, instance: models.Model, stored: Any) -> bool:
    value = getattr(instance, field.attname)
    if isinstance(stored, memoryview) or isinstance(value, memoryview):
        return bytes(value or b"") != bytes(stored or b"")
    # 1 == True and {"a": 1} == {"a": True}: JSON tells them apart.
    if isinstance(field, models.JSONField):
        return canonical(value) != canonical(stored)
    if value == stored:
        return False
    # Text assigned to a date or a Decimal field is compared as what the database will keep.
    return bool(field.to_python(value) != stored)

    return canonical(value)


def values(model: Any, fields: list[AnyField], row: dict[str, Any]) -> dict[str, Any]:
    """The named fields of a row; secrets masked, large unversioned ones as their SHA-256."""
    return {field.name: _shown(model, field, row[field.attname]) for field in fields}


def _shown(model: Any, field: AnyField, value: Any) -> Any:
    if value in (None, "", [], {}):
        return plain(value)
    if field.name in model.audit_secret:
        return MASK
    if field.name in model.audit_unversioned:
        return summary(value)
    if isinstance(value, str) and not isinstance(field, models.CharField | models.TextField):
        return plain(field.to_python(value))
    return plain(value)
