"""Which VAT law a place is under: countries, and the parts of them with a tax of their own.

Sources: Directive 2006/112/EC art. 5 to 7 (what the EU VAT area is) and the law named in each
row. A postcode tells the special territories; without one the mainland is taken, and the answer
says that the postcode was missing. Only places that a public road leads to ask for it: Mount
Athos is known by its postcode, but does not make every Greek charge doubtful.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from apps.vat.iso_countries import country_name, single_time_zone


class Area(StrEnum):
    """How the EU law of goods, or of services, sees a territory."""

    EU = "eu"  # a Member State's VAT in the EU's VAT area
    EU_LAW_ABROAD = "eu_law_abroad"  # a Member State's VAT outside the EU's VAT area
    SWISS = "swiss"
    LOCAL = "local"  # a VAT outside the EU that we charge
    OUTSIDE = "outside"


class Tax(StrEnum):
    """What is levied there on charging."""

    VAT = "vat"
    NONE = "none"
    OTHER = "other"  # a local tax that we don't handle
    UNSETTLED = "unsettled"  # two laws claim the place; a person decides


@dataclass(frozen=True, slots=True)
class Territory:
    """A place under one VAT law.

    `code` is the key of the rate table (PT-30), `country` the one whose law and VAT numbers
    apply (PT), `zone` its IANA time zone where it has only one that matters.
    """

    code: str
    country: str
    name: str
    zone: str | None
    goods: Area = Area.EU
    services: Area = Area.EU
    tax: Tax = Tax.VAT
    local_tax: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address lies; `postcode_missing` when a usable postcode could change that."""

    territory: Territory
    postcode_missing: bool = False


def _abroad(
    code: str, country: str, name: str, zone: str, tax: Tax, local_tax: str = ""
) -> Territory:
    """A territory of a Member State that lies outside the EU's VAT area."""
    return Territory(code, country, name, zone, Area.OUTSIDE, Area.OUTSIDE, tax, local_tax)


def _overseas(code: str, name: str, zone: str) -> Territory:
    """A French overseas department with French VAT (CGI art. 294): not in the EU's VAT area."""
    return Territory(code, "FR", name, zone, Area.EU_LAW_ABROAD, Area.EU_LAW_ABROAD)


_MEMBER_STATES: Final = {
    "AT": ("Austria", "Europe/Vienna"), "BE": ("Belgium", "Europe/Brussels"),
    "BG": ("Bulgaria", "Europe/Sofia"), "CY": ("Cyprus", "Asia/Nicosia"),
    "CZ": ("Czechia", "Europe/Prague"), "DE": ("Germany", "Europe/Berlin"),
    "DK": ("Denmark", "Europe/Copenhagen"), "EE": ("Estonia", "Europe/Tallinn"),
    "ES": ("Spain", "Europe/Madrid"), "FI": ("Finland", "Europe/Helsinki"),
    "FR": ("France", "Europe/Paris"), "GR": ("Greece", "Europe/Athens"),
    "HR": ("Croatia", "Europe/Zagreb"), "HU": ("Hungary", "Europe/Budapest"),
    "IE": ("Ireland", "Europe/Dublin"), "IT": ("Italy", "Europe/Rome"),
    "LT": ("Lithuania", "Europe/Vilnius"), "LU": ("Luxembourg", "Europe/Luxembourg"),
    "LV": ("Latvia", "Europe/Riga"), "MT": ("Malta", "Europe/Malta"),
    "NL": ("the Netherlands", "Europe/Amsterdam"), "PL": ("Poland", "Europe/Warsaw"),
    "PT": ("Portugal", "Europe/Lisbon"), "RO": ("Romania", "Europe/Bucharest"),
    "SE": ("Sweden", "Europe/Stockholm"), "SI": ("Slovenia", "Europe/Ljubljana"),
    "SK": ("Slovakia", "Europe/Bratislava"),
}  # fmt: skip

EU_COUNTRIES: Final = frozenset(_MEMBER_STATES)

_SPECIAL: Final = (
    # In the EU's VAT area, with rates of their own (art. 104, 105) or an own id prefix.
    Territory("AT-6691", "AT", "Jungholz", "Europe/Vienna"),
    Territory("AT-699x", "AT", "Mittelberg", "Europe/Vienna"),
    Territory("PT-30", "PT", "Madeira", "Atlantic/Madeira"),
    Territory("PT-20", "PT", "the Azores", "Atlantic/Azores"),
    # Windsor Framework, art. 8 and annex 3: EU law for goods, United Kingdom law for services.
    Territory("XI", "XI", "Northern Ireland", "Europe/London", Area.EU, Area.LOCAL),
    # Outside the EU's VAT area (art. 6).
    _abroad("DE-27498", "DE", "Heligoland", "Europe/Berlin", Tax.NONE),
    _abroad("IT-23041", "IT", "Livigno", "Europe/Rome", Tax.NONE),
    _abroad("GR-69", "GR", "Mount Athos", "Europe/Athens", Tax.NONE),
    _abroad("FR-973", "FR", "French Guiana", "America/Cayenne", Tax.NONE),
    _abroad("FR-976", "FR", "Mayotte", "Indian/Mayotte", Tax.NONE),
    _abroad("IT-22061", "IT", "Campione d'Italia", "Europe/Rome", Tax.OTHER, "ILCCI"),
    _abroad("ES-CN", "ES", "the Canary Islands", "Atlantic/Canary", Tax.OTHER, "IGIC"),
    _abroad("ES-CE", "ES", "Ceuta", "Africa/Ceuta", Tax.OTHER, "IPSI"),
    _abroad("ES-ML", "ES", "Melilla", "Africa/Ceuta", Tax.OTHER, "IPSI"),
    # Outside the EU's area, but Finnish VAT applies (Act 1266/1996 with exceptions).
    _abroad("FI-01", "FI", "Åland", "Europe/Mariehamn", Tax.UNSETTLED),
    _abroad("FR-975", "FR", "Saint Pierre and Miquelon", "America/Miquelon", Tax.OTHER, "FR-975"),
    _abroad("FR-977", "FR", "Saint Barthélemy", "America/St_Barthelemy", Tax.OTHER, "FR-977"),
    _abroad("FR-978", "FR", "Saint Martin", "America/Marigot", Tax.OTHER, "TGCA"),
    _overseas("FR-971", "Guadeloupe", "America/Guadeloupe"),
    _overseas("FR-972", "Martinique", "America/Martinique"),
    _overseas("FR-974", "Réunion", "Indian/Reunion"),
    # Swiss VAT Act art. 3(a): the customs enclaves belong to the Swiss VAT territory.
    Territory("DE-78266", "CH", "Büsingen", "Europe/Busingen", Area.SWISS, Area.SWISS),
    Territory("CH", "CH", "Switzerland", "Europe/Zurich", Area.SWISS, Area.SWISS),
    Territory("GB", "GB", "the United Kingdom", "Europe/London", Area.LOCAL, Area.LOCAL),
    Territory("NO", "NO", "Norway", "Europe/Oslo", Area.LOCAL, Area.LOCAL),
)  # fmt: skip

TERRITORIES: Final = {
    code: Territory(code, code, name, zone) for code, (name, zone) in _MEMBER_STATES.items()
} | {territory.code: territory for territory in _SPECIAL}

# Other names of a place: ISO codes of parts of a country, and codes that tax offices use.
# Monaco counts as France (Directive 2006/112/EC art. 7).
_SAME_PLACE: Final = {
    "UK": "GB", "EL": "GR", "MC": "FR", "AX": "FI-01", "GP": "FR-971", "MQ": "FR-972",
    "GF": "FR-973", "RE": "FR-974", "PM": "FR-975", "YT": "FR-976", "BL": "FR-977",
    "MF": "FR-978", "IC": "ES-CN",
}  # fmt: skip

_WITHOUT_PARTS: Final = frozenset({"MC"})

# Postcodes of special territories by country, the more special one first. A code that is no
# territory of the table is a country of its own (Jersey under GB).
_BY_POSTCODE: Final = {
    country: [(re.compile(pattern), code) for pattern, code in rows]
    for country, rows in {
        "AT": [("6691", "AT-6691"), ("699", "AT-699x")],
        "DE": [("27498", "DE-27498"), ("78266", "DE-78266")],
        "ES": [("35|38", "ES-CN"), ("51", "ES-CE"), ("52", "ES-ML")],
        "FI": [("22", "FI-01")],
        "FR": [
            ("97133", "FR-977"), ("97150", "FR-978"), ("971", "FR-971"), ("972", "FR-972"),
            ("973", "FR-973"), ("974", "FR-974"), ("975", "FR-975"), ("976", "FR-976"),
        ],
        "GB": [(r"BT\d", "XI"), (r"JE\d", "JE"), (r"GY\d", "GG"), (r"IM\d", "IM")],
        "GR": [("63086|63087", "GR-69")],
        "IT": [("22061", "IT-22061"), ("23041", "IT-23041")],
        "PT": [("9[0-4]", "PT-30"), ("9[5-9]", "PT-20")],
    }.items()
}  # fmt: skip

# Where a missing postcode makes the answer doubtful, and what a usable one looks like.
_POSTCODE_FORM: Final = {
    "AT": re.compile(r"\d{4}"), "DE": re.compile(r"\d{5}"), "ES": re.compile(r"\d{5}"),
    "FI": re.compile(r"\d{5}"), "FR": re.compile(r"\d{5}"), "IT": re.compile(r"\d{5}"),
    "PT": re.compile(r"\d{4}(\d{3})?"),
    "GB": re.compile(r"[A-Z]{1,2}\d[A-Z\d]?(\d[A-Z]{2})?"),
}  # fmt: skip

_COUNTRY_BEFORE_POSTCODE: Final = re.compile(r"^[A-Z]{1,2}-(?=\d)")
_NO_LETTER_NOR_DIGIT: Final = re.compile(r"[^A-Z0-9]")


@lru_cache(maxsize=50_000)
def find_place(country: str | None, postcode: str | None = None) -> Place | None:
    """The territory of an address, or None where the country is not given or not known."""
    written = (country or "").strip().upper()
    code = _SAME_PLACE.get(written, written)
    if code not in _BY_POSTCODE or written in _WITHOUT_PARTS:
        territory = _territory(code)
        return Place(territory) if territory else None
    digits = _bare_postcode(postcode)
    for pattern, special in _BY_POSTCODE[code]:
        if pattern.match(digits):
            found = _territory(special)
            return Place(found) if found else None
    return Place(TERRITORIES[code], postcode_missing=_needs_postcode(code, digits))


def _bare_postcode(postcode: str | None) -> str:
    text = _COUNTRY_BEFORE_POSTCODE.sub("", (postcode or "").strip().upper())
    return _NO_LETTER_NOR_DIGIT.sub("", text)


def _needs_postcode(country: str, digits: str) -> bool:
    form = _POSTCODE_FORM.get(country)
    return form is not None and not form.fullmatch(digits)


def _territory(code: str) -> Territory | None:
    known = TERRITORIES.get(code)
    if known:
        return known
    name = country_name(code)
    if name is None:
        return None
    return Territory(code, code, name, single_time_zone(code), Area.OUTSIDE, Area.OUTSIDE)
