"""Hub client info: who is behind a hub, and whether it is connected (`mod_hub_client_info`)."""

from dataclasses import dataclass
from datetime import datetime

from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef


@dataclass(frozen=True, slots=True)
class ClientInfoMessage:
    """A party behind a hub; `last_updated` is missing from the specification's own example."""

    party: PartyRef
    role: str
    status: str
    last_updated: datetime | None


def read_client_info(fields: Fields) -> ClientInfoMessage:
    """Raises InvalidMessage."""
    return ClientInfoMessage(
        party=PartyRef.of(
            fields.text("country_code", longest=2), fields.text("party_id", longest=3)
        ),
        role=fields.text("role", longest=10).upper(),
        status=fields.text("status", longest=20).upper(),
        last_updated=fields.opt_time("last_updated"),
    )
