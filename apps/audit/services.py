"""Recording what happened under the words people use for it."""

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.audit import recording
from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.models import AuditedModel, Entry


def record(
    activity: str, obj: AuditedModel, *, reason: str = "", actor: Actor | None = None
) -> None:
    """Save the object; its version and its one entry carry the activity and the reason.

    Does nothing when nothing changed. Without `actor` the change is that of the request, task
    or command that runs. Raises ActorMissing.
    """
    obj.save(audit_change=change_of(activity, reason=reason, actor=actor))


def note(
    activity: str,
    *,
    object_type: str,
    object_id: str,
    object_label: str,
    person_id: UUID | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    actor: Actor | None = None,
    provider_id: UUID | None = None,
    account_id: UUID | None = None,
) -> Entry:
    """An entry of something that is no change of an audited record: a login, an export.

    `before` and `after` are JSON-ready. Raises ActorMissing.
    """
    subject = recording.Subject(
        object_type, object_id, object_label, person_id, person_id or account_id, provider_id,
        account_id,
    )  # fmt: skip
    change = change_of(activity, reason=reason, actor=actor)
    with transaction.atomic(savepoint=False):
        entry = recording.entry_of(subject, change, before=before or {}, after=after or {})
        entry.save()
    return entry
