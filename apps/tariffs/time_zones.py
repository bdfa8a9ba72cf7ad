"""The time zone of a station: as told, else by its country (IANA tz database, zone1970.tab).

Restrictions go by the `time_zone` of the Location (mod_tariffs, TariffRestrictions), which a
CdrLocation doesn't have (mod_cdrs).
"""

from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.core.errors import InvalidInput
from apps.tariffs.notes import Note

UTC = ZoneInfo("UTC")

# ISO 3166-1 alpha-3 and alpha-2 codes with the zone of the country; a star marks countries with
# several zones, where it is that of most people and the station may keep another time.
_ZONES = """
AND AD Europe/Andorra | ALB AL Europe/Tirane | ARE AE Asia/Dubai
ARG AR America/Argentina/Buenos_Aires
ARM AM Asia/Yerevan | AUS AU Australia/Sydney* | AUT AT Europe/Vienna | AZE AZ Asia/Baku
BEL BE Europe/Brussels | BGR BG Europe/Sofia | BHR BH Asia/Bahrain | BIH BA Europe/Sarajevo
BLR BY Europe/Minsk | BRA BR America/Sao_Paulo* | CAN CA America/Toronto* | CHE CH Europe/Zurich
CHL CL America/Santiago* | CHN CN Asia/Shanghai | COL CO America/Bogota | CRI CR America/Costa_Rica
CYP CY Asia/Nicosia | CZE CZ Europe/Prague | DEU DE Europe/Berlin | DNK DK Europe/Copenhagen
DOM DO America/Santo_Domingo | ECU EC America/Guayaquil*
EGY EG Africa/Cairo | ESP ES Europe/Madrid*
EST EE Europe/Tallinn | FIN FI Europe/Helsinki | FRA FR Europe/Paris | FRO FO Atlantic/Faroe
GBR GB Europe/London | GEO GE Asia/Tbilisi | GGY GG Europe/Guernsey | GIB GI Europe/Gibraltar
GRC GR Europe/Athens | HKG HK Asia/Hong_Kong | HRV HR Europe/Zagreb | HUN HU Europe/Budapest
IDN ID Asia/Jakarta* | IMN IM Europe/Isle_of_Man | IND IN Asia/Kolkata | IRL IE Europe/Dublin
ISL IS Atlantic/Reykjavik | ISR IL Asia/Jerusalem | ITA IT Europe/Rome | JEY JE Europe/Jersey
JOR JO Asia/Amman | JPN JP Asia/Tokyo | KAZ KZ Asia/Almaty | KOR KR Asia/Seoul
KWT KW Asia/Kuwait | LBN LB Asia/Beirut | LIE LI Europe/Vaduz | LTU LT Europe/Vilnius
LUX LU Europe/Luxembourg | LVA LV Europe/Riga | MAR MA Africa/Casablanca | MCO MC Europe/Monaco
MDA MD Europe/Chisinau | MEX MX America/Mexico_City* | MKD MK Europe/Skopje | MLT MT Europe/Malta
MNE ME Europe/Podgorica | MYS MY Asia/Kuala_Lumpur | NLD NL Europe/Amsterdam | NOR NO Europe/Oslo
NZL NZ Pacific/Auckland* | OMN OM Asia/Muscat | PER PE America/Lima | PHL PH Asia/Manila
POL PL Europe/Warsaw | PRT PT Europe/Lisbon* | QAT QA Asia/Qatar | ROU RO Europe/Bucharest
RUS RU Europe/Moscow* | SAU SA Asia/Riyadh | SGP SG Asia/Singapore | SMR SM Europe/San_Marino
SRB RS Europe/Belgrade | SVK SK Europe/Bratislava | SVN SI Europe/Ljubljana
SWE SE Europe/Stockholm
THA TH Asia/Bangkok | TUN TN Africa/Tunis | TUR TR Europe/Istanbul | TWN TW Asia/Taipei
UKR UA Europe/Kyiv | URY UY America/Montevideo | USA US America/New_York* | VAT VA Europe/Vatican
VNM VN Asia/Ho_Chi_Minh | XKX XK Europe/Belgrade | ZAF ZA Africa/Johannesburg
REU RE Indian/Reunion | GLP GP America/Guadeloupe | MTQ MQ America/Martinique
GUF GF America/Cayenne
MYT YT Indian/Mayotte | ALA AX Europe/Mariehamn | GRL GL America/Nuuk* | PRI PR America/Puerto_Rico
"""


def _read_zones() -> dict[str, str]:
    zones = {}
    for entry in _ZONES.replace("\n", " | ").split("|"):
        if entry.strip():
            alpha3, alpha2, zone = entry.split()
            zones[alpha3] = zones[alpha2] = zone
    return zones


COUNTRY_ZONES = _read_zones()

# Islands with a time of their own, by the start of the postcode.
_ISLANDS = {
    "ES": (("35", "Atlantic/Canary"), ("38", "Atlantic/Canary")),
    "PT": (("90", "Atlantic/Madeira"), ("91", "Atlantic/Madeira"), ("92", "Atlantic/Madeira"),
           ("93", "Atlantic/Madeira"), ("94", "Atlantic/Madeira"), ("95", "Atlantic/Azores"),
           ("96", "Atlantic/Azores"), ("97", "Atlantic/Azores"), ("98", "Atlantic/Azores"),
           ("99", "Atlantic/Azores")),
}  # fmt: skip
_ISLANDS |= {"ESP": _ISLANDS["ES"], "PRT": _ISLANDS["PT"]}


class UnknownTimeZone(InvalidInput):
    """The name is no zone of the IANA tz database."""

    code = "UNKNOWN_TIME_ZONE"


@lru_cache(maxsize=700)
def load_zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises UnknownTimeZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZone(f"{name[:60]!r} is no time zone.") from None


@lru_cache(maxsize=2000)
def find_zone(told: str, sent: str, country: str, postcode: str) -> tuple[tzinfo, Note]:
    """The zone to price in, and the words that say where it comes from.

    `told` (by the caller) wins over `sent` (in the CDR's location), over the country's zone, over
    UTC. Raises UnknownTimeZone for a wrong name from the caller.
    """
    if told:
        return load_zone(told), Note("ZONE_TOLD", f"Local times are those of {told}.")
    try:
        text = f"Local times are those of {sent}, as the CDR says."
        return load_zone(sent), Note("ZONE_SENT", text)
    except UnknownTimeZone:
        return _zone_of_country(country, postcode)


def _zone_of_country(country: str, postcode: str) -> tuple[tzinfo, Note]:
    name = COUNTRY_ZONES.get(country)
    if name is None:
        known = f"the country {country!r} is not known" if country else "the CDR names no country"
        text = f"No time zone was given and {known}: local times were taken as UTC."
        return UTC, Note("ZONE_ASSUMED_UTC", text)
    for prefix, zone in _ISLANDS.get(country, ()):
        if postcode.startswith(prefix):
            text = f"No time zone was given: {zone}, by the postcode {postcode}."
            return load_zone(zone), Note("ZONE_OF_POSTCODE", text)
    sure, name = not name.endswith("*"), name.rstrip("*")
    text = f"No time zone was given: {name}, the time of the location's country {country}."
    if not sure:
        text += " The country has several time zones; the station may keep another one."
        return load_zone(name), Note("ZONE_OF_COUNTRY_UNSURE", text)
    return load_zone(name), Note("ZONE_OF_COUNTRY", text)
