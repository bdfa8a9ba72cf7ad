"""Lists of other records: the groups and permissions of a user, the permissions of a group.

They are no columns, so that they come into the trail by signals, as lists of names before and
after. One set(), which takes some away and adds others, is one change.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from apps.audit import recording, services
from apps.audit.change import change_of
from apps.audit.models import AuditedModel
from apps.audit.personal import keyring

# Per list: its owner, the field and the names before.
Befores = dict[tuple[str, Any], tuple[Any, Any, list[str]]]

_collected: ContextVar[Befores | None] = ContextVar("audit_lists", default=None)


def connect() -> None:
    """Listen to every list of an audited record or of a group, and to groups themselves."""
    for model in apps.get_models():
        if issubclass(model, AuditedModel | Group) and not model._meta.proxy:
            for field in model._meta.local_many_to_many:
                _listen(model, field)
    pre_save.connect(_before_group, sender=Group, dispatch_uid="audit_group_before")
    post_save.connect(_after_group, sender=Group, dispatch_uid="audit_group_after")
    pre_delete.connect(_deleted_group, sender=Group, dispatch_uid="audit_group_deleted")


def _listen(model: Any, field: Any) -> None:
    def changed(instance: Any, action: str, reverse: bool, pk_set: Any, **kwargs: Any) -> None:
        collected = _collected.get()
        if action.startswith("pre_"):
            befores = collected
            if befores is None:
                befores = instance.__dict__.setdefault("_audit_lists", {})
            owners = _owners(model, field, instance, pk_set) if reverse else [instance]
            for owner in owners:
                befores.setdefault((field.name, owner.pk), (owner, field, _names(owner, field)))
        elif collected is None:
            _write(instance.__dict__.pop("_audit_lists", {}))

    m2m_changed.connect(
        changed, sender=field.remote_field.through, weak=False,
        dispatch_uid=f"audit_list_{model._meta.label_lower}_{field.name}",
    )  # fmt: skip
    other_side = getattr(field.related_model, field.remote_field.accessor_name, None)
    for descriptor in filter(None, (getattr(model, field.name), other_side)):
        _make_set_one_change(descriptor.related_manager_cls)


def _owners(model: Any, field: Any, instance: Any, pk_set: Any) -> list[Any]:
    """Whose lists change when the other side is written: group.user_set.add(user)."""
    if pk_set is None:
        return list(model._base_manager.filter(**{field.name: instance}))
    return list(model._base_manager.filter(pk__in=pk_set))


def _make_set_one_change(manager: Any) -> None:
    plain_set = manager.set

    def set(self: Any, objs: Any, **kwargs: Any) -> None:
        if _collected.get() is not None:
            return plain_set(self, objs, **kwargs)
        with transaction.atomic(), _one_change():
            plain_set(self, objs, **kwargs)

    set.alters_data = True  # type: ignore[attr-defined]
    manager.set = set


@contextmanager
def _one_change() -> Iterator[None]:
    collected: Befores = {}
    token = _collected.set(collected)
    try:
        yield
    finally:
        _collected.reset(token)
    _write(collected)


@contextmanager
def already_told() -> Iterator[None]:
    """The lists written in the block follow from a field whose change is in the trail already."""
    token = _collected.set({})
    try:
        yield
    finally:
        _collected.reset(token)


def _write(befores: Befores) -> None:
    for owner, field, before in befores.values():
        after = _names(owner, field)
        if before == after:
            continue
        activity = f"changed {field.verbose_name} of {owner._meta.verbose_name}"
        if isinstance(owner, AuditedModel):
            _record_list(owner, field, activity, before, after)
        else:
            _note_group(activity, owner, {field.name: before}, {field.name: after})


def _record_list(
    owner: Any, field: Any, activity: str, before: list[str], after: list[str]
) -> None:
    change = change_of(activity)
    keys = keyring(recording.persons_of(owner, change))
    with transaction.atomic(savepoint=False):
        owner.audit_history.version_of(owner, "~", change, keys=keys).save()
        recording.entry_of(
            recording.subject_of(owner, change), change, keys=keys,
            before={field.name: before}, after={field.name: after},
        ).save()  # fmt: skip


def _names(owner: Any, field: Any) -> list[str]:
    related = getattr(owner, field.name).all()
    if hasattr(field.related_model, "codename"):
        related = related.select_related("content_type")
    return sorted(str(other) for other in related)


def _before_group(sender: Any, instance: Group, raw: bool = False, **kwargs: Any) -> None:
    stored = Group.objects.filter(pk=instance.pk).first() if instance.pk else None
    instance.__dict__["_audit_name"] = stored.name if stored else None


def _after_group(sender: Any, instance: Group, created: bool, **kwargs: Any) -> None:
    before = instance.__dict__.pop("_audit_name", None)
    if created:
        _note_group("created group", instance, {}, {"name": instance.name})
    elif before != instance.name:
        _note_group("renamed group", instance, {"name": before}, {"name": instance.name})


def _deleted_group(sender: Any, instance: Group, **kwargs: Any) -> None:
    """The members lose it too; their own entries say so."""
    instance.user_set.clear()
    _note_group("deleted group", instance, {"name": instance.name}, {})


def _note_group(activity: str, group: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
    services.note(
        activity, object_type="auth.group", object_id=str(group.pk), object_label=group.name,
        before=before, after=after,
    )  # fmt: skip
