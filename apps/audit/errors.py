"""What the trail refuses."""

from apps.core.errors import DomainError


class UnauditedWrite(DomainError):
    """A write that would pass the trail by."""

    code = "UNAUDITED_WRITE"
    http_status = 500


class DeletionRefused(DomainError):
    """Business records are deactivated or marked as deleted, never removed."""

    code = "DELETION_REFUSED"
