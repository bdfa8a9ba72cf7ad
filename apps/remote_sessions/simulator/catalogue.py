"""The stations of the simulated operator, as plain data in OCPI's words."""

from typing import Any, Final

COUNTRY, PARTY = "NL", "SIM"
NAME: Final = "Simulated Charging"
# What a kWh costs in EUR excl. VAT by tariff and what the driver prefers, and the VAT in per cent.
REGULAR: Final = "SIM-KWH"
PRICES: Final = {REGULAR: "0.35", "SIM-CHEAP": "0.29", "SIM-FAST": "0.45"}
# ProfileType of charging preferences -> tariff and its type; there is no GREEN.
TARIFF_OF: Final = {
    "REGULAR": (REGULAR, "REGULAR"), "CHEAP": ("SIM-CHEAP", "PROFILE_CHEAP"),
    "FAST": ("SIM-FAST", "PROFILE_FAST"),
}  # fmt: skip
VAT_PERCENT = "21"

# A minute of the demo charges like half an hour elsewhere, which only a fast charger can.
CONNECTOR: Final = {"standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC"}
MAX_POWER_WATT: Final = 400_000
VOLT, AMPERE = 800, 500

# `asks_driver`: can its EVSEs follow charging preferences?
LOCATIONS: Final[tuple[dict[str, Any], ...]] = (
    {
        "id": "SIM-CENTRAAL", "name": "Simulated: Centraal", "address": "Stationsplein 1",
        "city": "Amsterdam", "postal_code": "1012 AB", "country": "NLD",
        "coordinates": {"latitude": "52.378900", "longitude": "4.900200"},
        "time_zone": "Europe/Amsterdam", "evses": ("C1", "C2", "C3", "C4"),
        "asks_driver": True,
    },
    {
        "id": "SIM-HAVEN", "name": "Simulated: Haven", "address": "Kade 7",
        "city": "Rotterdam", "postal_code": "3011 AA", "country": "NLD",
        "coordinates": {"latitude": "51.916700", "longitude": "4.500000"},
        "time_zone": "Europe/Amsterdam", "evses": ("H1", "H2"),
        "asks_driver": False,
    },
)  # fmt: skip


def evse_uid(location: dict[str, Any], short: str) -> str:
    """The operator's id of an EVSE: SIM-CENTRAAL-C1."""
    return f"{location['id']}-{short}"


def evse_id(short: str) -> str:
    """The eMI3 id of an EVSE: NL*SIM*EC1."""
    return f"{COUNTRY}*{PARTY}*E{short}"


def find(location_id: str, uid: str) -> tuple[dict[str, Any], str] | None:
    """The location and the EVSE's short name; any EVSE of the location when none is named."""
    for location in LOCATIONS:
        if location["id"].upper() == location_id.upper():
            for short in location["evses"]:
                if not uid or evse_uid(location, short).upper() == uid.upper():
                    return location, short
    return None
