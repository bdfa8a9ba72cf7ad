"""CDRs, accounts and providers as the pure modules of billing know them."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from apps.accounts.models import Account, Provider
from apps.billing.planner import Charge
from apps.billing.prices import Chargeable, Identity, RetailPrice
from apps.billing.tax import Buyer, Registration, Seller, Supplied
from apps.cdrs.models import CDR
from apps.cdrs.vat_facts import station_of
from apps.vat.facts import DEFAULT_POLICY, Kind
from apps.vat.models import VatPolicy
from apps.vat.services import IdRegister
from apps.vat.territories import find_place

# What no charge needs, and what makes a CDR large.
UNUSED_FIELDS = ("raw", "tariffs", "charging_periods", "search_text")


def charge_of(cdr: CDR) -> Charge:
    """The charge of a CDR with its location (select_related)."""
    station = station_of(cdr)
    return Charge(
        chargeable=chargeable_of(cdr),
        supplied=Supplied(
            country=station.country,
            postcode=station.postcode,
            ended_at=cdr.ended_at,
            local_date=station.local_date(cdr.ended_at),
        ),
        started_at=cdr.started_at,
        time_zone=station.zone or "UTC",
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


def _description(cdr: CDR) -> str:
    name = cdr.location_name or (cdr.location.name if cdr.location else "")
    return name or cdr.evse_id or cdr.location_id_sent or str(cdr)
