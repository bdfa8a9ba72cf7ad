"""The three operators of the demo and their stations. Pure; all made up but the towns."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class DemoOperator:
    """An operator with its prices: per kWh at an AC and at a DC plug, and per session."""

    country_code: str
    party_id: str
    name: str
    currency: str
    vat_rate: Decimal
    ac_price: Decimal
    dc_price: Decimal
    session_fee: Decimal


@dataclass(frozen=True, slots=True)
class DemoStation:
    """A location with its EVSEs; the first `fast` of them are DC."""

    operator: DemoOperator
    location_id: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    time_zone: str
    latitude: Decimal
    longitude: Decimal
    evses: int = 2
    fast: int = 0

    def points(self) -> "Iterator[DemoPoint]":
        for number in range(1, self.evses + 1):
            yield DemoPoint(self, number, number <= self.fast)


@dataclass(frozen=True, slots=True)
class DemoPoint:
    """One EVSE with one connector."""

    station: DemoStation
    number: int
    is_fast: bool

    @property
    def uid(self) -> str:
        return f"{self.station.location_id}-{self.number}"

    @property
    def evse_id(self) -> str:
        operator = self.station.operator
        return f"{self.station.country}*{operator.party_id}*E{self.uid.replace('-', '')}"

    @property
    def price(self) -> Decimal:
        """Per kWh, excluding VAT, in the operator's currency."""
        return self.station.operator.dc_price if self.is_fast else self.station.operator.ac_price

    @property
    def power_type(self) -> str:
        return "DC" if self.is_fast else "AC_3_PHASE"

    @property
    def max_power_watt(self) -> int:
        return 150_000 if self.is_fast else 11_000

    @property
    def standard(self) -> str:
        return "IEC_62196_T2_COMBO" if self.is_fast else "IEC_62196_T2"


def _operator(
    party: str, name: str, currency: str, vat: str, ac: str, dc: str, fee: str
) -> DemoOperator:
    country, party_id = party.split("*")
    return DemoOperator(
        country, party_id, name, currency, Decimal(vat), Decimal(ac), Decimal(dc), Decimal(fee)
    )


DELTA: Final = _operator("NL*DLT", "Delta Laadnet", "EUR", "21", "0.36", "0.59", "0")
RHEIN: Final = _operator("DE*RHS", "Rheinstrom Laden", "EUR", "19", "0.45", "0.66", "0.35")
THISTLE: Final = _operator("GB*THS", "Thistle Charge", "GBP", "20", "0.42", "0.69", "0")

OPERATORS: Final = (DELTA, RHEIN, THISTLE)

# operator, id, name, street, postcode, city, country, time zone, north, east, EVSEs, DC of them
_STATIONS = (
    (DELTA, "1001", "Amsterdam Westerpark", "Haarlemmerweg 8", "1014 BE", "Amsterdam", "NL",
     "Europe/Amsterdam", "52.386100", "4.876700", 4, 0),
    (DELTA, "1002", "Amsterdam Arena P1", "Burgemeester Stramanweg 130", "1101 EP", "Amsterdam",
     "NL", "Europe/Amsterdam", "52.314200", "4.937500", 6, 4),
    (DELTA, "1003", "Utrecht Jaarbeurs", "Croeselaan 2", "3521 CA", "Utrecht", "NL",
     "Europe/Amsterdam", "52.088400", "5.105900", 4, 1),
    (DELTA, "1004", "Rotterdam Wilhelminapier", "Wilhelminakade 699", "3072 AP", "Rotterdam", "NL",
     "Europe/Amsterdam", "51.905200", "4.485400", 3, 0),
    (DELTA, "1005", "Eindhoven Strijp-S", "Torenallee 45", "5617 BA", "Eindhoven", "NL",
     "Europe/Amsterdam", "51.447700", "5.458500", 3, 0),
    (DELTA, "1006", "Groningen Hoofdstation", "Stationsplein 7", "9726 AE", "Groningen", "NL",
     "Europe/Amsterdam", "53.210800", "6.564200", 2, 0),
    (DELTA, "1007", "Zwolle Snellaadplein A28", "Ceintuurbaan 2", "8024 AA", "Zwolle", "NL",
     "Europe/Amsterdam", "52.519700", "6.119400", 4, 4),
    (DELTA, "1101", "Antwerpen Zuid", "Vlaamsekaai 20", "2000", "Antwerpen", "BE",
     "Europe/Brussels", "51.207600", "4.391500", 3, 1),
    (DELTA, "1102", "Paris Bercy", "Rue de Bercy 48", "75012", "Paris", "FR",
     "Europe/Paris", "48.838300", "2.382900", 2, 0),
    (RHEIN, "2001", "Düsseldorf Medienhafen", "Zollhof 4", "40221", "Düsseldorf", "DE",
     "Europe/Berlin", "51.215400", "6.754600", 4, 2),
    (RHEIN, "2002", "Köln Deutz", "Ottoplatz 1", "50679", "Köln", "DE",
     "Europe/Berlin", "50.940900", "6.973900", 3, 0),
    (RHEIN, "2003", "Frankfurt Messe", "Ludwig-Erhard-Anlage 1", "60327", "Frankfurt", "DE",
     "Europe/Berlin", "50.112100", "8.651100", 4, 2),
    (RHEIN, "2004", "Basel Grenze", "Hochbergerstrasse 50", "4057", "Basel", "CH",
     "Europe/Zurich", "47.584100", "7.589300", 2, 2),
    (THISTLE, "3001", "Edinburgh Haymarket", "Haymarket Terrace 2", "EH12 5EY", "Edinburgh", "GB",
     "Europe/London", "55.945700", "-3.218200", 4, 1),
    (THISTLE, "3002", "Dundee V&A", "Riverside Esplanade 1", "DD1 4EZ", "Dundee", "GB",
     "Europe/London", "56.457600", "-2.966900", 3, 0),
    (THISTLE, "3003", "Glasgow Buchanan", "Killermont Street 12", "G2 3NP", "Glasgow", "GB",
     "Europe/London", "55.865300", "-4.251000", 4, 2),
    (THISTLE, "3004", "London Waterloo", "Station Approach 1", "SE1 8SW", "London", "GB",
     "Europe/London", "51.503200", "-0.112300", 4, 0),
    (THISTLE, "3005", "Leeds Dock", "Armouries Drive 3", "LS10 1LT", "Leeds", "GB",
     "Europe/London", "53.791900", "-1.532200", 3, 0),
    (THISTLE, "3006", "Belfast Titanic Quarter", "Queens Road 6", "BT3 9DT", "Belfast", "GB",
     "Europe/London", "54.608100", "-5.909900", 2, 0),
)  # fmt: skip

STATIONS: Final = tuple(
    DemoStation(*row[:8], Decimal(row[8]), Decimal(row[9]), row[10], row[11]) for row in _STATIONS
)
