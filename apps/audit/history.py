"""Versions of audited records: django-simple-history with our keys, actor and activity."""

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

from apps.audit.context import Context, as_uuid
from apps.core.ids import new_id


class VersionBase(models.Model):
    """What each version says besides the record's fields."""

    activity = models.CharField(max_length=200, blank=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    actor_label = models.CharField(max_length=200)
    request_id = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True


class History(HistoricalRecords):
    """Keeps a version of each change of the model and of all that inherit it.

    Fields a model names in `audit_secret`, `audit_ignored` or `audit_unversioned` stay out.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            inherit=True,
            bases=(VersionBase,),
            history_id_field=models.UUIDField(default=new_id),
            history_user_id_field=models.UUIDField(null=True, blank=True),
            history_change_reason_field=models.TextField(blank=True, default=""),
            **kwargs,
        )

    def finalize(self, sender: Any, **kwargs: Any) -> None:
        """Leave ourselves on the model: bulk writes make versions without signals."""
        super().finalize(sender, **kwargs)
        if getattr(sender._meta, "simple_history_manager_attribute", None) == self.manager_name:
            sender.audit_history = self

    def fields_included(self, model: Any) -> list[Any]:
        left_out = model.audit_left_out()
        return [field for field in super().fields_included(model) if field.name not in left_out]

    def copy_fields(self, model: Any) -> dict[str, Any]:
        """Without the indexes of the record: versions are looked up by record and by date."""
        fields: dict[str, Any] = super().copy_fields(model)
        for name, field in fields.items():
            field.db_index = name == "id"
        return fields

    def create_historical_record(
        self, instance: Any, history_type: str, using: str | None = None
    ) -> None:
        """Write the version, with the activity that AuditedModel.save is recording."""
        change = instance.audit_change
        self.version_of(
            instance, history_type, context=change.context, activity=change.activity,
            reason=change.reason, now=change.now,
        ).save(using=using)  # fmt: skip

    def version_of(
        self,
        instance: Any,
        history_type: str,
        *,
        context: Context,
        activity: str,
        reason: str,
        now: Any,
    ) -> Any:
        """An unsaved version of the instance as it is now; '+' created, '~' changed."""
        model = getattr(instance, self.manager_name).model
        actor = context.actor
        assert actor is not None  # noqa: S101 - AuditedModel asked current_actor() before
        values = {
            field.attname: getattr(instance, field.attname)
            for field in self.fields_included(instance)
        }
        return model(
            history_date=now,
            history_type=history_type,
            history_user_id=as_uuid(actor.id),
            history_change_reason=reason,
            activity=activity,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label[:200],
            request_id=context.request_id[:100],
            **values,
        )
