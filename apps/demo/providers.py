"""The two providers of the demo, the people who work with them, and their customers. Pure.

All names, numbers and addresses are made up; the VAT numbers are well-formed and nobody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from apps.accounts.roles import Role

PASSWORD: Final = "evcharge-demo"  # noqa: S105 - of the demo, printed at its start

STAFF: Final = (
    ("administrator@evcharge.test", "Ada Administrator", Role.ADMINISTRATOR),
    ("support@evcharge.test", "Sam Support", Role.SUPPORT),
    ("finance@evcharge.test", "Fiona Finance", Role.FINANCE),
    ("auditor@evcharge.test", "Otto Auditor", Role.AUDITOR),
)


@dataclass(frozen=True, slots=True)
class Town:
    """Where customers live."""

    city: str
    postcode: str
    country: str
    street: str


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """A brand with its legal party, VAT numbers by country, and how many customers it has."""

    slug: str
    fields: dict[str, object]
    vat_numbers: dict[str, str]
    contract_prefix: str
    language: str
    privates: int
    businesses: int
    towns: tuple[Town, ...]
    business_vat_id: str

    @property
    def portal_user(self) -> str:
        return f"portal@{self.slug}.test"


AMPERE: Final = DemoProvider(
    slug="ampere",
    fields={
        "name": "Ampère",
        "legal_name": "Ampère Mobiliteit B.V.",
        "street": "Keizersgracht 999",
        "postcode": "1017 ZZ",
        "city": "Amsterdam",
        "country": "NL",
        "company_number": "KvK 00001111",
        "currency": "EUR",
        "brand_colour": "#0f766e",
        "host_names": ["my.ampere.test"],
        "support_email": "help@ampere.test",
        "iban": "NL04AMPR0123456789",
        "bic": "AMPRNL2A",
        "payment_days": 14,
        "invoice_prefix": "AMP",
    },
    vat_numbers={"NL": "NL000011111B81", "DE": "DE999999995", "BE": "BE0999999922"},
    contract_prefix="NL-AMP-C",
    language="nl",
    privates=20,
    businesses=6,
    towns=(
        Town("Amsterdam", "1055 AB", "NL", "Admiraal de Ruijterweg"),
        Town("Utrecht", "3512 GH", "NL", "Oudegracht"),
        Town("Rotterdam", "3011 TA", "NL", "Wijnhaven"),
        Town("Eindhoven", "5611 EM", "NL", "Vestdijk"),
        Town("Groningen", "9712 KL", "NL", "Oosterstraat"),
        Town("Zwolle", "8011 CX", "NL", "Luttekestraat"),
        Town("Antwerpen", "2000", "BE", "Nationalestraat"),
        Town("Düsseldorf", "40213", "DE", "Bolkerstraße"),
    ),
    business_vat_id="NL000022221B01",
)

VOLTLY: Final = DemoProvider(
    slug="voltly",
    fields={
        "name": "Voltly",
        "legal_name": "Voltly Charging Ltd",
        "street": "1 Nowhere Quay",
        "postcode": "EH1 9ZZ",
        "city": "Edinburgh",
        "country": "GB",
        "company_number": "SC000000",
        "currency": "GBP",
        "brand_colour": "#6d28d9",
        "host_names": ["my.voltly.test"],
        "support_email": "help@voltly.test",
        "iban": "GB09VLTL01020312345678",
        "bic": "VLTLGB22",
        "payment_days": 30,
        "invoice_prefix": "VLT",
    },
    vat_numbers={"GB": "GB999999973"},
    contract_prefix="GB-VLT-C",
    language="en",
    privates=13,
    businesses=5,
    towns=(
        Town("Edinburgh", "EH3 6AA", "GB", "Hanover Street"),
        Town("Dundee", "DD1 4HN", "GB", "Commercial Street"),
        Town("Glasgow", "G2 1DY", "GB", "Buchanan Street"),
        Town("London", "SE1 9GF", "GB", "Borough High Street"),
        Town("Leeds", "LS1 4AP", "GB", "Wellington Street"),
        Town("Cardiff", "CF10 1FS", "GB", "Queen Street"),
    ),
    business_vat_id="GB123456782",
)

PROVIDERS: Final = (AMPERE, VOLTLY)

_FIRST = (
    "Anna Bram Carla Daan Eva Finn Greta Hugo Iris Jan Kim Lars Mila Noor Olaf Pia Quinten Rosa "
    "Sven Tess Umar Vera Wout Xenia Yara Zeno Alice Ben Chloe Dan Emma Fred Grace Harry Isla"
)
_LAST = (
    "Aalders Berg Claassen Dijkstra Evers Faber Groot Hendriks Ivens Jansen Koster Lammers Mulder "
    "Nijhuis Otten Peters Quist Ruiter Smit Timmer Usman Visser Winter Young Zwart Baker Clarke"
)
_COMPANIES = (
    "Noorderlicht Installaties", "De Gele Fiets", "Haven Logistiek", "Studio Kwadraat",
    "Bakkerij Zonneveld", "Polder Consult", "Rheinland Montage", "Schelde Transport",
    "Tayside Joinery", "Forth Analytics", "Pentland Catering", "Leith Film Crew",
    "Severn Surveyors",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer with one card; `activity` is how often they charge, against the others."""

    number: str
    name: str
    is_business: bool
    email: str
    town: Town
    house: int
    language: str
    vat_ids: tuple[str, ...]
    contract_id: str
    uid: str
    kind: str
    activity: float


def customers(provider: DemoProvider) -> Iterator[DemoCustomer]:
    """The customers of a provider, always the same ones."""
    chance = Random(f"customers of {provider.slug}")
    names = [f"{first} {last}" for first in _FIRST.split() for last in _LAST.split()]
    chance.shuffle(names)
    shift = PROVIDERS.index(provider) * 8
    for index in range(provider.privates + provider.businesses):
        is_business = index >= provider.privates
        company = _COMPANIES[(index - provider.privates + shift) % len(_COMPANIES)]
        yield _customer(provider, chance, index, company if is_business else names[index])


def _customer(provider: DemoProvider, chance: Random, index: int, name: str) -> DemoCustomer:
    is_business = index >= provider.privates
    # Businesses sit where their provider does; private customers also across the border.
    domestic = tuple(t for t in provider.towns if t.country == provider.fields["country"])
    towns = domestic if is_business else provider.towns
    town = towns[index % len(towns)]
    number = 1001 + index
    mailbox = name.lower().replace(" ", ".")
    return DemoCustomer(
        number=str(number),
        name=name,
        is_business=is_business,
        email=f"{mailbox}@example.com",
        town=town,
        house=chance.randint(1, 180),
        language={"GB": "en", "DE": "de"}.get(town.country, provider.language),
        vat_ids=(provider.business_vat_id,) if is_business else (),
        contract_id=f"{provider.contract_prefix}{number:08}-{number % 10}",
        uid=f"04{chance.getrandbits(48):012X}",
        kind="APP_USER" if chance.random() < 0.3 else "RFID",
        activity=chance.uniform(0.3, 1.7) * (2.0 if is_business else 1.0),
    )
