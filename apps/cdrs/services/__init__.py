"""Everything that changes a CDR or a session; each call is one transaction with its event."""

from apps.cdrs.services.changing import FieldNotUpdatable, delete_cdr, relink_cdr, update_cdr
from apps.cdrs.services.conflicts import resolve_conflict
from apps.cdrs.services.pricing import PriceKind, PriceRefused, update_cdr_price
from apps.cdrs.services.receiving import (
    Arrival,
    CdrConflicting,
    Receipt,
    receive_arrivals,
    receive_cdr,
    receive_cdrs,
)
from apps.cdrs.services.reviewing import (
    BulkRejection,
    BulkReview,
    CdrDeleted,
    CdrHeld,
    ReasonMissing,
    accept_cdr,
    accept_cdrs,
    accept_held_cdrs,
    mark_cdrs_billed,
    reject_cdr,
    reject_cdrs,
)
from apps.cdrs.services.sessions import (
    SessionReceipt,
    SessionUnknown,
    patch_session,
    receive_session,
)

__all__ = [
    "Arrival",
    "BulkRejection",
    "BulkReview",
    "CdrConflicting",
    "CdrDeleted",
    "CdrHeld",
    "FieldNotUpdatable",
    "PriceKind",
    "PriceRefused",
    "ReasonMissing",
    "Receipt",
    "SessionReceipt",
    "SessionUnknown",
    "accept_cdr",
    "accept_cdrs",
    "accept_held_cdrs",
    "delete_cdr",
    "mark_cdrs_billed",
    "patch_session",
    "receive_arrivals",
    "receive_cdr",
    "receive_cdrs",
    "receive_session",
    "reject_cdr",
    "reject_cdrs",
    "relink_cdr",
    "resolve_conflict",
    "update_cdr",
    "update_cdr_price",
]
