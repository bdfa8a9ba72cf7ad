"""Makes the parties of the demo, through the services that staff use."""

from django.core.files.base import ContentFile
from django.db import transaction

from apps.accounts.models import Account, Provider, User
from apps.accounts.services.parties import (
    AccountDetails,
    TokenDetails,
    block_token,
    register_vat_number,
    upsert_account,
    upsert_provider,
    upsert_token,
)
from apps.accounts.services.users import create_provider_user, create_staff_user
from apps.audit.services import record
from apps.demo.logos import draw_logo
from apps.demo.providers import (
    PASSWORD,
    PROVIDERS,
    STAFF,
    DemoCustomer,
    DemoProvider,
    customers,
)
from apps.demo.stations import OPERATORS, STATIONS, DemoStation
from apps.locations.models import Operator
from apps.locations.services import (
    ConnectorDetails,
    LocationDetails,
    upsert_connector,
    upsert_evse,
    upsert_location,
    upsert_operator,
)

# Every so many customers have lost their card.
_LOST_CARD_EVERY = 17


@transaction.atomic
def seed_parties() -> None:
    """Providers with customers, operators with stations, and people to log in as.

    What is there already is left as it is, also what was changed by hand since.
    """
    for demo in PROVIDERS:
        if not Provider.objects.filter(slug=demo.slug).exists():
            _seed_provider(demo)
    _seed_network()
    _seed_people()


def _seed_provider(demo: DemoProvider) -> None:
    provider, _ = upsert_provider(slug=demo.slug, fields=demo.fields)
    logo = draw_logo(name=provider.name, colour=provider.brand_colour)
    provider.logo.save(f"{demo.slug}.png", ContentFile(logo), save=False)
    record("set logo of provider", provider)
    for country, number in demo.vat_numbers.items():
        register_vat_number(provider=provider, country=country, number=number)
    for index, customer in enumerate(customers(demo), start=1):
        _seed_customer(provider, customer, lost_card=index % _LOST_CARD_EVERY == 0)


def _seed_customer(provider: Provider, customer: DemoCustomer, *, lost_card: bool) -> None:
    town = customer.town
    details = AccountDetails(
        name=customer.name,
        kind=Account.Kind.BUSINESS if customer.is_business else Account.Kind.PRIVATE,
        country=town.country,
        street=f"{town.street} {customer.house}",
        postcode=town.postcode,
        city=town.city,
        email=customer.email,
        language=customer.language,
        vat_ids=list(customer.vat_ids),
    )
    account, _ = upsert_account(provider=provider, number=customer.number, details=details)
    card = TokenDetails(contract_id=customer.contract_id, uid=customer.uid, kind=customer.kind)
    upsert_token(account=account, details=card)
    if lost_card:
        _seed_lost_card(account, card)


def _seed_lost_card(account: Account, card: TokenDetails) -> None:
    lost = TokenDetails(contract_id=f"{card.contract_id[:-1]}L", uid=f"{card.uid[:-1]}F00")
    token, _ = upsert_token(account=account, details=lost)
    block_token(token=token, reason="The customer lost this card and got a new one.")


def _seed_network() -> None:
    for demo in OPERATORS:
        operator, created = upsert_operator(
            country_code=demo.country_code, party_id=demo.party_id, name=demo.name
        )
        if created:
            for station in (station for station in STATIONS if station.operator == demo):
                _seed_station(operator, station)


def _seed_station(operator: Operator, station: DemoStation) -> None:
    details = LocationDetails(
        name=station.name,
        street=station.street,
        postcode=station.postcode,
        city=station.city,
        country=station.country,
        time_zone=station.time_zone,
        latitude=station.latitude,
        longitude=station.longitude,
    )
    location, _ = upsert_location(
        operator=operator, location_id=station.location_id, details=details
    )
    for point in station.points():
        status = "OUTOFORDER" if point.uid == "1004-3" else "AVAILABLE"
        evse, _ = upsert_evse(
            location=location, uid=point.uid, evse_id=point.evse_id, status=status
        )
        plug = ConnectorDetails(point.standard, point.power_type, point.max_power_watt)
        upsert_connector(evse=evse, connector_id="1", details=plug)


def _seed_people() -> None:
    for email, name, role in STAFF:
        if not User.objects.filter(email=email).exists():
            create_staff_user(email=email, name=name, password=PASSWORD, roles=[role])
    for demo in PROVIDERS:
        if not User.objects.filter(email=demo.portal_user).exists():
            create_provider_user(
                provider=Provider.objects.get(slug=demo.slug), email=demo.portal_user,
                name=f"{demo.fields['name']} portal user", password=PASSWORD,
            )  # fmt: skip
