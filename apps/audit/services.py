"""Recording a change under the words people use for it."""

from apps.audit.context import Actor
from apps.audit.models import AuditedModel, change_of


def record(
    activity: str, obj: AuditedModel, *, reason: str = "", actor: Actor | None = None
) -> None:
    """Save the object; its version and its one entry carry the activity and the reason.

    Does nothing when nothing changed. Without `actor` the change is that of the request, task
    or command that runs. Raises ActorMissing.
    """
    obj.save(audit_change=change_of(activity, reason=reason, actor=actor))
