"""Hub client info: who is behind a hub, and whether it is connected (`mod_hub_client_info`)."""

from dataclasses import dataclass
from datetime import datetime

from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.parties import read_party


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
        party=read_party(fields),
        # Of newer versions they may be longer; the message is kept whole beside them.
        role=fields.text("role").upper()[:10],
        status=fields.text("status").upper()[:20],
        last_updated=fields.opt_time("last_updated"),
    )
