"""Columns of what is never changed: exact text, personal values revealed when they are read."""

import json
from typing import Any

from django.db import models

from apps.audit.personal import protect, protect_jointly, reveal


class PlainInMigrations:
    """Migrations see the plain column type: the schema doesn't depend on this module."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()  # type: ignore[misc]
        return name, "django.db.models.TextField", args, kwargs


class CanonicalJSONField(PlainInMigrations, models.TextField):
    """JSON kept as the very text that was hashed (jsonb would rewrite numbers and order)."""

    def get_prep_value(self, value: Any) -> Any:
        return canonical(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else reveal(json.loads(value))

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


class ProtectedJSONField(models.JSONField):
    """JSON with protected values in it, which read plain or "(erased)"."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return reveal(super().from_db_value(value, expression, connection))


class PersonalTextField(PlainInMigrations, models.TextField):
    """Text that may be protected; reads plain, or "(erased)" once the person's key is gone.

    Whoever writes protects the value: only they know whose it is.
    """

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return reveal(value)


class PersonalLabelField(models.CharField):
    """A short text that may be protected. A name of up to 90 bytes fits into 200 characters."""

    BYTES = 90

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return reveal(value)


class ProtectsItself:
    """Written under the key of `instance.audit_person_id()`, which needs no thought elsewhere.

    Many rows at once are given their keys as `instance.audit_keys` (see personal.keyring).
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)  # type: ignore[misc]
        return self.protected(model_instance, value)

    def protected(self, record: Any, value: Any) -> Any:
        """The value as it is stored for this record."""
        return protect(value, record.audit_person_id(), getattr(record, "audit_keys", None))


class PersonalMessageField(ProtectsItself, PersonalTextField):
    """A text about one person: a message as received, a sentence from outside."""


class JointMessageField(PersonalMessageField):
    """A text that may be about several persons: `instance.audit_person_ids()`."""

    def protected(self, record: Any, value: Any) -> Any:
        keys = getattr(record, "audit_keys", None)
        return protect_jointly(value, record.audit_person_ids(), keys)


class PersonalJSONField(ProtectsItself, ProtectedJSONField):
    """JSON about one person."""


def canonical(value: Any) -> str:
    """The one text of a JSON value: sorted names, no spaces, as it is hashed."""
    return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
