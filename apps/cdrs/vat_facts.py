"""What of a CDR decides VAT: the driver's side (retail) and the operator's side (purchase).

Operator to provider to driver are two supplies (CJEU C-60/23), each with its own facts. The
charge is the same: one station, one end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from apps.accounts.models import Account, Provider
from apps.cdrs.models import CDR
from apps.vat.facts import DEFAULT_POLICY, Facts, IdStatus, Kind, Policy, Supply
from apps.vat.services import KnownIds
from apps.vat.territories import find_place
from apps.vat.vat_ids import issuer

NOTHING_KNOWN: Final = KnownIds((), None)


@dataclass(frozen=True, slots=True)
class Station:
    """Where a charge was supplied; `zone` is the IANA time zone, None where it isn't known."""

    country: str
    postcode: str
    zone: str | None

    def local_date(self, moment: Any) -> date:
        """The date there (in UTC where no zone is known)."""
        local: date = moment.astimezone(ZoneInfo(self.zone) if self.zone else UTC).date()
        return local


@dataclass(frozen=True, slots=True)
class Operating:
    """What of an operator decides VAT; `is_dealer` of None: nobody knows."""

    country: str
    registrations: tuple[str, ...] = ()
    is_dealer: bool | None = None


def station_of(cdr: CDR) -> Station:
    """As the operator sent it, else as we know the location; one postcode, of the same country."""
    known = cdr.location
    country = cdr.location_country or (known.country if known else "")
    postcode = cdr.location_postcode
    if not postcode and known and known.country == country:
        postcode = known.postcode
    sent_zone = cdr.location_time_zone or (known.time_zone if known else "")
    return Station(country, postcode, _zone(sent_zone, country, postcode))


def _zone(sent: str, country: str, postcode: str) -> str | None:
    if sent in _zones():
        return sent
    place = find_place(country, postcode)
    return place.territory.zone if place else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def retail_facts(cdr: CDR, *, policy: Policy = DEFAULT_POLICY, ids: KnownIds) -> Facts:
    """The provider sells to its account; `ids` is what the registers said of the account's."""
    base = _charge(cdr)
    if cdr.provider is None or cdr.account is None:
        return replace(base, supply=Supply.CHARGING_SESSION)
    return replace(
        base,
        supply=Supply.CHARGING_SESSION,
        supplier_country=cdr.provider.country,
        supplier_vat_registrations=registered_in(cdr.provider, on=base.on),
        supplier_vat_ids=own_vat_ids(cdr.provider, on=base.on),
        customer_country=cdr.account.country,
        customer_postcode=cdr.account.postcode or None,
        customer_kind=_KINDS[cdr.account.kind],
        customer_vat_ids=ids.ids,
        vat_id_status=ids.status,
        policy=policy,
    )


def purchase_facts(cdr: CDR, *, operating: Operating) -> Facts:
    """The operator sells to the provider, who resells: a taxable dealer (art. 38).

    The provider's VAT numbers are its own registrations, so no register has to be asked.
    """
    base = _charge(cdr)
    facts = replace(
        base,
        supply=Supply.RESALE_SESSION,
        supplier_country=operating.country,
        supplier_vat_registrations=operating.registrations,
        supplier_is_dealer=operating.is_dealer,
        customer_kind=Kind.TAXABLE_DEALER,
    )
    if cdr.provider is None:
        return facts
    numbers = own_vat_ids(cdr.provider, on=base.on)
    return replace(
        facts,
        customer_country=cdr.provider.country,
        customer_postcode=cdr.provider.postcode or None,
        customer_vat_ids=numbers,
        vat_id_status=IdStatus.VALID if numbers else None,
    )


def _charge(cdr: CDR) -> Facts:
    station = station_of(cdr)
    return Facts(
        supply=Supply.CHARGING_SESSION,
        on=station.local_date(cdr.ended_at),
        session_end=cdr.ended_at,
        station_country=station.country or None,
        station_postcode=station.postcode or None,
    )


_KINDS: Final[Mapping[str, Kind]] = {
    Account.Kind.PRIVATE: Kind.PRIVATE,
    Account.Kind.BUSINESS: Kind.BUSINESS,
}


def registered_in(provider: Provider, *, on: date | None) -> tuple[str, ...]:
    """The countries of the provider's VAT numbers on that day (prefetch vat_registrations)."""
    return tuple(dict.fromkeys(row.country for row in _active(provider, on)))


def own_vat_ids(provider: Provider, *, on: date | None) -> tuple[str, ...]:
    """The provider's VAT numbers on that day, with their country's prefix."""
    return tuple(
        row.number if issuer(row.number) else f"{row.country}{row.number}"
        for row in _active(provider, on)
    )


def _active(provider: Provider, on: date | None) -> list[Any]:
    return [
        row
        for row in provider.vat_registrations.all()
        if on is None
        or (
            (row.active_from is None or row.active_from <= on)
            and (row.active_to is None or on < row.active_to)
        )
    ]
