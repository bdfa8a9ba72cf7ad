"""Facts as JSON: what the decide_vat command reads, and what a snapshot keeps."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from apps.core.errors import InvalidInput
from apps.core.times import can_have_happened
from apps.vat.facts import (
    Document,
    Facts,
    IdStatus,
    Kind,
    Policy,
    PrivateSubscription,
    ReverseScope,
    Supply,
)

_Choice = TypeVar("_Choice", bound=StrEnum)


class InvalidFacts(InvalidInput):
    """A fact has a form that can't be read."""

    code = "INVALID_FACTS"


def read_facts(raw: Mapping[str, Any]) -> Facts:
    """Facts from a JSON object; names as in Facts, `date` and `session_end_utc` for the times.

    A key that is left out is not known; unknown keys are left alone. Raises InvalidFacts.
    """
    return Facts(
        supply=_required(raw, "supply", Supply),
        on=_optional(raw, "date", _read_date),
        session_end=_optional(raw, "session_end_utc", _read_moment),
        supplier_country=_optional(raw, "supplier_country", _read_text),
        supplier_vat_registrations=_texts(raw, "supplier_vat_registrations"),
        supplier_kind=_choice(raw, "supplier_kind", Kind),
        supplier_vat_ids=_texts(raw, "supplier_vat_ids"),
        supplier_is_dealer=_flag(raw, "supplier_is_dealer", default=False),
        customer_country=_optional(raw, "customer_country", _read_text),
        customer_postcode=_optional(raw, "customer_postcode", _read_postcode),
        customer_kind=_choice(raw, "customer_kind", Kind),
        customer_vat_ids=_texts(raw, "customer_vat_ids"),
        vat_id_status=_choice(raw, "vat_id_status", IdStatus),
        station_country=_optional(raw, "station_country", _read_text),
        station_postcode=_optional(raw, "station_postcode", _read_postcode),
        document=_choice(raw, "document", Document) or Document.INVOICE,
        policy=read_policy(raw.get("policy") or {}),
    )


def read_policy(raw: Any) -> Policy:
    """A policy from a JSON object; what it leaves out is as the law has it. Raises InvalidFacts."""
    if not isinstance(raw, Mapping):
        raise InvalidFacts("policy is not an object.")
    scopes = raw.get("rc_scope") or {}
    if not isinstance(scopes, Mapping):
        raise InvalidFacts("policy.rc_scope is not an object of countries.")
    subscription = _choice(raw, "subscription_b2c", PrivateSubscription)
    return Policy(
        rc_scope={
            str(country).upper(): _member(ReverseScope, scope, f"rc_scope of {country}")
            for country, scope in scopes.items()
        },
        subscription_b2c=subscription or PrivateSubscription.ART58,
        oss_registered=bool(_flag(raw, "oss_registered", default=True)),
    )


def write_facts(facts: Facts) -> dict[str, Any]:
    """The facts as the JSON object that read_facts() reads."""
    policy = facts.policy
    return {
        "supply": facts.supply.value,
        "date": facts.on.isoformat() if facts.on else None,
        "session_end_utc": (
            facts.session_end.astimezone(UTC).isoformat() if facts.session_end else None
        ),
        "supplier_country": facts.supplier_country,
        "supplier_vat_registrations": list(facts.supplier_vat_registrations),
        "supplier_kind": facts.supplier_kind,
        "supplier_vat_ids": list(facts.supplier_vat_ids),
        "supplier_is_dealer": facts.supplier_is_dealer,
        "customer_country": facts.customer_country,
        "customer_postcode": facts.customer_postcode,
        "customer_kind": facts.customer_kind,
        "customer_vat_ids": list(facts.customer_vat_ids),
        "vat_id_status": facts.vat_id_status,
        "station_country": facts.station_country,
        "station_postcode": facts.station_postcode,
        "document": facts.document.value,
        "policy": {
            "rc_scope": {country: scope.value for country, scope in policy.rc_scope.items()},
            "subscription_b2c": policy.subscription_b2c.value,
            "oss_registered": policy.oss_registered,
        },
    }


def _required(raw: Mapping[str, Any], name: str, choices: type[_Choice]) -> _Choice:
    if raw.get(name) is None:
        raise InvalidFacts(f"{name} is missing.", field=name)
    return _member(choices, raw[name], name)


def _choice(raw: Mapping[str, Any], name: str, choices: type[_Choice]) -> _Choice | None:
    value = raw.get(name)
    return None if value is None or value == "" else _member(choices, value, name)


def _member(choices: type[_Choice], value: Any, name: str) -> _Choice:
    try:
        return choices(value.strip().lower() if isinstance(value, str) else value)
    except ValueError:
        allowed = ", ".join(choices)
        raise InvalidFacts(f"{name} is {value!r}, not one of: {allowed}.", field=name) from None


def _optional(raw: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    value = raw.get(name)
    if value is None or value == "":
        return None
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidFacts(f"{name} can't be read: {error}.", field=name) from None


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = raw.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidFacts(f"{name} is not a list of texts.", field=name)
    return tuple(value for value in values if value.strip())


def _flag(raw: Mapping[str, Any], name: str, *, default: bool) -> bool | None:
    value = raw.get(name, default)
    if value is not None and not isinstance(value, bool):
        raise InvalidFacts(f"{name} is neither true nor false.", field=name)
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("it is not a text")
    return value


def _read_postcode(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("it is not a text")
    return str(value)


def _read_date(value: Any) -> date:
    return date.fromisoformat(_read_text(value))


def _read_moment(value: Any) -> datetime:
    """A moment; without an offset it is UTC, as the name of the field says."""
    moment = datetime.fromisoformat(_read_text(value))
    if not can_have_happened(moment):
        raise ValueError(f"the year {moment.year} is out of range")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
