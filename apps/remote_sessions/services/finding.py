"""Tokens, EVSEs and connectors by what people and programs call them."""

from django.db.models import Q
from django.db.models.functions import Upper

from apps.accounts.models import Provider, Token
from apps.core.errors import InvalidInput, NotFound
from apps.locations.models import Connector, Evse


class TokenUnknown(NotFound):
    """No token of this provider has that contract id or uid."""

    code = "TOKEN_UNKNOWN"


class EvseUnknown(NotFound):
    """No EVSE has that id."""

    code = "EVSE_UNKNOWN"


class EvseAmbiguous(InvalidInput):
    """Several EVSEs have that id."""

    code = "EVSE_AMBIGUOUS"


class ConnectorUnknown(NotFound):
    """The EVSE has no such connector."""

    code = "CONNECTOR_UNKNOWN"


def find_token(*, text: str, provider: Provider | None) -> Token:
    """By contract id or uid, without case; staff (None) find those of all providers.

    Another provider's token is as unknown as one that isn't there. Raises TokenUnknown.
    """
    tokens = Token.objects.select_related("account__provider").alias(
        contract=Upper("contract_id"), number=Upper("uid")
    )
    if provider is not None:
        tokens = tokens.filter(account__provider=provider)
    wanted = text.strip().upper()
    found: Token | None = tokens.filter(Q(contract=wanted) | Q(number=wanted)).first()
    if found is None:
        raise TokenUnknown(f"The token {text} is not known.")
    return found


def find_evse(*, text: str, location_id: str = "") -> Evse:
    """By EVSE id (NL*EFL*E0012*1), or by the operator's uid within a location.

    One that stands comes before those that were removed: operators and hubs publish stations
    again under other ids of their own. Raises EvseUnknown, EvseAmbiguous.
    """
    wanted = text.strip().upper()
    evses = Evse.objects.select_related("location__operator").alias(
        named=Upper("evse_id"), numbered=Upper("uid"), place=Upper("location__location_id")
    )
    fits = Q(named=wanted) | Q(numbered=wanted)
    if location_id:
        fits &= Q(place=location_id.strip().upper())
    fitting = evses.filter(fits)
    found = list(fitting.exclude(status=Evse.Status.REMOVED)[:2]) or list(fitting[:2])
    if not found:
        raise EvseUnknown(f"The EVSE {text} is not known.")
    if len(found) > 1:
        # Some operators give the same EVSE id at each location; staff name no location.
        uids = ", ".join(f"{evse.uid} ({evse.location})" for evse in found)
        raise EvseAmbiguous(
            f"Several EVSEs are called {text}, for example {uids}. Give the operator's uid "
            "instead, or the location too."
        )
    return found[0]


def find_connector(*, evse: Evse, text: str) -> Connector | None:
    """None when none is named. Raises ConnectorUnknown."""
    if not text:
        return None
    connectors = Connector.objects.filter(evse=evse, is_removed=False).alias(
        named=Upper("connector_id")
    )
    found: Connector | None = connectors.filter(named=text.strip().upper()).first()
    if found is None:
        raise ConnectorUnknown(f"{evse} has no connector {text}.")
    return found
