"""The trail: one Entry per change, and the base of all records that are in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from django.db import models, transaction
from django.utils import timezone

from apps.audit import diff
from apps.audit.context import Actor, ActorKind, Context, current, current_actor
from apps.audit.history import History
from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.core.models import BaseModel


class UnauditedWrite(DomainError):
    """A write that would pass the trail by."""

    code = "UNAUDITED_WRITE"
    http_status = 500


class DeletionRefused(DomainError):
    """Business records are deactivated or marked as deleted, never removed."""

    code = "DELETION_REFUSED"


class Entry(models.Model):
    """One change of one record: who, how, why, before and after. Never changed, never deleted.

    Holds ids, kinds and labels, no foreign keys, so that it outlives what it tells of.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recorded_at = models.DateTimeField()
    activity = models.CharField(max_length=200)
    object_type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=100)
    object_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    actor_kind = models.CharField(max_length=10, choices=[(k, k.title()) for k in ActorKind])
    actor_id = models.CharField(max_length=100)
    actor_label = models.CharField(max_length=200)
    provider_id = models.UUIDField(null=True, blank=True)
    account_id = models.UUIDField(null=True, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    method = models.CharField(max_length=10, blank=True)
    route = models.CharField(max_length=300, blank=True)
    path = models.CharField(max_length=1000, blank=True)
    source_address = models.CharField(max_length=45, blank=True)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="entry_story_of_object"),
            models.Index(fields=["actor_kind", "actor_id"], name="entry_by_actor"),
            models.Index(fields=["recorded_at"], name="entry_by_time"),
            models.Index(fields=["request_id"], name="entry_by_request"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(actor_kind__in=[str(kind) for kind in ActorKind])
                & ~models.Q(actor_id="")
                & ~models.Q(actor_label=""),
                name="entry_names_its_actor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.activity} {self.object_label}"


@dataclass(frozen=True, slots=True)
class Change:
    """What AuditedModel.save is writing, for the version and the entry."""

    activity: str
    reason: str
    context: Context
    now: datetime


def change_of(activity: str, *, reason: str = "", actor: Actor | None = None) -> Change:
    """A change that happens now; without `actor` by the one of the context.

    Raises ActorMissing.
    """
    context = replace(current(), actor=actor or current_actor())
    return Change(activity[:200], reason, context, timezone.now())


class AuditedQuerySet(models.QuerySet[Any]):
    """Bulk writes of audited records leave their versions and entries, or are refused."""

    def update(self, **kwargs: Any) -> int:
        if set(kwargs) <= self.model.audit_bookkeeping():
            return super().update(**kwargs)
        raise UnauditedWrite(
            f"update() on {self.model._meta.verbose_name_plural} would leave no trace; "
            "use bulk_update() or a service."
        )

    def delete(self) -> Any:
        raise DeletionRefused(f"{self.model._meta.verbose_name_plural} are never removed.")

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's, with a version and an entry per row; `audit_change` names the activity."""
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise UnauditedWrite("bulk_create() can't tell which conflicting rows it wrote.")
        change = kwargs.pop("audit_change", None) or change_of(_created(self.model))
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, *args, **kwargs)
            _write_bulk(created, "+", change, [{} for _ in created], batch_size=500)
        return created

    def bulk_update(  # type: ignore[override]
        self, objs: Iterable[Any], fields: Iterable[str], **kwargs: Any
    ) -> int:
        """As Django's; rows that differ get one version and one entry, others are not written."""
        change = kwargs.pop("audit_change", None) or change_of(_changed(self.model))
        names = set(fields)
        rows = list(objs)
        with transaction.atomic(using=self.db):
            changed, befores = _really_changed(self.model, rows, names)
            # A plain QuerySet, because Django's bulk_update() calls update().
            plain: models.QuerySet[Any] = models.QuerySet(self.model, using=self.db)
            written = plain.bulk_update(changed, [*names, "updated_at"], **kwargs)
            _write_bulk(changed, "~", change, befores, batch_size=500)
        return written


def _created(model: Any) -> str:
    return f"created {model._meta.verbose_name}"


def _changed(model: Any) -> str:
    return f"changed {model._meta.verbose_name}"


def _really_changed(
    model: Any, rows: list[Any], names: set[str]
) -> tuple[list[Any], list[dict[str, Any]]]:
    stored = {row["id"]: row for row in model._base_manager.filter(
        pk__in=[row.pk for row in rows]).values()}  # fmt: skip
    changed, befores = [], []
    for row in rows:
        fields = [f for f in diff.changed_fields(row, stored.get(row.pk, {})) if f.name in names]
        if fields:
            row.check_change(stored[row.pk], fields)
            row.updated_at = timezone.now()
            changed.append(row)
            befores.append({field.attname: stored[row.pk][field.attname] for field in fields})
    return changed, befores


def _write_bulk(
    rows: Sequence[Any], kind: str, change: Change, befores: list[dict[str, Any]], batch_size: int
) -> None:
    if not rows:
        return
    history = type(rows[0]).history
    versions = [
        type(rows[0]).audit_history.version_of(
            row, kind, context=change.context, activity=change.activity,
            reason=change.reason, now=change.now)
        for row in rows
    ]  # fmt: skip
    history.model.objects.bulk_create(versions, batch_size=batch_size)
    entries = [row.audit_entry(change, before) for row, before in zip(rows, befores, strict=True)]
    Entry.objects.bulk_create(entries, batch_size=batch_size)


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
    # Large values that never change after creation and are kept once.
    audit_unversioned: ClassVar[tuple[str, ...]] = ()

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
        with transaction.atomic():
            if self._state.adding:
                self._save_new(change, *args, **kwargs)
            else:
                self._save_changed(change, **kwargs)

    def _save_new(self, change: Change | None, *args: Any, **kwargs: Any) -> None:
        self.audit_change = change or change_of(_created(type(self)))
        super().save(*args, **kwargs)
        self.audit_entry(self.audit_change, {}).save(force_insert=True)

    def _save_changed(self, change: Change | None, **kwargs: Any) -> None:
        model: Any = type(self)
        stored = model._base_manager.filter(pk=self.pk).values().get()
        only = kwargs.pop("update_fields", None)
        fields = [
            field
            for field in diff.changed_fields(self, stored)
            if only is None or field.name in only or field.attname in only
        ]
        if not fields:
            return self._save_bookkeeping(only)
        self.check_change(stored, fields)
        self.audit_change = change or change_of(_changed(type(self)))
        kwargs["update_fields"] = [*(field.name for field in fields), "updated_at"]
        super().save(**kwargs)
        before = {field.attname: stored[field.attname] for field in fields}
        self.audit_entry(self.audit_change, before).save(force_insert=True)

    def _save_bookkeeping(self, only: Iterable[str] | None) -> None:
        names = [name for name in self.audit_ignored if only is None or name in only]
        if names:
            type(self)._base_manager.filter(pk=self.pk).update(
                **{name: getattr(self, name) for name in names}
            )

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise DeletionRefused(
            f"{self._meta.verbose_name} {self} is kept for the trail; deactivate it instead."
        )

    def check_change(
        self, stored: dict[str, Any], fields: "Sequence[models.Field[Any, Any]]"
    ) -> None:
        """Refuse a change of the stored row by raising; save() and bulk_update() ask first."""

    def audit_entry(self, change: Change, before: dict[str, Any]) -> Entry:
        """The unsaved entry of a change; `before` empty means that the record is new."""
        model = type(self)
        fields = diff.tracked_fields(model)
        if before:
            fields = [field for field in fields if field.attname in before]
        row = {field.attname: getattr(self, field.attname) for field in fields}
        after = diff.values(model, fields, row)
        if not before:
            after = {k: value for k, value in after.items() if value not in (None, "", [], {})}
        context, actor = change.context, change.context.actor
        assert actor is not None  # noqa: S101 - change_of() made sure
        return Entry(
            recorded_at=change.now,
            activity=change.activity,
            object_type=model._meta.label_lower,
            object_id=str(self.pk),
            object_label=str(self)[:200],
            before=diff.values(model, fields, before) if before else {},
            after=after,
            reason=change.reason,
            actor_kind=actor.kind,
            actor_id=actor.id[:100],
            actor_label=actor.label[:200],
            provider_id=self.audit_provider_id(),
            account_id=self.audit_account_id(),
            request_id=context.request_id[:100],
            url=context.url[:2000],
            method=context.method[:10],
            route=context.route[:300],
            path=context.path[:1000],
            source_address=context.source_address[:45],
        )

    def audit_provider_id(self) -> Any:
        """The provider the record belongs to, if any."""
        return getattr(self, "provider_id", None)

    def audit_account_id(self) -> Any:
        """The account the record belongs to, if any."""
        return getattr(self, "account_id", None)
