"""Tokens: ours as a list and in real time; those of other eMSPs as they push them."""

from apps.roaming.addresses import module_url
from apps.roaming.ocpi import json
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.pages import Window
from apps.roaming.ocpi.tokens import LocationReferences, write_authorization, write_token_list
from apps.roaming.server.door import Call, OcpiView, Said, page_limit
from apps.roaming.server.receiving import owner_of, stored
from apps.roaming.services import foreign_tokens
from apps.roaming.services.authorization import authorize_token
from apps.roaming.services.tokens import list_tokens


class TokenListView(OcpiView):
    """GET: our tokens by pages, oldest first."""

    module = "tokens"

    def on_get(self, call: Call) -> Said:
        limit = page_limit(call.peer)
        window = Window.read(call.query, max_limit=limit)
        messages, total = list_tokens(peer=call.peer, window=window)
        headers = {"X-Total-Count": str(total), "X-Limit": str(limit)}
        link = window.next_link(module_url(call.base, call.version, "tokens"), total=total)
        if link is not None:
            headers["Link"] = link
        written = write_token_list(messages, call.version)
        return Said(written.body, headers=headers, unsaid=written.unsaid)


class AuthorizeView(OcpiView):
    """POST: may this token charge?"""

    module = "tokens"

    def on_post(self, call: Call, uid: str, country_code: str = "", party_id: str = "") -> Said:
        body = json.read(call.body) if call.body.strip() else None
        decision = authorize_token(
            peer=call.peer, uid=uid, kind=call.query.get("type", ""),
            owner=PartyRef.of(country_code, party_id) if country_code else None,
            place=LocationReferences.read(body), now=call.now,
        )  # fmt: skip
        answer = write_authorization(
            token=decision.token, allowed=decision.allowed, reference=decision.reference,
            place=decision.place, version=call.version,
            reference_name=call.peer.behaviour.reference_name,
        )  # fmt: skip
        return Said(answer.body, unsaid=answer.unsaid)


class ForeignTokenView(OcpiView):
    """GET, PUT, PATCH: a token that another eMSP owns."""

    module = "tokens"

    def on_get(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        token = foreign_tokens.get_token(
            peer=call.peer, owner=owner_of(call, country_code, party_id), uid=object_id,
            version=call.version,
        )  # fmt: skip
        return Said(token)

    def on_put(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        is_new = foreign_tokens.put_token(
            peer=call.peer, owner=owner_of(call, country_code, party_id), uid=object_id,
            message=call.object(), version=call.version,
        )  # fmt: skip
        return stored(is_new)

    def on_patch(self, call: Call, country_code: str, party_id: str, object_id: str) -> Said:
        foreign_tokens.patch_token(
            peer=call.peer, owner=owner_of(call, country_code, party_id), uid=object_id,
            patch=call.object(), version=call.version,
        )  # fmt: skip
        return Said()
