"""Live sessions as operators send them: in any order, some of them twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.services import record
from apps.cdrs.arrivals import announce_session
from apps.cdrs.form import check_session_form
from apps.cdrs.messages import Price, SessionMessage
from apps.cdrs.models import ChargingSession
from apps.cdrs.references import References
from apps.cdrs.services.building import charge_values, running_costs
from apps.cdrs.services.telling import session_event
from apps.core.errors import NotFound
from apps.events.services import emit_many

# What the operator may correct; a link that we found is not lost by a later message.
_LINKS: Final = ("operator", "location", "token", "account", "provider")


class SessionUnknown(NotFound):
    """A change came for a session that never came."""

    code = "SESSION_UNKNOWN"


@dataclass(frozen=True, slots=True)
class SessionReceipt:
    """The session as we have it. Not `changed`: the message was old, or said nothing new."""

    session: ChargingSession
    created: bool
    changed: bool


def receive_session(
    *,
    message: SessionMessage,
    source: str,
    now: datetime,
    provider: Provider | None = None,
    actor: Actor | None = None,
) -> SessionReceipt:
    """Store or replace a session. An older `last_updated`, and a return from an end, are ignored.

    Raises the errors of check_session_form.
    """
    check_session_form(message)
    with transaction.atomic():
        session = _lock(message.identity)
        if session is None:
            try:
                with transaction.atomic():
                    return _start(message, source, provider, now, actor)
            except IntegrityError:
                # The same session came in through another process at the same moment.
                session = _lock(message.identity)
                if session is None:
                    raise
        return _update(session, message, now, actor)


def patch_session(
    *,
    country_code: str,
    party_id: str,
    session_id: str,
    changes: Mapping[str, Any],
    now: datetime,
    actor: Actor | None = None,
) -> SessionReceipt:
    """Change some fields (names of SessionMessage; `last_updated` among them).

    Charging periods are appended to those that are there (OCPI 2.2.1 `mod_sessions`, PATCH).
    Raises SessionUnknown and the errors of check_session_form.
    """
    with transaction.atomic():
        session = _lock((country_code.upper(), party_id.upper(), session_id.upper()))
        if session is None:
            raise SessionUnknown(f"There is no session {session_id} of {country_code}*{party_id}.")
        periods = [*session.charging_periods, *changes.get("charging_periods", [])]
        message = replace(message_of(session), **{**changes, "charging_periods": periods})
        check_session_form(message)
        return _update(session, message, now, actor)


def message_of(session: ChargingSession) -> SessionMessage:
    """The session as a message that would change nothing."""
    return SessionMessage(
        country_code=session.country_code, party_id=session.party_id,
        session_id=session.session_id, status=session.status, started_at=session.started_at,
        ended_at=session.ended_at, currency=session.currency, kwh=session.kwh,
        contract_id=session.contract_id, token_uid=session.token_uid,
        location_id=session.location_id_sent, evse_uid=session.evse_uid, evse_id=session.evse_id,
        connector_id=session.connector_id,
        authorization_reference=session.authorization_reference,
        total_cost=Price(session.total_cost_excl_vat, session.total_cost_incl_vat),
        charging_periods=session.charging_periods, last_updated=session.last_updated,
        raw=session.raw,
    )  # fmt: skip


def _lock(identity: tuple[str, str, str]) -> ChargingSession | None:
    country, party, session_id = identity
    rows = ChargingSession.objects.select_for_update(of=("self",))
    session: ChargingSession | None = rows.identified_by(
        country_code=country, party_id=party, session_id=session_id
    ).first()
    return session


def _start(
    message: SessionMessage,
    source: str,
    provider: Provider | None,
    now: datetime,
    actor: Actor | None,
) -> SessionReceipt:
    session = ChargingSession(source=source, **_values(message, provider))
    record("received session", session, actor=actor)
    events = [session_event("session.started", session)]
    if session.status in ChargingSession.FINAL:
        events.append(session_event("session.ended", session))
    for event in events:
        emit_many(events=[event], now=now)
    announce_session(session, now=now)
    return SessionReceipt(session, created=True, changed=True)


def _update(
    session: ChargingSession, message: SessionMessage, now: datetime, actor: Actor | None
) -> SessionReceipt:
    if _is_late(session, message):
        return SessionReceipt(session, created=False, changed=False)
    values = _values(message, session.provider)
    for name in _LINKS:
        values[name] = values[name] or getattr(session, name)
    if all(getattr(session, name) == value for name, value in values.items() if name != "raw"):
        return SessionReceipt(session, created=False, changed=False)
    ends = message.status in ChargingSession.FINAL and session.status not in ChargingSession.FINAL
    for name, value in values.items():
        setattr(session, name, value)
    record("updated session", session, actor=actor)
    type = "session.ended" if ends else "session.updated"
    emit_many(events=[session_event(type, session)], now=now)
    announce_session(session, now=now)
    return SessionReceipt(session, created=False, changed=True)


def _is_late(session: ChargingSession, message: SessionMessage) -> bool:
    """Older than what we have, or an update from before the end that was sent after it."""
    reopens = (
        session.status in ChargingSession.FINAL and message.status not in ChargingSession.FINAL
    )
    return reopens or message.last_updated < session.last_updated


def _values(message: SessionMessage, provider: Provider | None) -> dict[str, Any]:
    found = References([message]).find(message, provider=provider)
    return {
        **charge_values(message, found),
        **running_costs(message),
        "status": message.status,
        "last_updated": message.last_updated,
    }
