"""VAT identification numbers: who issued one, and whether its form is right.

The form is python-stdnum's business (length, characters, check digits); whether a number is
registered is for the registers to say (see vies.py). Numbers of the import and the non-Union
one-stop-shop schemes (IM..., EU...) identify a seller in a scheme, not a business that buys:
they are no VAT ids.
"""

import re
from functools import lru_cache
from typing import Final

from stdnum.ch import uid as swiss_uid
from stdnum.ch import vat as swiss_vat
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as british_vat
from stdnum.no import mva as norwegian_vat
from stdnum.no import orgnr as norwegian_orgnr

from apps.vat.territories import EU_COUNTRIES

# Issuers whose ids count in the EU's law of goods; Northern Ireland's don't count for services.
EU_GOODS_ISSUERS: Final = EU_COUNTRIES | {"XI"}
EU_SERVICES_ISSUERS: Final = EU_COUNTRIES

SCHEME_PREFIXES: Final = frozenset({"IM", "EU"})

# Directive 2006/112/EC art. 215: the prefix is the ISO code, and EL for Greece.
_ISSUER_OF_PREFIX: Final = {"EL": "GR"}

_SEPARATORS: Final = re.compile(r"[\s.\-/]+")
_NORWEGIAN: Final = re.compile(r"(NO)?\d{9}MVA")


@lru_cache(maxsize=50_000)
def compact(vat_id: str) -> str:
    """The id in capitals without spaces, dots and dashes, with the prefix EL for Greece."""
    bare = _SEPARATORS.sub("", vat_id.upper())
    return f"EL{bare[2:]}" if bare.startswith("GR") else bare


@lru_cache(maxsize=50_000)
def issuer(vat_id: str) -> str | None:
    """The country (or XI) whose register the id belongs to; None when it is no VAT id."""
    bare = compact(vat_id)
    if bare.startswith("CHE"):
        return "CH"
    if _NORWEGIAN.fullmatch(bare):
        return "NO"
    prefix = bare[:2]
    if prefix in SCHEME_PREFIXES or not prefix.isalpha() or len(bare) < 4:
        return None
    return _ISSUER_OF_PREFIX.get(prefix, prefix)


def is_well_formed(vat_id: str) -> bool:
    """Whether the id has the form, and the check digits, that its issuer gives."""
    bare, country = compact(vat_id), issuer(vat_id)
    try:
        if country == "CH":
            _check_swiss(bare)
        elif country == "NO":
            _check_norwegian(bare)
        elif country in ("GB", "XI"):
            british_vat.validate(bare[2:])
        elif country in EU_COUNTRIES:
            eu_vat.validate(bare)
        else:
            return False
    except ValidationError:
        return False
    return True


def _check_swiss(bare: str) -> None:
    """Take CHE-123.456.788 with or without MWST, TVA, IVA or TPV."""
    if bare[-3:].isdigit():
        swiss_uid.validate(bare)
    else:
        swiss_vat.validate(bare)


def _check_norwegian(bare: str) -> None:
    """Take an organisation number that ends MVA, or the bare number after NO."""
    if bare.endswith("MVA"):
        norwegian_vat.validate(bare)
    else:
        norwegian_orgnr.validate(bare.removeprefix("NO"))
