"""Is what we send valid for an independent model of the standard?

    uv venv /tmp/extrawest && uv pip install --python /tmp/extrawest/bin/python extrawest-ocpi
    DEBUG=1 python -m benchmarks.ocpi_validity > /tmp/sent.jsonl
    /tmp/extrawest/bin/python benchmarks/ocpi_validity.py --check < /tmp/sent.jsonl

Without an argument it writes one message of each kind that we send, in the versions that the
package knows (2.1.1, 2.2.1), as lines of JSON; with `--check`, run by the package's own Python,
it reads them.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

# Kind of message -> module and class of the package.
MODELS = {
    "token": ("tokens", "Token"),
    "authorization": ("tokens", "AuthorizationInfo"),
    "credentials": ("credentials", "Credentials"),
    "details": ("versions", "VersionDetail"),
    "START_SESSION": ("commands", "StartSession"),
    "STOP_SESSION": ("commands", "StopSession"),
    "RESERVE_NOW": ("commands", "ReserveNow"),
    "CANCEL_RESERVATION": ("commands", "CancelReservation"),
    "UNLOCK_CONNECTOR": ("commands", "UnlockConnector"),
    # Of the whole profile the package wants one period and `min_charge_rate`; the text has a list
    # of periods, and `min_charging_rate` may be left out.
    "charging profile period": ("chargingprofiles", "ChargingProfilePeriod"),
    "preferences": ("sessions", "ChargingPreferences"),
}
# The same in all versions.
COMMON = {
    "versions": ("py_ocpi.modules.versions.schemas", "Version"),
    "envelope": ("py_ocpi.core.schemas", "OCPIResponse"),
}


def messages(version: Any) -> Iterator[tuple[str, Any]]:
    """What we send, by the writers that the door and the client use."""
    from datetime import UTC, datetime
    from decimal import Decimal

    from apps.roaming.ocpi import commands, credentials, tokens, versions
    from apps.roaming.ocpi.envelope import envelope
    from apps.roaming.ocpi.headers import PartyRef
    from apps.roaming.services.presenting import our_details, our_versions

    at = datetime(2026, 4, 1, 10, tzinfo=UTC)
    party = PartyRef("NL", "EVC")
    url, place = "https://evcharge.example.com/ocpi/x", commands.Place("LOC1", "E1", "1")
    for kind in ("RFID", "APP_USER", "AD_HOC_USER", "OTHER"):
        token = tokens.TokenMessage(
            party, "0401", kind, "NL-EVC-C1", "Ampere", True, "ALLOWED", at, "Card 1", "en", "G1"
        )
        yield "token", tokens.write_token(token, version).body
    for allowed in ("ALLOWED", "BLOCKED", "NOT_ALLOWED"):
        yield "authorization", tokens.write_authorization(
            token=token, allowed=allowed, reference="r-1", place={"location_id": "LOC1"},
            version=version, reference_name="authorization_reference" if version.has_roles else "",
        ).body  # fmt: skip
    role = credentials.RoleMessage(versions.Role.EMSP, party, {"name": "evcharge"})
    ours = credentials.CredentialsMessage("t" * 43, url, (role,))
    yield "credentials", credentials.write_credentials(ours, version).body
    yield "details", our_details("https://evcharge.example.com/ocpi", version)
    name = "authorization_reference" if version.has_roles else ""
    yield "START_SESSION", commands.write_start(
        token=token, place=place, reference="r", response_url=url, version=version,
        reference_name=name,
    ).body  # fmt: skip
    yield "STOP_SESSION", commands.write_stop(session_id="S1", response_url=url).body
    yield "RESERVE_NOW", commands.write_reservation(
        token=token, place=place, expires_at=at, reservation_id="7", reference="r",
        response_url=url, version=version,
    ).body  # fmt: skip
    if version.has_roles:
        yield (
            "CANCEL_RESERVATION",
            commands.write_cancellation(reservation_id="7", response_url=url, version=version).body,
        )
    yield "UNLOCK_CONNECTOR", commands.write_unlock(place=place, response_url=url).body
    for entry in our_versions("https://evcharge.example.com/ocpi"):
        # The package knows no 2.3.0.
        if entry["version"] != versions.Version.V2_3_0:
            yield "versions", entry
    for data in ([], {"a": 1}):
        yield "envelope", envelope(data, now=at)
    if version.has_roles:
        profile = commands.write_charging_profile(
            limit=Decimal("16.0"), unit="A", seconds=900, now=at
        )
        [period] = profile["charging_profile_period"]
        yield "charging profile period", period
        for departure, kwh in ((None, None), (at, Decimal("12.5"))):
            yield (
                "preferences",
                commands.write_charging_preferences(
                    profile_type="GREEN", departure=departure, kwh=kwh, may_discharge=False
                ),
            )


def write() -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
    django.setup()
    from apps.roaming.ocpi import json as ocpi_json
    from apps.roaming.ocpi.versions import Version

    for version in (Version.V2_1_1, Version.V2_2_1):
        for kind, body in messages(version):
            print(ocpi_json.write({"version": version.value, "kind": kind, "body": body}))


def check() -> int:
    wrong = count = 0
    for line in sys.stdin:
        said = json.loads(line)
        module, name = COMMON.get(said["kind"]) or MODELS[said["kind"]]
        package = module
        if said["kind"] in MODELS:
            package = f"py_ocpi.modules.{module}.v_{said['version'].replace('.', '_')}.schemas"
        model = getattr(importlib.import_module(package), name)
        count += 1
        try:
            model(**said["body"])
        except ValueError as error:
            wrong += 1
            print(f"{said['version']} {said['kind']}: {error}")
    print(f"{count} messages, {wrong} not valid")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(check() if "--check" in sys.argv else write())
