"""Peers for tests."""

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.roaming.models import Party, Peer, PeerToken
from apps.roaming.secrets import encrypt_token, hash_token


class PartyFactory(DjangoModelFactory):
    class Meta:
        model = Party
        django_get_or_create = ("country_code", "party_id", "role")

    country_code = "NL"
    party_id = "EVC"
    role = "EMSP"
    name = "evcharge"


def role(party: str, kind: str = "CPO", name: str = "Operator") -> dict[str, Any]:
    country_code, party_id = party.split("*")
    return {
        "role": kind, "country_code": country_code, "party_id": party_id,
        "business_details": {"name": name},
    }  # fmt: skip


class PeerFactory(DjangoModelFactory):
    """A registered operator NL*CPO; `token` is what it presents."""

    class Meta:
        model = Peer
        skip_postgeneration_save = True

    class Params:
        hub = factory.Trait(roles=[role("FR*HUB", "HUB", "Hub")], hub_party="FR*HUB")
        new = factory.Trait(state=Peer.State.NEW, version="", outgoing_token="", roles=[])

    name = factory.Sequence(lambda n: f"Operator {n}")
    party = factory.SubFactory(PartyFactory)
    state = Peer.State.REGISTERED
    version = "2.2.1"
    versions_url = "http://127.0.0.1:9/versions"
    roles = factory.LazyFunction(lambda: [role("NL*CPO")])
    outgoing_token = factory.LazyFunction(lambda: encrypt_token("their-token"))

    @factory.post_generation
    def token(obj: Any, create: bool, extracted: str | None, **kwargs: Any) -> None:
        if extracted:
            PeerToken.objects.create(
                peer=obj, kind=PeerToken.Kind.ACCESS, token_hash=hash_token(extracted),
                issued_at=timezone.now(),
            )  # fmt: skip
