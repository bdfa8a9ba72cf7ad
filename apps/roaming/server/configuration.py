"""Versions, version details and credentials: open to registration tokens too."""

from collections.abc import Callable

from apps.roaming.models import Peer, PeerToken
from apps.roaming.ocpi.errors import NotAllowedNow, UnknownObject
from apps.roaming.ocpi.headers import presented_tokens
from apps.roaming.ocpi.tokens import Written
from apps.roaming.secrets import hash_token
from apps.roaming.server.door import Call, OcpiView, Said
from apps.roaming.services.presenting import our_credentials, our_details, our_versions
from apps.roaming.services.registration import (
    accept_registration,
    end_registration,
    renew_registration,
)


class VersionsView(OcpiView):
    """GET /ocpi/versions."""

    module = "versions"
    is_configuration = True
    is_routed = False

    def on_get(self, call: Call) -> Said:
        return Said(our_versions(call.base))


class DetailsView(OcpiView):
    """GET /ocpi/<version>."""

    module = "versions"
    is_configuration = True
    is_routed = False

    def on_get(self, call: Call) -> Said:
        return Said(our_details(call.base, call.version))


class CredentialsView(OcpiView):
    """GET, POST, PUT and DELETE of the credentials."""

    module = "credentials"
    is_configuration = True
    is_routed = False
    in_transaction = False

    def on_get(self, call: Call) -> Said:
        """Ours, with the token that the peer presented: it is stored nowhere."""
        header = call.request.headers.get("Authorization", "")
        token = next(
            text for text in presented_tokens(header) if hash_token(text) == call.token.token_hash
        )
        return _said(
            our_credentials(peer=call.peer, token=token, base=call.base, version=call.version)
        )

    def on_post(self, call: Call) -> Said:
        if _is_registered(call):
            raise NotAllowedNow("Already registered; use PUT to change the credentials.")
        ours = accept_registration(
            token=call.token, message=call.object(), version=call.version, base=call.base,
            now=call.now,
        )  # fmt: skip
        return _said(ours)

    def on_put(self, call: Call) -> Said:
        if not _is_registered(call):
            raise NotAllowedNow("Not registered yet; use POST.")
        ours = renew_registration(
            token=call.token, message=call.object(), version=call.version, base=call.base,
            now=call.now,
        )  # fmt: skip
        return _said(ours)

    def on_delete(self, call: Call) -> Said:
        end_registration(token=call.token, now=call.now)
        return Said()


class UnknownAddressView(OcpiView):
    """What no module serves: in the words of OCPI, and only to those who may know."""

    is_configuration = True
    is_routed = False

    def _handler(self, method: str) -> Callable[..., Said]:
        raise UnknownObject("There is nothing at this address; see /ocpi/versions.")


def _said(written: Written) -> Said:
    return Said(written.body, unsaid=written.unsaid)


def _is_registered(call: Call) -> bool:
    return call.token.kind == PeerToken.Kind.ACCESS and call.peer.state == Peer.State.REGISTERED
