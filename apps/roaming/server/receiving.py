"""Receiver modules: what operators push to us and read back."""

from apps.roaming.addresses import module_url
from apps.roaming.ocpi.errors import InvalidMessage, NotAllowedNow
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version
from apps.roaming.server.door import Call, OcpiView, Said, refusal
from apps.roaming.services import hub_clients, kept_modules, locations, sessions
from apps.roaming.services.cdrs import get_cdr, read_peer_cdr, receive_peer_cdrs
from apps.roaming.services.keeping import Identity, require_owner
from apps.roaming.services.locations import Spot


def owner_of(call: Call, country_code: str, party_id: str) -> PartyRef:
    """The party of the URL, which must be the peer's. Raises UnknownObject."""
    owner = PartyRef.of(country_code, party_id)
    require_owner(peer=call.peer, owner=owner)
    return owner


def stored(is_new: bool) -> Said:
    """`status_codes`: 201 when it was created, 200 when it was there."""
    return Said(http_status=201 if is_new else 200)


class LocationsView(OcpiView):
    """Locations, EVSEs and connectors: GET, PUT, PATCH."""

    module = "locations"

    def on_get(self, call: Call, **names: str) -> Said:
        return Said(locations.get_spot(peer=call.peer, spot=_spot(call, **names)))

    def on_put(self, call: Call, **names: str) -> Said:
        spot = _spot(call, **names)
        is_new = locations.put_spot(
            peer=call.peer, spot=spot, message=call.object(), version=call.version, now=call.now
        )
        return stored(is_new)

    def on_patch(self, call: Call, **names: str) -> Said:
        spot = _spot(call, **names)
        locations.patch_spot(
            peer=call.peer, spot=spot, patch=call.object(), version=call.version, now=call.now
        )
        return Said()


def _spot(
    call: Call, *, country_code: str, party_id: str, location_id: str, evse_uid: str = "",
    connector_id: str = "",
) -> Spot:  # fmt: skip
    owner = owner_of(call, country_code, party_id)
    return Spot(owner, location_id, evse_uid or "", connector_id or "")


class SessionsView(OcpiView):
    """Sessions: GET, PUT, PATCH."""

    module = "sessions"

    def on_get(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        owner = owner_of(call, country_code, party_id)
        return Said(sessions.get_session(peer=call.peer, owner=owner, session_id=object_id))

    def on_put(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        is_new = sessions.put_session(
            peer=call.peer, owner=owner_of(call, country_code, party_id), session_id=object_id,
            message=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return stored(is_new)

    def on_patch(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        sessions.patch_session(
            peer=call.peer, owner=owner_of(call, country_code, party_id), session_id=object_id,
            patch=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return Said()


class CdrsView(OcpiView):
    """CDRs: POST new ones; the service opens the one transaction."""

    module = "cdrs"
    in_transaction = False

    def on_post(self, call: Call) -> Said:
        message = call.object()
        if message.get("credit") and not call.peer.sends_credit_cdrs:
            raise InvalidMessage("This connection has no credit CDRs.", field="credit")
        read = read_peer_cdr(peer=call.peer, message=message, version=call.version, raw=call.body)
        [arrival] = receive_peer_cdrs(
            peer=call.peer, messages=[read], version=call.version, now=call.now
        )
        if arrival.error is not None:
            # Answered, not raised: the conflict that was kept must not be rolled back.
            return refusal(arrival.error)
        assert arrival.cdr is not None  # noqa: S101 - without an error there is one
        url = f"{module_url(call.base, call.version, 'cdrs')}/{arrival.cdr.pk}"
        return Said(http_status=201 if arrival.created else 200, headers={"Location": url})


class CdrView(OcpiView):
    """One CDR: GET at the address that the POST gave."""

    module = "cdrs"

    def on_get(self, call: Call, reference: str) -> Said:
        return Said(get_cdr(peer=call.peer, reference=reference))


class TariffsView(OcpiView):
    """Tariffs: GET, PUT, DELETE; PATCH in 2.1.1."""

    module = "tariffs"

    def on_get(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        owner = owner_of(call, country_code, party_id)
        return Said(
            kept_modules.get_object(peer=call.peer, identity=Identity("tariffs", owner, object_id))
        )

    def on_put(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        is_new = kept_modules.put_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            message=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return stored(is_new)

    def on_patch(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        if call.version is not Version.V2_1_1:
            raise NotAllowedNow("Tariffs have no PATCH since 2.2.")
        kept_modules.patch_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            patch=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return Said()

    def on_delete(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        kept_modules.delete_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            now=call.now,
        )  # fmt: skip
        return Said()


class HubClientInfoView(OcpiView):
    """Who is behind the hub: GET, PUT; a configuration module, so that it is not routed."""

    module = "hubclientinfo"

    def on_get(self, call: Call, country_code: str, party_id: str) -> Said:
        party = PartyRef.of(country_code, party_id)
        return Said(hub_clients.get_client_info(peer=call.peer, party=party))

    def on_put(self, call: Call, country_code: str, party_id: str) -> Said:
        is_new = hub_clients.put_client_info(
            peer=call.peer, party=PartyRef.of(country_code, party_id), message=call.object(),
            now=call.now,
        )  # fmt: skip
        return stored(is_new)
