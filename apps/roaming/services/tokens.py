"""Our drivers' tokens as peers see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest, Upper

from apps.accounts.models import Account, Token
from apps.roaming.models import Party, Peer
from apps.roaming.ocpi.pages import Window
from apps.roaming.ocpi.tokens import TokenMessage, type_in
from apps.roaming.ocpi.versions import Role
from apps.roaming.profiles import rfid_spellings, rfid_uid

log = structlog.get_logger(__name__)
# What the platform calls a kind of token, in the newest version's words.
_TYPES = {"RFID": "RFID", "APP_USER": "APP_USER", "AD_HOC_USER": "AD_HOC_USER"}


@dataclass(frozen=True, slots=True)
class Owners:
    """Which of our parties owns the tokens of which provider."""

    by_provider: dict[Any, Party]
    default: Party | None

    @classmethod
    def load(cls, peer: Peer) -> "Owners":
        """As the peer sees them: 2.1.1 knows us as one party only."""
        parties = list(Party.objects.filter(role=Role.EMSP))
        own = {party.provider_id: party for party in parties if party.provider_id}
        if not peer.ocpi_version.has_roles:
            party = peer.party
            if party.provider_id:
                return cls({party.provider_id: party}, None)
            return cls(dict.fromkeys(own, party), party)
        shared = [party for party in parties if party.provider_id is None]
        default = peer.party if peer.party in shared else (shared[0] if shared else None)
        return cls(own, default)

    def owner_of(self, token: Token) -> Party | None:
        return self.of_provider(token.account.provider_id)

    def of_provider(self, provider_id: UUID) -> Party | None:
        return self.by_provider.get(provider_id, self.default)


def tokens_for(peer: Peer, owners: Owners) -> QuerySet[Any]:
    """The tokens that the peer may know, with `changed_at`, oldest first.

    Those of erased drivers are none: the peer never had the names that they bear now.
    """
    rows: QuerySet[Any] = (
        Token.objects.named()
        .select_related("account__provider")
        .annotate(changed_at=Greatest("updated_at", "account__updated_at"))
    )
    if owners.default is None:
        rows = rows.filter(account__provider__in=list(owners.by_provider))
    return rows.order_by("id")


def changed_since(rows: QuerySet[Any], since: datetime) -> QuerySet[Any]:
    """Those of `tokens_for` that changed at `since` or later, themselves or their account.

    By keys: the later of two tables' times has no index, each of them has one.
    """
    of_token = Token.objects.filter(updated_at__gte=since).values("pk")
    of_account = Token.objects.filter(account__updated_at__gte=since).values("pk")
    return rows.filter(pk__in=of_token.union(of_account))


def list_tokens(*, peer: Peer, window: Window) -> tuple[list[TokenMessage], int]:
    """One page of the peer's list, and how many there are."""
    owners = Owners.load(peer)
    rows = tokens_for(peer, owners)
    if window.date_from:
        rows = changed_since(rows, window.date_from)
    if window.date_to:
        rows = rows.filter(changed_at__lt=window.date_to)
    total = rows.count()
    page = rows[window.offset : window.offset + window.limit]
    messages = [token_message(peer, token, owners) for token in page]
    return [message for message in messages if message is not None], total


def token_message(peer: Peer, token: Any, owners: Owners) -> TokenMessage | None:
    """The token in OCPI's words; None when none of our parties owns it."""
    owner = owners.owner_of(token)
    if owner is None:
        return None
    account = token.account
    return TokenMessage(
        party=owner.ref,
        uid=_uid(peer, token),
        type=_TYPES.get(token.kind, "OTHER"),
        contract_id=token.contract_id,
        visual_number=token.visual_number,
        issuer=account.provider.name,
        valid=token.is_valid and account.status == Account.Status.ACTIVE,
        whitelist=peer.whitelist,
        language=account.language,
        last_updated=token.changed_at,
    )


def _uid(peer: Peer, token: Token) -> str:
    """Gireve wants 8 or 14 hexadecimal digits of a card; another goes as it is, and is told."""
    if not peer.behaviour.strict_rfid or token.kind != Token.Kind.RFID:
        return token.uid
    uid = rfid_uid(token.uid)
    if uid is None:
        log.warning("card has no hexadecimal uid", token=str(token.pk), peer=str(peer))
    return uid or token.uid


def find_token(*, peer: Peer, uid: str, kind: str = "") -> TokenMessage | None:
    """The token of this uid, without case; None when it is not ours."""
    owners = Owners.load(peer)
    token = find_record(peer=peer, uid=uid, kind=kind)
    return token_message(peer, token, owners) if token is not None else None


def find_record(*, peer: Peer, uid: str, kind: str = "") -> Token | None:
    """As find_token, the record itself with `changed_at`; `kind` as the peer's version calls it.

    Of a card's leading zeros Gireve has its own number: the uid as it stands comes first.
    """
    wanted = uid.strip().upper()
    named = Q(key=wanted)
    if peer.behaviour.strict_rfid:
        named |= Q(key__in=rfid_spellings(wanted), kind=Token.Kind.RFID)
    rows = tokens_for(peer, Owners.load(peer)).alias(key=Upper("uid")).filter(named)
    token = next(iter(sorted(rows, key=lambda row: row.uid.upper() != wanted)), None)
    if token is not None and kind and kind.upper() != _type(peer, token):
        return None
    return token


def _type(peer: Peer, token: Token) -> str:
    """What the peer's version calls the kind of token."""
    return type_in(peer.ocpi_version, _TYPES.get(token.kind, "OTHER"))
