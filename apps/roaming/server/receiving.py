"""Receiver modules: what operators push to us and read back."""

from uuid import UUID

from apps.audit.personal import ERASED
from apps.cdrs.messages import CdrMessage
from apps.roaming.addresses import module_url
from apps.roaming.models import WaitingCdr
from apps.roaming.ocpi import json
from apps.roaming.ocpi.errors import NotAllowedNow, UnknownObject
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.versions import Version
from apps.roaming.server.door import Call, OcpiView, Said, refusal
from apps.roaming.services import hub_clients, locations, sessions, tariffs
from apps.roaming.services.cdrs import (
    address_of,
    get_cdr,
    read_peer_cdr,
    receive_peer_cdrs,
    require_credit_taken,
    require_own,
)
from apps.roaming.services.keeping import require_owner
from apps.roaming.services.locations import Spot
from apps.roaming.services.receiving_cdrs import CdrNotReceivable, settle_waiting
from apps.roaming.services.setting_aside import give_way
from apps.roaming.services.taking_cdrs import take_cdr


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
        spot = _spot(call, **names)
        return Said(locations.get_spot(peer=call.peer, spot=spot, version=call.version))

    def on_put(self, call: Call, **names: str) -> Said:
        spot = _spot(call, **names)
        is_new = locations.put_spot(
            peer=call.peer, spot=spot, message=call.object(), version=call.version, now=call.now
        )
        return stored(is_new)

    def on_patch(self, call: Call, **names: str) -> Said:
        spot = _spot(call, **names)
        locations.patch_spot(peer=call.peer, spot=spot, patch=call.object(), version=call.version)
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
        session = sessions.get_session(
            peer=call.peer, owner=owner, session_id=object_id, version=call.version
        )
        return Said(session)

    def on_put(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        is_new = sessions.put_session(
            peer=call.peer, owner=owner_of(call, country_code, party_id), session_id=object_id,
            message=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return stored(is_new)

    def on_patch(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        if not call.peer.patches_sessions:
            raise NotAllowedNow("This connection has no PATCH of sessions; PUT the whole session.")
        sessions.patch_session(
            peer=call.peer, owner=owner_of(call, country_code, party_id), session_id=object_id,
            patch=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return Said()


class CdrsView(OcpiView):
    """CDRs: POST new ones; the services open their transactions."""

    module = "cdrs"
    in_transaction = False

    def on_post(self, call: Call) -> Said:
        message = call.object()
        require_credit_taken(peer=call.peer, message=message)
        read = read_peer_cdr(peer=call.peer, message=message, version=call.version, raw=call.body)
        if taken := take_cdr(peer=call.peer, message=read, now=call.now):
            return self._taken(call, taken)
        return self._compared(call, read)

    def _taken(self, call: Call, taken: UUID) -> Said:
        call.taken = taken
        url = _cdr_url(call, taken, call.version)
        return Said(http_status=201, headers={"Location": url})

    def _compared(self, call: Call, read: CdrMessage) -> Said:
        """We have one of this identity: the same content is answered like the first time."""
        [waiting] = settle_waiting([read], now=call.now)
        if waiting is not None:
            return self._waits_on(call, waiting, read)
        require_own(peer=call.peer, message=read)
        [arrival] = receive_peer_cdrs(peer=call.peer, messages=[read], now=call.now)
        if arrival.error is not None:
            # Answered, not raised: the conflict that was kept must not be rolled back.
            return refusal(arrival.error)
        assert arrival.cdr is not None  # noqa: S101 - without an error there is one
        address = address_of(peer=call.peer, cdr=arrival.cdr)
        url = _cdr_url(call, address, arrival.cdr.ocpi_version or call.version)
        return Said(http_status=201 if arrival.created else 200, headers={"Location": url})

    def _waits_on(self, call: Call, waiting: WaitingCdr, read: CdrMessage) -> Said:
        """It came before and can't be received yet: the same again is no news.

        Other content takes the place of one that staff set aside.
        """
        if waiting.peer_id != call.peer.pk:
            raise UnknownObject("This CDR came through another connection.")
        if waiting.message != ERASED and json.read(waiting.message) == call.object():
            url = _cdr_url(call, waiting.pk, waiting.version)
            return Said(headers={"Location": url})
        if give_way(waiting=waiting) and (
            taken := take_cdr(peer=call.peer, message=read, now=call.now)
        ):
            return self._taken(call, taken)
        raise CdrNotReceivable(
            "A CDR of this id is being received and says something else. Send it again later."
        )


def _cdr_url(call: Call, cdr_id: UUID, version: str) -> str:
    """Below the version that the CDR was sent in: it can be had in no other."""
    return f"{module_url(call.base, Version(version), 'cdrs')}/{cdr_id}"


class CdrView(OcpiView):
    """One CDR: GET at the address that the POST gave."""

    module = "cdrs"

    def on_get(self, call: Call, reference: str) -> Said:
        cdr = get_cdr(peer=call.peer, reference=reference, version=call.version)
        return Said(cdr)


class TariffsView(OcpiView):
    """Tariffs: GET, PUT, DELETE; PATCH in 2.1.1."""

    module = "tariffs"

    def on_get(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        tariff = tariffs.get_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            version=call.version,
        )  # fmt: skip
        return Said(tariff)

    def on_put(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        is_new = tariffs.put_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            message=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return stored(is_new)

    def on_patch(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        if call.version is not Version.V2_1_1:
            raise NotAllowedNow("Tariffs have no PATCH since 2.2.")
        tariffs.patch_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            patch=call.object(), version=call.version, now=call.now,
        )  # fmt: skip
        return Said()

    def on_delete(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        tariffs.delete_tariff(
            peer=call.peer, owner=owner_of(call, country_code, party_id), tariff_id=object_id,
            now=call.now,
        )  # fmt: skip
        return Said()


class HubClientInfoView(OcpiView):
    """Who is behind the hub: GET, PUT; a configuration module, so that it is not routed."""

    module = "hubclientinfo"
    is_routed = False

    def on_get(self, call: Call, country_code: str, party_id: str) -> Said:
        party = PartyRef.of(country_code, party_id)
        return Said(hub_clients.get_client_info(peer=call.peer, party=party))

    def on_put(self, call: Call, country_code: str, party_id: str) -> Said:
        is_new = hub_clients.put_client_info(
            peer=call.peer, party=PartyRef.of(country_code, party_id), message=call.object(),
            now=call.now,
        )  # fmt: skip
        return stored(is_new)
