"""Who owns an object: URL, body and credentials must not contradict each other."""

import re
from typing import Any

from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef

# eMI3 Part 2: country, operator, then E and the rest; the asterisks may be left out.
_EVSE_ID = re.compile(r"([A-Z]{2})\*?([A-Z0-9]{3})\*?E", re.IGNORECASE)


def party_of(fields: Fields) -> PartyRef | None:
    """The party named in an object (2.2 and newer, and some 2.1.1 hubs), or None.

    Raises InvalidMessage when only one half is there.
    """
    if not fields.opt_text("country_code") and not fields.opt_text("party_id"):
        return None
    return read_party(fields)


def read_party(fields: Fields) -> PartyRef:
    """The party that must be named. Raises InvalidMessage."""
    party = PartyRef.of(fields.text("country_code", longest=2), fields.text("party_id", longest=3))
    if not party.can_be:
        raise InvalidMessage(f"{party} is no party.", field="party_id")
    return party


def party_of_name(name: str) -> PartyRef | None:
    """The party that a text such as FR*CPO is, or None."""
    country, _, party = name.partition("*")
    return PartyRef.of(country, party) if len(country) == 2 and len(party) == 3 else None


def party_of_evse_id(evse_id: str) -> PartyRef | None:
    """The operator that the id of an EVSE (FR*CPO*E111) begins with, or None."""
    found = _EVSE_ID.match(evse_id.strip())
    return PartyRef.of(found[1], found[2]) if found else None


def require_same(field: str, *, in_url: str, in_body: Any) -> None:
    """An id in the URL is that of the body, without case; left out of the body is no contradiction.

    Raises InvalidMessage (2001, `transport_and_format`, errors of client owned objects).
    """
    if in_body is None:
        return
    if not isinstance(in_body, str):
        raise InvalidMessage(f"{field} must be a text.", field=field)
    if in_body.strip().upper() != in_url.strip().upper():
        raise InvalidMessage(
            f"{field} is {in_body:.60} in the body but {in_url:.60} in the URL.", field=field
        )


def require_party_of_url(body: dict[str, Any], owner: PartyRef) -> None:
    """The party in the URL is that of the body."""
    require_same("country_code", in_url=owner.country_code, in_body=body.get("country_code"))
    require_same("party_id", in_url=owner.party_id, in_body=body.get("party_id"))
