"""Bulk writes of audited records."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from apps.audit import diff, recording
from apps.audit.change import Change, change_of
from apps.audit.errors import DeletionRefused, UnauditedWrite
from apps.audit.fields import ProtectsItself
from apps.audit.personal import keyring
from apps.core.inserting import insert_many
from apps.core.updating import update_many

BATCH = 500


class AuditedQuerySet(models.QuerySet[Any]):
    """Bulk writes of audited records leave their versions and entries, or are refused."""

    def update(self, **kwargs: Any) -> int:
        if set(kwargs) <= self.model.audit_bookkeeping():
            return super().update(**kwargs)
        raise UnauditedWrite(
            f"update() on {self.model._meta.verbose_name_plural} would leave no trace; "
            "use bulk_update() or a service."
        )

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> Any:
        raise DeletionRefused(f"{self.model._meta.verbose_name_plural} are never removed.")

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _raw_delete(self, using: Any) -> Any:
        return self.delete()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's, with a version and an entry per row; `audit_change` names the activity.

        `audit_changes` names one per row, for rows that came through different doors.
        """
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise UnauditedWrite("bulk_create() can't tell which conflicting rows it wrote.")
        rows = list(objs)
        changes = kwargs.pop("audit_changes", None) or [
            kwargs.pop("audit_change", None) or change_of(created(self.model))
        ] * len(rows)
        for row in rows:
            row.audit_refuse_expressions()
            diff.keep_as_stored(row, diff.tracked_fields(self.model))
        with transaction.atomic(using=self.db):
            _give_keys(rows, changes)
            insert_many(rows, using=self.db)
            _write_trail(rows, "+", changes, [None] * len(rows))
        return rows

    def tell_of_unversioned(self, *, audit_change: Change) -> list[Any]:
        """A version and an entry for each row that has none; the rows stay as they are.

        For rows that a migration wrote, which knows neither versions nor actors.
        """
        versions = self.model.history.model._base_manager.using(self.db)
        versioned = versions.filter(id=models.OuterRef("pk"))
        rows = list(self.filter(~models.Exists(versioned)).order_by("pk"))
        changes = [audit_change] * len(rows)
        with transaction.atomic(using=self.db):
            _give_keys(rows, changes)
            _write_trail(rows, "+", changes, [None] * len(rows))
        return rows

    def bulk_update(
        self,
        objs: Iterable[Any],
        fields: Iterable[str],
        batch_size: int | None = None,
        *,
        audit_change: Change | None = None,
    ) -> int:
        """As Django's; rows that differ get one version and one entry, others are not written."""
        change = audit_change or change_of(changed(self.model))
        names = set(fields)
        rows = list(objs)
        with transaction.atomic(using=self.db):
            changes = _really_changed(self.model, rows, names)
            changed_rows = [row for row, _ in changes]
            trail = [change] * len(changed_rows)
            _give_keys(changed_rows, trail)
            with _messages_protected(self.model, changed_rows, names):
                written = _write_rows(self.model, changed_rows, names, self.db)
            _write_trail(changed_rows, "~", trail, [before for _, before in changes])
        return written


def unsaved(row: Any, stored: dict[str, Any], *, written: Collection[str]) -> dict[str, Any]:
    """What is stored in columns that are not written now, where the row in memory differs."""
    return {
        field.attname: stored[field.attname]
        for field in row._meta.concrete_fields
        if field.name not in written
        and field.attname in stored
        and stored[field.attname] != row.__dict__.get(field.attname)
    }


def created(model: Any) -> str:
    """The activity of a new record for which the service has no better words."""
    return f"created {model._meta.verbose_name}"


def changed(model: Any) -> str:
    """The activity of a changed record for which the service has no better words."""
    return f"changed {model._meta.verbose_name}"


def _really_changed(
    model: Any, rows: list[Any], names: set[str]
) -> list[tuple[Any, dict[str, Any]]]:
    """The rows that differ from what is stored, with their old values; locks them."""
    fields = [field for field in diff.tracked_fields(model) if field.name in names]
    stored = _locked(model, [row.pk for row in rows], names)
    changes = []
    for row in rows:
        row.audit_refuse_expressions()
        diff.keep_as_stored(row, fields)
        differing = diff.changed_fields(row, stored.get(row.pk, {}), fields)
        if differing:
            row.check_change(stored[row.pk], differing)
            row.updated_at = timezone.now()
            row.audit_unsaved = unsaved(row, stored[row.pk], written={*names, "updated_at"})
            changes.append((row, {f.attname: stored[row.pk][f.attname] for f in differing}))
    return changes


def _locked(model: Any, ids: list[Any], names: set[str]) -> dict[Any, dict[str, Any]]:
    """The stored rows by id, without large values that are not to be written."""
    columns = [
        field.attname
        for field in model._meta.concrete_fields
        if field.name in names or field.name not in model.audit_unversioned
    ]
    found: dict[Any, dict[str, Any]] = {}
    # In the order of ids, so that two bulk writes wait for each other instead of deadlocking.
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        rows = (
            model._base_manager.select_for_update(no_key=True)
            .filter(pk__in=ordered[start : start + BATCH])
            .order_by("pk")
        )
        found.update({row["id"]: row for row in rows.values(*columns)})
    return found


def _write_rows(model: Any, rows: list[Any], names: set[str], using: str) -> int:
    """Rows that get the same values (a state, the time of its change) are written by one plain
    UPDATE, others one after the other."""
    # A plain QuerySet, because bulk_update() calls update().
    plain: models.QuerySet[Any] = models.QuerySet(model, using=using)
    if not rows:
        return 0
    first = {name: getattr(rows[0], model._meta.get_field(name).attname) for name in names}
    fields = [model._meta.get_field(name) for name in names]
    if any(getattr(row, field.attname) != first[field.name] for row in rows for field in fields):
        return update_many(rows, sorted({*names, "updated_at"}), using=using)
    written, now = 0, rows[0].updated_at
    for start in range(0, len(rows), BATCH):
        ids = [row.pk for row in rows[start : start + BATCH]]
        written += plain.filter(pk__in=ids).update(**{**first, "updated_at": now})
    for row in rows:
        row.updated_at = now
    return written


def _give_keys(rows: Sequence[Any], changes: Sequence[Change]) -> None:
    """One keyring for all rows, fetched with one query."""
    pairs = zip(rows, changes, strict=True)
    keys = keyring(
        {person for row, change in pairs for person in recording.persons_of(row, change)}
    )
    for row in rows:
        row.audit_keys = keys


@contextmanager
def _messages_protected(model: Any, rows: Sequence[Any], names: set[str]) -> Iterator[None]:
    """Django's bulk_update() reads attributes and asks no field's pre_save()."""
    fields: list[Any] = [
        field
        for field in model._meta.concrete_fields
        if field.name in names and isinstance(field, ProtectsItself)
    ]
    plain = [[getattr(row, field.attname) for field in fields] for row in rows]
    for row, values in zip(rows, plain, strict=True):
        for field, value in zip(fields, values, strict=True):
            setattr(row, field.attname, field.protected(row, value))
    try:
        yield
    finally:
        for row, values in zip(rows, plain, strict=True):
            for field, value in zip(fields, values, strict=True):
                setattr(row, field.attname, value)


def _write_trail(
    rows: Sequence[Any],
    kind: str,
    changes: Sequence[Change],
    befores: Sequence[dict[str, Any] | None],
) -> None:
    """One version and one entry per row; a row without `before` is new."""
    if not rows:
        return
    model = type(rows[0])
    keys = rows[0].audit_keys
    versions = [
        model.audit_history.version_of(row, kind, change, keys=keys)
        for row, change in zip(rows, changes, strict=True)
    ]
    insert_many(versions)
    recording.write([
        recording.created_entry(row, change, keys=keys)
        if before is None
        else recording.changed_entry(
            row, change, keys=keys, before=before,
            fields=[f for f in diff.tracked_fields(model) if f.attname in before],
        )
        for row, change, before in zip(rows, changes, befores, strict=True)
    ])  # fmt: skip
