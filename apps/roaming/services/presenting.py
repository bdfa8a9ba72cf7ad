"""How we present ourselves: our parties and the modules that we serve."""

from typing import Any

from apps.roaming.addresses import details_url, module_url, versions_url
from apps.roaming.models import Party, Peer
from apps.roaming.ocpi.credentials import CredentialsMessage, RoleMessage, write_credentials
from apps.roaming.ocpi.tokens import Written
from apps.roaming.ocpi.versions import Version, served_modules


def our_credentials(*, peer: Peer, token: str, base: str, version: Version) -> Written:
    """Our credentials object for a peer: the party it knows us by first, then our others."""
    others = Party.objects.exclude(pk=peer.party_id).order_by("country_code", "party_id", "role")
    roles = tuple(_role(party) for party in (peer.party, *others))
    message = CredentialsMessage(token=token, url=versions_url(base), roles=roles)
    return write_credentials(message, version)


def _role(party: Party) -> RoleMessage:
    details = {"name": party.name}
    if party.website:
        details["website"] = party.website
    return RoleMessage(party.role, party.ref, details)


def our_versions(base: str) -> list[dict[str, str]]:
    """The versions that we speak, with the addresses of their details."""
    return [{"version": version.value, "url": details_url(base, version)} for version in Version]


def our_details(base: str, version: Version) -> dict[str, Any]:
    """The modules that we serve in a version; 2.1.1 names no interface."""
    endpoints = []
    for module, role in served_modules(version).items():
        endpoint = {"identifier": module, "url": module_url(base, version, module)}
        if version.has_roles:
            endpoint["role"] = role.value
        endpoints.append(endpoint)
    return {"version": version.value, "endpoints": endpoints}
