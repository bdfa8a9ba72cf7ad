"""Versions of audited records: django-simple-history with our keys, actor and activity."""

from collections.abc import Hashable
from copy import copy
from functools import cache
from typing import Any, cast

from django.db import models
from simple_history.models import HistoricalRecords

from apps.audit import diff, recording
from apps.audit.change import Change
from apps.audit.context import Actor, as_uuid
from apps.audit.errors import UnauditedWrite
from apps.audit.fields import PersonalLabelField, PersonalTextField
from apps.audit.personal import Keyring, protect
from apps.core.ids import new_id


class VersionBase(models.Model):
    """What each version says besides the record's fields."""

    activity = models.CharField(max_length=200, blank=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    actor_label = PersonalLabelField(max_length=200)
    request_id = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True


class History(HistoricalRecords):
    """Keeps a version of each change of the model and of all that inherit it.

    Fields a model names in `audit_secret`, `audit_ignored` or `audit_unversioned` stay out, and
    those in `audit_personal` are protected.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            inherit=True,
            bases=(VersionBase,),
            history_id_field=models.UUIDField(default=new_id),
            history_user_id_field=models.UUIDField(null=True, blank=True),
            history_change_reason_field=PersonalTextField(blank=True, default=""),
            **kwargs,
        )

    def finalize(self, sender: Any, **kwargs: Any) -> None:
        """Leave ourselves on the model: bulk writes make versions without signals."""
        super().finalize(sender, **kwargs)
        if getattr(sender._meta, "simple_history_manager_attribute", None) == self.manager_name:
            sender.audit_history = self

    def add_extra_methods(self, cls: Any) -> None:
        """The library's way to save without a version is none here."""

        def save_without_historical_record(self: Any, *args: Any, **kwargs: Any) -> None:
            raise UnauditedWrite("An audited record is never saved without its version.")

        cls.save_without_historical_record = save_without_historical_record

    def fields_included(self, model: Any) -> list[Any]:
        left_out = model.audit_left_out()
        return [
            field
            for field in super().fields_included(model)
            if field.name not in left_out and not field.generated
        ]

    def copy_fields(self, model: Any) -> dict[str, Any]:
        """Without the indexes of the record: versions are looked up by record and by date."""
        fields: dict[str, Any] = super().copy_fields(model)
        for name, field in fields.items():
            field.db_index = name == "id"
        for name in model.audit_personal:
            if name in fields:
                fields[name] = _personal(fields[name])
        return fields

    def create_historical_record(
        self, instance: Any, history_type: str, using: str | None = None
    ) -> None:
        """Make the version; AuditedModel.save, which is under way, writes it with the entry."""
        change, keys = instance.audit_change, instance.audit_keys
        instance.audit_version = self.version_of(instance, history_type, change, keys=keys)

    def version_of(
        self, instance: Any, history_type: str, change: Change, *, keys: Keyring
    ) -> models.Model:
        """An unsaved version of the instance as it is stored now; '+' created, '~' changed."""
        actor = change.actor
        if instance.audit_unsaved:
            instance = _with(instance, instance.audit_unsaved)
        version: models.Model = _version_model(cast(Hashable, type(instance)), self.manager_name)(
            history_date=change.now,
            history_type=history_type,
            history_user_id=as_uuid(actor.id),
            history_change_reason=self._reason(instance, change, keys),
            activity=change.activity,
            actor_kind=actor.kind,
            actor_id=actor.id[:100],
            actor_label=actor_label(actor, keys),
            request_id=change.context.request_id[:100],
            **self._values(instance, keys),
        )
        return version

    def _reason(self, instance: Any, change: Change, keys: Keyring) -> str:
        """Free text of staff, who may have named the person."""
        if not change.reason:
            return ""
        return str(protect(change.reason, instance.audit_person_id(), keys))

    def _values(self, instance: Any, keys: Keyring) -> dict[str, Any]:
        values = {
            name: getattr(instance, name) for name in _versioned(cast(Hashable, type(instance)))
        }
        for name in values.keys() & set(instance.audit_personal):
            values[name] = protect(diff.plain(values[name]), instance.audit_person_id(), keys)
        return values


@cache
def _version_model(model: Any, manager_name: str) -> Any:
    """Kept, because simple_history makes a new manager class at each look at `model.history`."""
    return getattr(model, manager_name).model


def _with(instance: Any, stored: dict[str, Any]) -> Any:
    copied = copy(instance)
    copied.__dict__.update(stored)
    return copied


@cache
def _versioned(model: Any) -> tuple[str, ...]:
    return tuple(field.attname for field in model.audit_history.fields_included(model))


def actor_label(actor: Actor, keys: Keyring | None = None) -> str:
    """Who acted, for a PersonalLabelField; a user's name is protected."""
    person_id = recording.person_of(actor)
    if person_id is None:
        return actor.label[:200]
    short = actor.label.encode()[: PersonalLabelField.BYTES].decode(errors="ignore")
    return str(protect(short, person_id, keys))


def _personal(field: Any) -> PersonalTextField:
    copied = PersonalTextField(field.verbose_name, null=field.null, blank=True)
    copied.set_attributes_from_name(field.name)
    return copied
