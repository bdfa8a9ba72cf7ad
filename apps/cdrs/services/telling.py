"""What the events of a CDR and of a session say. No driver's data: subscribers ask for it."""

from decimal import Decimal
from typing import Any

from apps.cdrs.models import CDR, ChargingSession
from apps.events.services import NewEvent


def cdr_event(type: str, cdr: CDR, **extra: Any) -> NewEvent:
    """`type` is cdr.created, cdr.status.accepted, ...; `extra` is JSON-ready."""
    data = {
        "id": str(cdr.pk),
        "country_code": cdr.country_code,
        "party_id": cdr.party_id,
        "cdr_id": cdr.cdr_id,
        "status": cdr.status,
        "is_held": cdr.is_held,
        "is_credit": cdr.is_credit,
        "started_at": cdr.started_at.isoformat(),
        "ended_at": cdr.ended_at.isoformat(),
        "kwh": plain(cdr.kwh),
        "currency": cdr.currency,
        "total_cost_excl_vat": plain(cdr.total_cost_excl_vat),
        **extra,
    }
    return NewEvent(type=type, aggregate=cdr, provider_id=cdr.provider_id, data=data)


def session_event(type: str, session: ChargingSession) -> NewEvent:
    """`type` is session.started, session.updated or session.ended."""
    data = {
        "id": str(session.pk),
        "country_code": session.country_code,
        "party_id": session.party_id,
        "session_id": session.session_id,
        "status": session.status,
        "started_at": session.started_at.isoformat(),
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "kwh": plain(session.kwh),
        "currency": session.currency,
        "total_cost_excl_vat": plain(session.total_cost_excl_vat),
    }
    return NewEvent(type=type, aggregate=session, provider_id=session.provider_id, data=data)


def plain(amount: Decimal | None) -> str | None:
    """The amount as text, digits as they are."""
    return None if amount is None else format(amount, "f")
