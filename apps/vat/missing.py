"""What a person can do about a decision that waits: the flags in words."""

from collections.abc import Iterable
from typing import Final

_WORDS: Final = {
    "station_country_missing": "Enter the country of the station at its location.",
    "postcode_missing": "Without the station's postcode the mainland is taken.",
    "vat_id_unverified": "The VAT id is not verified yet: check it under VAT ids.",
    "vat_id_missing": "A VAT id of {detail} is needed: enter it at the buyer.",
    "registration_missing": "The seller has no VAT number of {detail}: enter the registration.",
    "outside_eu_vat_area": "The place is outside the EU VAT area.",
    "local_tax": "A local tax applies: {detail}. It has to be settled by hand.",
    "rate_missing": "Enter the VAT rate of {detail} for that day under VAT rates.",
    "customer_country_missing": "Enter the country of the customer.",
    "customer_kind_missing": "It is not known who the customer is: link the charge to an account.",
    "supplier_country_missing": "Enter the country of the seller.",
    "supplier_kind_missing": "Say whether the host is a private person or a business.",
    "supplier_is_dealer_missing": "Say in the operator's VAT profile whether it mainly resells "
    "electricity.",
    "date_missing": "The day of the supply is not known.",
    "no_rule": "No rule covers that day.",
}


def in_words(flags: Iterable[str]) -> list[str]:
    """What each flag asks for; unknown ones as they are."""
    return [_say(flag) for flag in flags]


def _say(flag: str) -> str:
    name, _, detail = flag.partition(":")
    return _WORDS.get(name, flag).format(detail=detail)
