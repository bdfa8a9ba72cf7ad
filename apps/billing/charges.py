"""CDRs, accounts and providers as the pure modules of billing know them."""

from collections.abc import Mapping
from datetime import UTC
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from apps.accounts.models import Account, Provider
from apps.billing.planner import Charge
from apps.billing.prices import Chargeable, Identity, RetailPrice
from apps.billing.tax import Buyer, Registration, Seller, Supplied
from apps.cdrs.models import CDR
from apps.vat.facts import DEFAULT_POLICY, Kind
from apps.vat.models import VatPolicy
from apps.vat.services import IdRegister
from apps.vat.territories import find_place

# What no charge needs, and what makes a CDR large.
UNUSED_FIELDS = ("raw", "tariffs", "charging_periods", "search_text")


def charge_of(cdr: CDR) -> Charge:
    """The charge of a CDR with its location (select_related)."""
    zone = station_zone(cdr)
    ended = cdr.ended_at.astimezone(ZoneInfo(zone) if zone else UTC)
    return Charge(
        chargeable=chargeable_of(cdr),
        supplied=Supplied(
            country=_sent_or_known(cdr, "country"),
            postcode=_sent_or_known(cdr, "postcode"),
            ended_at=cdr.ended_at,
            local_date=ended.date(),
        ),
        started_at=cdr.started_at,
        time_zone=zone or "UTC",
        description=_description(cdr),
    )


def chargeable_of(cdr: CDR) -> Chargeable:
    """What the price of a CDR depends on."""
    identity = Identity(cdr.country_code.upper(), cdr.party_id.upper(), cdr.cdr_id.upper())
    reference = cdr.credit_reference_id.upper()
    return Chargeable(
        id=cdr.pk,
        identity=identity,
        currency=cdr.currency,
        kwh=cdr.kwh,
        cost=cdr.total_cost_excl_vat,
        reviewed_cost=cdr.reviewed_cost_excl_vat,
        retail_cost=cdr.retail_cost_excl_vat,
        is_credit=cdr.is_credit,
        takes_back=identity._replace(cdr_id=reference) if reference else None,
    )


def station_zone(cdr: CDR) -> str | None:
    """The station's IANA time zone: as sent, as its location has it, or its country's only one."""
    known = _sent_or_known(cdr, "time_zone")
    if known in _zones():
        return known
    place = find_place(_sent_or_known(cdr, "country"), _sent_or_known(cdr, "postcode"))
    return place.territory.zone if place else None


def seat_zone(provider: Provider) -> ZoneInfo:
    """Where a provider's days begin; UTC for a country with several zones."""
    place = find_place(provider.country, provider.postcode)
    return ZoneInfo(place.territory.zone if place and place.territory.zone else "UTC")


def seller_of(provider: Provider) -> Seller:
    """Two queries: its VAT registrations and its policy."""
    rows = provider.vat_registrations.all()
    policy = VatPolicy.objects.filter(provider=provider).first()
    return Seller(
        country=provider.country,
        registrations=tuple(
            Registration(row.country, row.number, row.active_from, row.active_to) for row in rows
        ),
        policy=policy.as_policy() if policy else DEFAULT_POLICY,
    )


def buyer_of(account: Account) -> Buyer:
    """With what the registers said of its VAT ids: one query where it has any."""
    known = IdRegister(account.vat_ids).look_up(account.vat_ids)
    return Buyer(
        country=account.country,
        postcode=account.postcode,
        kind=_KINDS[account.kind],
        vat_ids=known.ids,
        vat_id_status=known.status,
        language=account.language,
        proofs=known.proofs,
    )


def retail_of(provider: Provider) -> RetailPrice:
    return RetailPrice(provider.currency, provider.retail_price_per_kwh)


_KINDS: Mapping[str, Kind] = {
    Account.Kind.PRIVATE: Kind.PRIVATE,
    Account.Kind.BUSINESS: Kind.BUSINESS,
}


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _sent_or_known(cdr: CDR, fact: str) -> str:
    sent: str = getattr(cdr, f"location_{fact}")
    return sent or (getattr(cdr.location, fact) if cdr.location else "")


def _description(cdr: CDR) -> str:
    name = cdr.location_name or (cdr.location.name if cdr.location else "")
    return name or cdr.evse_id or cdr.location_id_sent or str(cdr)
