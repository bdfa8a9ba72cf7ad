"""What about a CDR may never change, whoever asks and by whichever path."""

from collections.abc import Mapping
from typing import Any, Final

from apps.core.errors import DomainError

# The operator's claim, kept for ever as it was sent.
COST_AS_SENT: Final = frozenset(
    f"{part}_cost_{side}_vat"
    for part in ("total", "energy", "time", "parking", "fixed", "reservation")
    for side in ("excl", "incl")
)
# What we say beside it; open until the CDR is billed.
OUR_PRICES: Final = frozenset(
    {"computed_cost_excl_vat", "reviewed_cost_excl_vat", "retail_cost_excl_vat"}
)
# What the amounts are measured in and by; the price of a billed CDR hangs on it.
PRICE_BASIS: Final = frozenset({"currency", "kwh", "is_credit"})
IDENTITY: Final = frozenset({"country_code", "party_id", "cdr_id", "content_hash", "raw"})
# Who is invoiced.
OWNERSHIP: Final = frozenset({"account_id", "provider_id"})
CONTENT: Final = (
    COST_AS_SENT
    | PRICE_BASIS
    | IDENTITY
    | {"started_at", "ended_at", "charging_periods", "tariffs"}
)


class CdrStatusChangeRefused(DomainError):
    """The move is not in the table of states."""

    code = "CDR_STATUS_CHANGE_EXCEPTION"


class CdrPriceFrozen(DomainError):
    """The CDR is billed: its price stands on an issued invoice."""

    code = "CDR_PRICING_EVENT_EXCEPTION"


class CdrContentFrozen(DomainError):
    """What the operator sent is kept as it was sent."""

    code = "CDR_CONTENT_FROZEN"


class CdrDeletionRefused(DomainError):
    """A billed CDR is kept."""

    code = "CDR_DELETION_REFUSED"


def check_status_move(
    *, before: str, after: str, transitions: Mapping[str, set[str]], **details: Any
) -> None:
    """Raises CdrStatusChangeRefused unless the table allows the move."""
    if after not in transitions[before]:
        raise CdrStatusChangeRefused(
            f"Cannot update CDR status from {before.title()} to {after.title()}", **details
        )


def check_change(
    *, before: Mapping[str, Any], after: Mapping[str, Any], transitions: Mapping[str, set[str]]
) -> None:
    """A write that changes the stored row `before` in the fields `after`.

    Raises CdrStatusChangeRefused, CdrPriceFrozen, CdrContentFrozen, CdrDeletionRefused.
    """
    name = f"{before['country_code']}*{before['party_id']} {before['cdr_id']}"
    if "status" in after:
        check_status_move(before=before["status"], after=after["status"], transitions=transitions)
    if before["status"] == "BILLED":
        _check_billed(name, after)
    if touched := sorted(CONTENT & set(after)):
        raise CdrContentFrozen(
            f"CDR {name}: {', '.join(touched)} stay as they were sent.", fields=touched
        )


def _check_billed(name: str, after: Mapping[str, Any]) -> None:
    if touched := sorted((OUR_PRICES | COST_AS_SENT | PRICE_BASIS) & set(after)):
        raise CdrPriceFrozen(
            f"CDR {name} is billed; its price can't change any more.", fields=touched
        )
    if OWNERSHIP & set(after):
        raise CdrContentFrozen(f"CDR {name} is billed; it stays with its account.")
    if after.get("deleted_at") is not None:
        raise CdrDeletionRefused(f"CDR {name} is billed; it can't be deleted.")
