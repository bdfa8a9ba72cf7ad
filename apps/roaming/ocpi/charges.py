"""What sessions and CDRs have in common: token, place, periods, references."""

from typing import Any

from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.parties import party_of


def owner_of(fields: Fields, fallback: PartyRef | None) -> PartyRef:
    """The operator: as the object says, else `fallback` (2.1.1: URL or credentials).

    Raises InvalidMessage when nobody can be named.
    """
    owner = party_of(fields) or fallback
    if owner is None:
        raise InvalidMessage("Missing required field: country_code.", field="country_code")
    return owner


def read_periods(fields: Fields) -> list[dict[str, Any]]:
    """The charging periods as sent, checked for form. Raises InvalidMessage."""
    periods = []
    for period in fields.objects("charging_periods"):
        period.time("start_date_time")
        for dimension in period.objects("dimensions"):
            dimension.text("type")
            dimension.number("volume")
        periods.append(period.members)
    return periods


def authorization_reference(fields: Fields) -> str:
    """Gireve calls it `authorization_id` in 2.1.1."""
    return fields.opt_text("authorization_reference", longest=64) or fields.opt_text(
        "authorization_id", longest=64
    )


def read_token(fields: Fields) -> dict[str, str]:
    """Contract id and uid: a CdrToken from 2.2 on, only `auth_id` in 2.1.1."""
    token = fields.opt_object("cdr_token")
    if token is None:
        return {"contract_id": fields.identifier("auth_id"), "token_uid": ""}
    return {
        "contract_id": token.opt_text("contract_id", longest=36),
        "token_uid": token.identifier("uid"),
    }


def read_session_token(fields: Fields) -> dict[str, str]:
    """As read_token; empty when a session that a command started names none.

    The specification requires a token, but some hubs leave it out of these sessions, which are
    told by the command's reference or their id as well.
    """
    is_named = any(fields.members.get(name) is not None for name in ("cdr_token", "auth_id"))
    if not is_named and fields.members.get("auth_method") == "COMMAND":
        return {"contract_id": "", "token_uid": ""}
    return read_token(fields)


def read_currency(fields: Fields) -> str:
    """Three capital letters; whether there is such a currency is not a matter of form."""
    return fields.text("currency", longest=3).strip().upper()


def first_plug(location: Fields) -> tuple[str, str, str, str]:
    """EVSE uid, EVSE id, connector id and power type of the location inside a 2.1.1 message."""
    for evse in location.objects("evses"):
        for plug in evse.objects("connectors"):
            return (
                evse.opt_text("uid", longest=39),
                evse.opt_text("evse_id", longest=48),
                plug.opt_text("id", longest=36),
                plug.opt_text("power_type")[:20],
            )
        return evse.opt_text("uid", longest=39), evse.opt_text("evse_id", longest=48), "", ""
    return "", "", "", ""
