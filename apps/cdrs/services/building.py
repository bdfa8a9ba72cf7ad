"""From a message to the row that keeps it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.cdrs.canonical import content_hash, json_ready
from apps.cdrs.holds import HoldReason, hold_reasons, kept
from apps.cdrs.messages import CdrMessage, ChargeMessage, Price
from apps.cdrs.models import CDR
from apps.cdrs.references import Found

COST_PARTS: Final = (
    "total_cost", "energy_cost", "time_cost", "parking_cost", "fixed_cost", "reservation_cost",
)  # fmt: skip
AS_SENT: Final = (
    "country_code", "party_id", "contract_id", "token_uid", "evse_uid", "evse_id", "connector_id",
    "authorization_reference", "session_id", "currency", "started_at", "ended_at", "raw",
)  # fmt: skip
AS_SENT_IN_CDR: Final = (
    "cdr_id", "external_id", "power_type", "is_credit", "credit_reference_id", "remark",
    "ocpi_version",
)  # fmt: skip


def build_cdr(*, message: CdrMessage, source: str, found: Found, now: datetime) -> CDR:
    """The unsaved CDR, PENDING, with its hold reasons."""
    cdr = CDR(
        **charge_values(message, found),
        **{name: getattr(message, name) for name in AS_SENT_IN_CDR},
        **_location_values(message, found),
        **_costs(message, COST_PARTS),
        source=source,
        tariffs=json_ready(message.tariffs),
        content_hash=content_hash(message),
    )
    set_hold(cdr, hold_reasons(message=message, known=found.known, now=now))
    return cdr


def charge_values(message: ChargeMessage, found: Found) -> dict[str, Any]:
    """The columns that a session and a CDR share."""
    return {
        **{name: getattr(message, name) for name in AS_SENT},
        "location_id_sent": message.location_id,
        "kwh": kept(message.kwh),
        "charging_periods": json_ready(message.charging_periods),
        "operator": found.operator,
        "location": found.location,
        "token": found.token,
        "account": found.account,
        "provider": found.provider,
    }


def running_costs(message: ChargeMessage) -> dict[str, Decimal | None]:
    return _costs(message, ("total_cost",))


def set_hold(cdr: CDR, reasons: Sequence[HoldReason]) -> None:
    cdr.hold_reasons = [reason.as_json() for reason in reasons]
    cdr.is_held = bool(reasons)


def _location_values(message: CdrMessage, found: Found) -> dict[str, str]:
    """As sent; what the operator left out as its location says."""
    place = found.location
    return {
        f"location_{name}": getattr(message, f"location_{name}")
        or (getattr(place, name) if place else "")
        for name in ("name", "country", "postcode", "time_zone")
    }


def _costs(message: ChargeMessage, parts: Sequence[str]) -> dict[str, Decimal | None]:
    costs: dict[str, Decimal | None] = {}
    for part in parts:
        price: Price = getattr(message, part)
        costs[f"{part}_excl_vat"] = _kept(price.excl_vat)
        costs[f"{part}_incl_vat"] = _kept(price.incl_vat)
    return costs


def _kept(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else kept(amount)
