"""The few things about a CDR that staff may change, and its removal from sight."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from apps.audit.context import Actor
from apps.audit.services import record
from apps.cdrs.guards import check_change
from apps.cdrs.holds import LOOKUP_CODES, HoldReason, lookup_reasons
from apps.cdrs.messages import CdrMessage
from apps.cdrs.models import CDR
from apps.cdrs.references import Found, References
from apps.cdrs.services.building import set_hold
from apps.cdrs.services.locking import lock_cdr, show
from apps.cdrs.services.reviewing import ReasonMissing
from apps.cdrs.services.telling import cdr_event
from apps.core.errors import InvalidInput
from apps.events.services import emit_many

UPDATABLE: Final = frozenset(
    {
        "external_id", "session_id", "authorization_reference", "remark", "location_name",
        "location_country", "location_postcode", "location_time_zone", "evse_id",
    }
)  # fmt: skip
_LINKS: Final = ("operator", "location", "token", "account", "provider")


class FieldNotUpdatable(InvalidInput):
    """A field that an update doesn't reach; its own service changes it, or nothing does."""

    code = "FIELD_NOT_UPDATABLE"


def update_cdr(
    *,
    cdr: CDR,
    changes: Mapping[str, Any],
    reason: str,
    now: datetime,
    actor: Actor | None = None,
) -> CDR:
    """Change references and what is known of the place (UPDATABLE); never the operator's claim.

    Raises FieldNotUpdatable, CdrPriceFrozen, CdrContentFrozen, ReasonMissing, CdrDeleted.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the CDR changes.")
    with transaction.atomic():
        locked = lock_cdr(cdr)
        if others := {name: changes[name] for name in changes if name not in UPDATABLE}:
            _refuse(locked, others)
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.clean_fields(
            exclude=[field.name for field in CDR._meta.fields if field.name not in changes]
        )
        record("changed CDR", locked, reason=reason, actor=actor)
        show(cdr, locked, *changes)
    return locked


def _refuse(cdr: CDR, changes: Mapping[str, Any]) -> None:
    """The most telling refusal: that of a frozen price comes first."""
    stored = {field.attname: getattr(cdr, field.attname) for field in CDR._meta.concrete_fields}
    unstated = {name: value for name, value in changes.items() if name != "status"}
    check_change(before=stored, after=unstated, transitions=CDR.TRANSITIONS)
    raise FieldNotUpdatable(
        f"{', '.join(sorted(changes))} can't be set by an update of a CDR.", fields=sorted(changes)
    )


def relink_cdr(*, cdr: CDR, now: datetime, actor: Actor | None = None) -> CDR:
    """Look again for the operator, location and token of a PENDING CDR; lifts holds that go away.

    A link that is there stays. Raises CdrDeleted.
    """
    with transaction.atomic():
        locked = lock_cdr(cdr)
        if locked.status == CDR.Status.PENDING:
            message = _as_message(locked)
            found = References([message]).find(message, provider=locked.provider)
            _link(locked, found)
            set_hold(locked, _reasons_now(locked, message, found))
            record("looked up parties of CDR", locked, actor=actor)
        show(cdr, locked, *_LINKS, "hold_reasons", "is_held")
    return locked


def _as_message(cdr: CDR) -> CdrMessage:
    return CdrMessage(
        country_code=cdr.country_code, party_id=cdr.party_id, cdr_id=cdr.cdr_id,
        started_at=cdr.started_at, ended_at=cdr.ended_at, currency=cdr.currency, kwh=cdr.kwh,
        contract_id=cdr.contract_id, token_uid=cdr.token_uid, location_id=cdr.location_id_sent,
        evse_id=cdr.evse_id, is_credit=cdr.is_credit,
        credit_reference_id=cdr.credit_reference_id,
    )  # fmt: skip


def _link(cdr: CDR, found: Found) -> None:
    for name in _LINKS:
        if getattr(cdr, f"{name}_id") is None:
            setattr(cdr, name, getattr(found, name))
    if place := found.location:
        for name in ("name", "country", "postcode", "time_zone"):
            column = f"location_{name}"
            setattr(cdr, column, getattr(cdr, column) or getattr(place, name))


def _reasons_now(cdr: CDR, message: CdrMessage, found: Found) -> list[HoldReason]:
    """Those of the content stay; those of the look-up are judged anew."""
    lasting = [
        HoldReason(reason["code"], reason["message"])
        for reason in cdr.hold_reasons
        if reason["code"] not in LOOKUP_CODES
    ]
    return [*lookup_reasons(message=message, known=found.known), *lasting]


def delete_cdr(*, cdr: CDR, reason: str, now: datetime, actor: Actor | None = None) -> CDR:
    """Take a CDR out of sight; its identity stays taken, its row and history stay.

    Raises CdrDeletionRefused (billed), ReasonMissing, CdrDeleted.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the CDR is deleted.")
    with transaction.atomic():
        locked = lock_cdr(cdr)
        locked.deleted_at, locked.deletion_reason = now, reason.strip()
        locked.is_held = False
        record("deleted CDR", locked, reason=locked.deletion_reason, actor=actor)
        emit_many(events=[cdr_event("cdr.deleted", locked, reason=reason.strip())], now=now)
        show(cdr, locked, "deleted_at", "deletion_reason", "is_held")
    return locked
