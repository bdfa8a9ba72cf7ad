"""What a party counts as, given its kind, its VAT ids and what the registers said of them."""

from collections.abc import Iterable
from enum import StrEnum

from apps.vat.facts import IdStatus, Kind
from apps.vat.vat_ids import issuer


class Standing(StrEnum):
    UNKNOWN = "unknown"  # nobody said whether private or business
    PRIVATE = "private"
    WITHOUT_ID = "without_id"  # a business without an id, or with an invalid one
    UNVERIFIED = "unverified"  # a business whose id is not checked, or could not be
    VERIFIED = "verified"  # a business with a registered id
    TRUSTED = "trusted"  # a business where no id is asked for

    @property
    def is_consumer(self) -> bool:
        """Whether it is treated as a private person."""
        return self in (Standing.PRIVATE, Standing.WITHOUT_ID)

    @property
    def is_business(self) -> bool:
        return self in (Standing.UNVERIFIED, Standing.VERIFIED, Standing.TRUSTED)


def judge(
    *, kind: Kind | None, ids: tuple[str, ...], status: IdStatus | None, id_needed: bool = True
) -> Standing:
    """Weigh a party; `ids` are those that count for this supply.

    Directive 2006/112/EC art. 195 and 196 and Regulation 282/2011 art. 18: within the EU the
    id proves the business. Outside it (art. 18(3)) no EU id can be asked for.
    """
    if kind is None:
        return Standing.UNKNOWN
    if kind is Kind.PRIVATE:
        return Standing.PRIVATE
    if status is IdStatus.INVALID:
        return Standing.WITHOUT_ID
    if not ids:
        return Standing.WITHOUT_ID if id_needed else Standing.TRUSTED
    if status is IdStatus.VALID:
        return Standing.VERIFIED
    return Standing.UNVERIFIED if id_needed else Standing.TRUSTED


def usable_ids(vat_ids: Iterable[str], issuers: frozenset[str] | None = None) -> dict[str, str]:
    """The ids that are VAT ids, by issuer (the first of each); only of `issuers` if given."""
    usable: dict[str, str] = {}
    for vat_id in vat_ids:
        country = issuer(vat_id)
        if country and (issuers is None or country in issuers):
            usable.setdefault(country, vat_id)
    return usable
