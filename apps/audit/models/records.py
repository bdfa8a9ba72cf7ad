"""The base of all records that are in the trail."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from django.db import models, transaction

from apps.audit import diff, recording
from apps.audit.change import Change, change_of
from apps.audit.errors import DeletionRefused, UnauditedWrite
from apps.audit.history import History
from apps.audit.models.querysets import AuditedQuerySet, changed, created, unsaved
from apps.audit.personal import Keyring, keyring
from apps.core.models import BaseModel
from apps.core.reading import read_locked


class AuditedModel(BaseModel):
    """A record in the trail: each save that changes something leaves one version and one entry.

    `save()` names the activity "created ..." or "changed ..."; services say it better with
    `audit.services.record("accepted CDR", cdr, reason=...)`.
    """

    history = History()
    audit_history: ClassVar[History]

    objects = AuditedQuerySet.as_manager()

    # Fields that are masked in entries and left out of versions.
    audit_secret: ClassVar[tuple[str, ...]] = ()
    # Bookkeeping whose change is no change of the record ("last used at").
    audit_ignored: ClassVar[tuple[str, ...]] = ()
    # Large values that are kept once; versions leave them out, entries say their SHA-256.
    audit_unversioned: ClassVar[tuple[str, ...]] = ()
    # Fields about a person, protected in versions, entries and events (see personal.py);
    # audit_person_id() says whose they are.
    audit_personal: ClassVar[tuple[str, ...]] = ()
    # Further members of its events about that person.
    audit_personal_told: ClassVar[tuple[str, ...]] = ()
    # Whether the record's text form names the person too.
    audit_personal_label: ClassVar[bool] = False

    # What save() is writing, for the version that the post_save signal makes and leaves here.
    audit_change: Change
    audit_keys: Keyring
    audit_version: models.Model
    # What is stored in columns that are not being written, where it differs from memory.
    audit_unsaved: dict[str, Any] = {}

    class Meta:
        abstract = True

    @classmethod
    def audit_bookkeeping(cls) -> set[str]:
        return {"created_at", "updated_at", *cls.audit_ignored}

    @classmethod
    def audit_left_out(cls) -> set[str]:
        return {*cls.audit_secret, *cls.audit_ignored, *cls.audit_unversioned}

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the record, its version and its entry in one transaction; nothing if unchanged."""
        change = kwargs.pop("audit_change", None)
        with in_transaction():
            if self._state.adding:
                self._save_new(change, *args, **kwargs)
            else:
                self._save_changed(change, **kwargs)

    def _save_new(self, change: Change | None, *args: Any, **kwargs: Any) -> None:
        self.audit_refuse_expressions()
        diff.keep_as_stored(self, diff.tracked_fields(type(self)))
        self._prepare_trail(change or change_of(created(type(self))))
        self.audit_unsaved = {}
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            entry = recording.created_entry(self, self.audit_change, keys=self.audit_keys)
            self._write_trail(entry)

    def _save_changed(
        self, change: Change | None, *, update_fields: Any = None, **kwargs: Any
    ) -> None:
        only = None if update_fields is None else set(update_fields)
        stored = self._stored_row()
        self._fill_deferred(stored)
        self._work_out_expressions()
        fields = [f for f in diff.tracked_fields(type(self)) if _among(f, only)]
        diff.keep_as_stored(self, fields)
        fields = diff.changed_fields(self, stored, fields)
        bookkeeping = self._changed_bookkeeping(stored, only)
        if not fields:
            return self._write_bookkeeping(bookkeeping)
        self.check_change(stored, fields)
        self._prepare_trail(change or change_of(changed(type(self))))
        names = [*(field.name for field in fields), *bookkeeping, "updated_at"]
        self.audit_unsaved = unsaved(self, stored, written=names) if only is not None else {}
        with transaction.atomic(savepoint=False):
            super().save(update_fields=names, **kwargs)
            entry = recording.changed_entry(
                self, self.audit_change, fields=fields, before=stored, keys=self.audit_keys
            )
            self._write_trail(entry)

    def _prepare_trail(self, change: Change) -> None:
        self.audit_change = change
        self.audit_keys = keyring(recording.persons_of(self, change))

    def _write_trail(self, entry: Any) -> None:
        entry.insert_with(self.__dict__.pop("audit_version"))

    def _stored_row(self) -> dict[str, Any]:
        """The row as it is now, locked: what an earlier read said may be out of date."""
        return read_locked(type(self), self.pk)

    def _fill_deferred(self, stored: dict[str, Any]) -> None:
        for name in self.get_deferred_fields():
            self.__dict__[name] = stored[name]

    def _work_out_expressions(self) -> None:
        """F("count") + 1 becomes the number: the row is locked, so it can't change any more."""
        found = self._expressions()
        if not found:
            return
        wrapped = {
            f"worked_out_{field.name}": models.ExpressionWrapper(value, output_field=field)
            for field, value in found.items()
        }
        row = type(self)._base_manager.filter(pk=self.pk).values_list(*wrapped.values()).get()
        for field, value in zip(found, row, strict=True):
            setattr(self, field.attname, value)

    def audit_refuse_expressions(self) -> None:
        """New records and bulk writes need plain values."""
        if found := self._expressions():
            names = ", ".join(field.name for field in found)
            raise UnauditedWrite(f"The trail can't tell the value of an expression: {names}.")

    def _expressions(self) -> dict[diff.AnyField, Any]:
        return {
            field: self.__dict__[field.attname]
            for field in diff.tracked_fields(type(self))
            if hasattr(self.__dict__.get(field.attname), "resolve_expression")
        }

    def _changed_bookkeeping(self, stored: dict[str, Any], only: set[str] | None) -> list[str]:
        fields = [
            field
            for field in self._meta.concrete_fields
            if field.name in self.audit_ignored and not field.generated and _among(field, only)
        ]
        return [field.name for field in diff.changed_fields(self, stored, fields)]

    def _write_bookkeeping(self, names: list[str]) -> None:
        if names:
            type(self)._base_manager.filter(pk=self.pk).update(
                **{name: getattr(self, name) for name in names}
            )

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise DeletionRefused(
            f"{self._meta.verbose_name} {self} is kept for the trail; deactivate it instead."
        )

    def check_change(self, stored: dict[str, Any], fields: Sequence[diff.AnyField]) -> None:
        """Refuse a change of the stored row by raising; save() and bulk_update() ask first."""

    def audit_label(self) -> str:
        """What entries call the record."""
        return str(self)

    def audit_provider_id(self) -> Any:
        """The provider the record belongs to, if any."""
        return getattr(self, "provider_id", None)

    def audit_account_id(self) -> Any:
        """The account the record belongs to, if any."""
        return getattr(self, "account_id", None)

    def audit_person_id(self) -> UUID | None:
        """Whose the values of `audit_personal` are: an account, a user, or a contract's person."""
        account_id: UUID | None = self.audit_account_id()
        return account_id


@contextmanager
def in_transaction() -> Iterator[None]:
    """The caller's transaction, or one of our own.

    What is refused before anything is written leaves the caller's transaction as it was; the
    writes themselves stand or fall together with it, as those of Django's own save().
    """
    if transaction.get_connection().in_atomic_block:
        yield
    else:
        with transaction.atomic():
            yield


def _among(field: diff.AnyField, only: set[str] | None) -> bool:
    return only is None or field.name in only or field.attname in only
