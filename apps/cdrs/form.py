"""Whether a message can be read as a CDR or a session at all; what can't is refused."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import models

from apps.cdrs.messages import CdrMessage, ChargeMessage, Price, SessionMessage
from apps.cdrs.models import CDR, ChargingSession
from apps.core.errors import InvalidInput
from apps.core.money import currency_exponent
from apps.core.times import can_have_happened

# Ten digits before the point: no charge costs ten thousand million of any currency.
MOST_DIGITS: Final = 10
# Powers of ten.
SMALLEST: Final = -30
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_PARTY = re.compile(r"[A-Za-z0-9]{3}")


class CdrUnreadable(InvalidInput):
    """It lacks what makes it a CDR, or has values that can't be kept."""

    code = "CDR_UNREADABLE"


class EndBeforeStart(InvalidInput):
    """It ended before it started."""

    code = "CDR_END_BEFORE_START"


class FieldTooLong(InvalidInput):
    """A text that is longer than what is kept of it."""

    code = "FIELD_TOO_LONG"


class NumberOutOfRange(InvalidInput):
    """A number that no charge can have."""

    code = "NUMBER_OUT_OF_RANGE"


def check_cdr_form(message: CdrMessage) -> None:
    """Raises CdrUnreadable, EndBeforeStart, UnknownCurrency, FieldTooLong, NumberOutOfRange."""
    _check(message, identity=message.cdr_id, name="CDR id", model=CDR)


def check_session_form(message: SessionMessage) -> None:
    """As for a CDR; a session may have no currency yet."""
    if message.status not in ChargingSession.Status:
        raise CdrUnreadable(f"{message.status!r} is no status of a session.", field="status")
    _check_time(message.last_updated, "last_updated")
    _check(message, identity=message.session_id, name="session id", model=ChargingSession)


def _check(
    message: CdrMessage | SessionMessage, *, identity: str, name: str, model: type[models.Model]
) -> None:
    if not _COUNTRY.fullmatch(message.country_code) or not _PARTY.fullmatch(message.party_id):
        raise CdrUnreadable(
            f"{message.country_code}*{message.party_id} is no OCPI party: a country code of two "
            "letters and three letters or digits."
        )
    if not identity.strip():
        raise CdrUnreadable(f"It has no {name}.")
    if message.currency or isinstance(message, CdrMessage):
        currency_exponent(message.currency)
    _check_times(message)
    _check_texts(message, model)
    for label, number in _numbers(message):
        _check_number(label, number)


def _check_times(message: CdrMessage | SessionMessage) -> None:
    _check_time(message.started_at, "started_at")
    if message.ended_at is None:
        return
    _check_time(message.ended_at, "ended_at")
    if message.ended_at < message.started_at:
        raise EndBeforeStart(
            f"It ends ({message.ended_at.isoformat()}) before it starts "
            f"({message.started_at.isoformat()})."
        )


def _check_time(moment: datetime, name: str) -> None:
    if moment.tzinfo is None:
        raise CdrUnreadable(f"{name} has no time zone.", field=name)
    if not can_have_happened(moment):
        raise CdrUnreadable(f"{name} is no time of a charge: {moment.isoformat()}.", field=name)


def _check_texts(message: ChargeMessage, model: type[models.Model]) -> None:
    columns: dict[str, Any] = {column.name: column for column in model._meta.concrete_fields}
    for part in fields(message):
        value = getattr(message, part.name)
        if not isinstance(value, str):
            continue
        if "\x00" in value:
            raise CdrUnreadable(f"{part.name} holds a null character.", field=part.name)
        column = columns.get("location_id_sent" if part.name == "location_id" else part.name)
        longest = getattr(column, "max_length", None)
        if longest and len(value) > longest:
            raise FieldTooLong(
                f"{part.name} has {len(value)} characters; at most {longest} are kept.",
                field=part.name,
            )


def _numbers(message: ChargeMessage) -> Iterator[tuple[str, Decimal]]:
    yield "kwh", message.kwh
    for part in fields(message):
        value = getattr(message, part.name)
        if isinstance(value, Price):
            for side in ("excl_vat", "incl_vat"):
                amount = getattr(value, side)
                if amount is not None:
                    yield f"{part.name}.{side}", amount


def _check_number(label: str, number: Decimal) -> None:
    if not number.is_finite():
        raise CdrUnreadable(f"{label} is no number: {number}.", field=label)
    # Not compared as numbers: 1E+999999999 overflows even abs().
    if number and not SMALLEST <= number.adjusted() < MOST_DIGITS:
        raise NumberOutOfRange(f"{label} is out of all bounds.", field=label)
