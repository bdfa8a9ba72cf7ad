"""Which fields of a record changed, as JSON-ready values."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models

MASK = "•••"


def plain(value: Any) -> Any:
    """A value as JSON can hold it; numbers keep their digits as text."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID):
        return str(value)
    return str(value)


def tracked_fields(model: Any) -> list[models.Field[Any, Any]]:
    """The concrete fields whose change is a change of the record."""
    ignored = model.audit_bookkeeping()
    return [field for field in model._meta.concrete_fields if field.name not in ignored]


def changed_fields(instance: models.Model, stored: dict[str, Any]) -> list[models.Field[Any, Any]]:
    """The tracked fields in which the instance differs from its stored row."""
    return [
        field
        for field in tracked_fields(type(instance))
        if field.attname in stored and _differs(field, instance, stored[field.attname])
    ]


def _differs(field: models.Field[Any, Any], instance: models.Model, stored: Any) -> bool:
    value = getattr(instance, field.attname)
    if value == stored:
        return False
    # Text assigned to a date or a Decimal field is compared as what the database will keep.
    return bool(field.to_python(value) != stored)


def values(model: Any, fields: list[models.Field[Any, Any]], row: dict[str, Any]) -> dict[str, Any]:
    """The named fields of a row, secrets masked, long unversioned ones left out."""
    kept = [field for field in fields if field.name not in model.audit_unversioned]
    return {
        field.name: MASK
        if field.name in model.audit_secret and row[field.attname]
        else plain(row[field.attname])
        for field in kept
    }
