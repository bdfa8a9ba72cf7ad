"""The row of a CDR, locked until the transaction ends."""

from apps.cdrs.models import CDR
from apps.core.errors import DomainError


class CdrDeleted(DomainError):
    """The CDR was deleted; nothing more can happen to it."""

    code = "CDR_DELETED"


def lock_cdr(cdr: CDR) -> CDR:
    """The row as it is now, not as the caller read it. Raises CdrDeleted."""
    locked: CDR = CDR.objects.select_for_update(of=("self",)).get(pk=cdr.pk)
    if locked.deleted_at is not None:
        raise CdrDeleted(f"CDR {locked} was deleted.")
    return locked


def show(cdr: CDR, locked: CDR, *names: str) -> None:
    """The caller's object takes over what was written."""
    for name in (*names, "updated_at"):
        setattr(cdr, name, getattr(locked, name))
