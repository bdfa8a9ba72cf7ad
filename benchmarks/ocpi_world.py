"""What the OCPI benchmarks have before they begin: a peer, its stations, our drivers, the rules.

Names and ids are made by number, so that a load generator can make messages that fit without
asking the database.
"""

import base64
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

TOKEN = "benchmark-token"
AUTHORIZATION = "Token " + base64.b64encode(TOKEN.encode()).decode()
LOCATIONS = 500
DRIVERS = 3_000
START = 1_775_000_000
_STAMP = "%Y-%m-%dT%H:%M:%SZ"
_TARIFF_SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def make_peer(*, base: str = "http://127.0.0.1:9") -> Any:
    """A registered operator NL*CPO of OCPI 2.2.1 whose lists are below `base`."""
    from django.utils import timezone

    from apps.roaming.models import Party, Peer, PeerToken
    from apps.roaming.secrets import encrypt_token, hash_token

    party, _ = Party.objects.get_or_create(country_code="NL", party_id="EVC", name="evcharge")
    endpoints = [
        {"identifier": "locations", "role": "SENDER", "url": f"{base}/locations"},
        {"identifier": "tokens", "role": "RECEIVER", "url": f"{base}/tokens"},
    ]
    peer = Peer.objects.create(
        name="benchmark", party=party, state="REGISTERED", version="2.2.1",
        outgoing_token=encrypt_token("x"), versions_url=f"{base}/versions", endpoints=endpoints,
        requests_per_minute=1_000_000,
        roles=[{"role": "CPO", "country_code": "NL", "party_id": "CPO", "business_details": {}}],
    )  # fmt: skip
    PeerToken.objects.create(
        peer=peer, kind="ACCESS", issued_at=timezone.now(), token_hash=hash_token(TOKEN)
    )
    return peer


def make_world() -> None:
    """Stations, drivers, a tariff on both sides, and a rule that judges and accepts."""
    from apps.accounts.models import Account, Provider, Token
    from apps.cdrs.models import ReviewRule
    from apps.locations.messages import ConnectorMessage, EvseMessage, LocationMessage
    from apps.locations.publishing import get_or_add_operator, publish_locations
    from apps.tariffs.services import add_version, create_tariff

    operator = get_or_add_operator(country_code="NL", party_id="CPO", name="Benchmark operator")
    plug = ConnectorMessage("1", "IEC_62196_T2", "AC_3_PHASE", 22_000)
    publish_locations(
        operator=operator,
        messages=[
            LocationMessage(
                location_id=f"LOC{number}", last_updated=_TARIFF_SINCE, name=f"Quay {number}",
                country="NL", postcode="3011 AA", city="Rotterdam", time_zone="Europe/Amsterdam",
                evses=(EvseMessage(f"E{number}", f"NL*CPO*E{number}", "AVAILABLE", (plug,)),),
            )
            for number in range(LOCATIONS)
        ],
    )  # fmt: skip
    provider = Provider.objects.create(
        slug="benchmark", name="Benchmark", legal_name="Benchmark B.V.", country="NL",
        currency="EUR", invoice_prefix="BEN",
    )  # fmt: skip
    accounts = Account.objects.bulk_create([
        Account(provider=provider, number=f"C{n}", kind="PRIVATE", name=f"Driver {n}", country="NL")
        for n in range(DRIVERS)
    ])  # fmt: skip
    Token.objects.bulk_create([
        Token(account=account, contract_id=f"NL-EVC-C{n}", uid=f"04{n:08X}")
        for n, account in enumerate(accounts)
    ])  # fmt: skip
    for owner, content in (({"operator": operator}, tariff("0.40")), (
        {"provider": provider}, tariff("0.55"))):  # fmt: skip
        add_version(
            tariff=create_tariff(tariff_id="T1", **owner), content=content, ocpi_version="2.2.1",
            active_from=_TARIFF_SINCE, reason="benchmark",
        )  # fmt: skip
    ReviewRule.objects.create(
        when_clean="ACCEPT", needs_price=True, tolerance_percent=Decimal(1),
        min_minutes=Decimal(1), max_kwh=Decimal(200), power_tolerance_percent=Decimal(10),
        refuses_overlap=True,
    )  # fmt: skip


def tariff(price: str) -> dict[str, Any]:
    component = {"type": "ENERGY", "price": float(price), "step_size": 1}
    return {
        "country_code": "NL", "party_id": "CPO", "id": "T1", "currency": "EUR",
        "elements": [{"price_components": [component]}], "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def cdr(number: int, run: str = "B") -> bytes:
    """A clean CDR. Every second one carries its tariff; the others are priced by the book."""
    began = START + number * 5400 // LOCATIONS
    ended = began + 3600
    start, middle, end = (
        time.strftime(_STAMP, time.gmtime(at)) for at in (began, began + 1800, ended)
    )
    place, driver = number % LOCATIONS, number % DRIVERS
    body = {
        "country_code": "NL", "party_id": "CPO", "id": f"{run}-{number}",
        "start_date_time": start, "end_date_time": end, "auth_method": "WHITELIST",
        "session_id": f"S{run}-{number}",
        "cdr_token": {"country_code": "NL", "party_id": "EVC", "uid": f"04{driver:08X}",
                      "type": "RFID", "contract_id": f"NL-EVC-C{driver}"},
        "cdr_location": {
            "id": f"LOC{place}", "name": f"Quay {place}", "address": "Quay 1",
            "city": "Rotterdam", "postal_code": "3011 AA", "country": "NLD",
            "coordinates": {"latitude": "51.92", "longitude": "4.48"}, "evse_uid": f"E{place}",
            "evse_id": f"NL*CPO*E{place}", "connector_id": "1",
            "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [
            {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": 6.25}]},
            {"start_date_time": middle, "dimensions": [{"type": "ENERGY", "volume": 5.25}]},
        ],
        "tariffs": [tariff("0.40")] if number % 2 else [],
        "total_cost": {"excl_vat": 4.6, "incl_vat": 5.566}, "total_energy": 11.5, "total_time": 1,
        "total_energy_cost": {"excl_vat": 4.6, "incl_vat": 5.566}, "last_updated": end,
    }  # fmt: skip
    return json.dumps(body).encode()


def main() -> None:
    """Migrate the database of DATABASE_URL and make all of it."""
    import django

    django.setup()
    from django.core.management import call_command

    from apps.audit.context import Actor, set_actor

    call_command("migrate", verbosity=0)
    set_actor(Actor.job("benchmark"))
    make_peer()
    make_world()


if __name__ == "__main__":
    main()
