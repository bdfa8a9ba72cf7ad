"""Paths that pass save() by: refused at run time, or found by the system checks."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import models
from django.db.models.signals import pre_delete, pre_save

from apps.audit.errors import DeletionRefused, UnauditedWrite
from apps.audit.models import AuditedModel, AuditedQuerySet


def connect() -> None:
    """Fixtures write rows without save(); deleting a parent deletes without delete()."""
    for model in _audited_models():
        uid = f"audit_guard_{model._meta.label_lower}"
        pre_save.connect(_refuse_raw, sender=model, dispatch_uid=uid)
        pre_delete.connect(_refuse_deletion, sender=model, dispatch_uid=uid)


def _refuse_raw(sender: Any, raw: bool, **kwargs: Any) -> None:
    if raw:
        raise UnauditedWrite(
            f"A fixture would write {sender._meta.verbose_name_plural} without a trace; "
            "use a command that calls the services."
        )


def _refuse_deletion(sender: Any, instance: Any, **kwargs: Any) -> None:
    raise DeletionRefused(f"{sender._meta.verbose_name} {instance} is kept for the trail.")


def _audited_models() -> list[Any]:
    return [model for model in apps.get_models() if issubclass(model, AuditedModel)]


@register
def audited_models_have_no_way_around(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Declarations through which a record could change without a trace."""
    return [message for model in _audited_models() for message in _problems(model)]


def _problems(model: Any) -> Iterator[CheckMessage]:
    for manager in model._meta.managers:
        if not isinstance(manager.get_queryset(), AuditedQuerySet) and manager.name != "history":
            yield Error(
                f"{manager.name} writes in bulk without a trace.", obj=model, id="audit.E001",
                hint="Derive its QuerySet from AuditedQuerySet.",
            )  # fmt: skip
    for field in model._meta.local_fields:
        if field.remote_field and field.remote_field.on_delete not in (
            models.PROTECT, models.RESTRICT, models.DO_NOTHING,
        ):  # fmt: skip
            yield Error(
                f"{field.name} deletes or changes this record together with another.",
                obj=model, id="audit.E002", hint="Use on_delete=PROTECT.",
            )  # fmt: skip
    if any(not parent._meta.abstract for parent in model._meta.parents):
        yield Error(
            "Multi-table inheritance splits a record over two stories.", obj=model,
            id="audit.E003", hint="Inherit an abstract model.",
        )  # fmt: skip
    names = {field.name for field in model._meta.get_fields()}
    for kind in ("secret", "ignored", "unversioned", "personal"):
        for name in set(getattr(model, f"audit_{kind}")) - names:
            yield Error(f"audit_{kind} names no field: {name}.", obj=model, id="audit.E004")
