"""Parties for tests."""

import factory
from factory.django import DjangoModelFactory

from apps.accounts.models import Account, Provider, Token, User, VatRegistration


class ProviderFactory(DjangoModelFactory):
    class Meta:
        model = Provider

    class Params:
        british = factory.Trait(country="GB", currency="GBP")

    slug = factory.Sequence(lambda n: f"provider-{n}")
    name = factory.Sequence(lambda n: f"Provider {n}")
    legal_name = factory.LazyAttribute(lambda o: f"{o.name} B.V.")
    street = "Keizersgracht 1"
    postcode = "1015 AA"
    city = "Amsterdam"
    country = "NL"
    currency = "EUR"
    invoice_prefix = factory.Sequence(lambda n: f"P{n}")


class VatRegistrationFactory(DjangoModelFactory):
    class Meta:
        model = VatRegistration

    provider = factory.SubFactory(ProviderFactory)
    country = factory.SelfAttribute("provider.country")
    number = factory.LazyAttribute(lambda o: f"{o.country}000000000B01")


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    class Params:
        business = factory.Trait(kind=Account.Kind.BUSINESS)

    provider = factory.SubFactory(ProviderFactory)
    number = factory.Sequence(lambda n: f"C{n:06}")
    kind = Account.Kind.PRIVATE
    name = factory.Sequence(lambda n: f"Driver {n}")
    country = factory.SelfAttribute("provider.country")
    language = "en"


class TokenFactory(DjangoModelFactory):
    class Meta:
        model = Token

    account = factory.SubFactory(AccountFactory)
    contract_id = factory.Sequence(lambda n: f"NL-EFL-C{n:08}-X")
    uid = factory.Sequence(lambda n: f"04{n:012X}")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.com")


def bearer(issued) -> dict[str, str]:
    """The header a partner sends, for Django's test client."""
    return {"Authorization": f"Bearer {issued.text}"}
