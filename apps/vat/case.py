"""Facts made ready for the rules: the place that decides, the standing of the parties, traits.

What a taxable dealer buys is resale (art. 38), whatever the supply is called; a dealer who
counts as private because of a missing or invalid id is charged like one who drives (art. 39).
"""

from dataclasses import dataclass
from typing import Final

from apps.vat.facts import Facts, Kind, PrivateSubscription, ReverseScope, Supply
from apps.vat.rules import Trait
from apps.vat.standing import Standing, judge, usable_ids
from apps.vat.territories import TERRITORIES, Area, Place, Tax, Territory, find_place
from apps.vat.vat_ids import EU_SERVICES_ISSUERS


@dataclass(frozen=True, slots=True)
class Case:
    """`ids` are the counterparty's usable VAT ids by issuer, `buyer_id` the one to print."""

    facts: Facts
    supply: Trait
    place: Place | None
    home: Territory | None
    standing: Standing
    buyer_id: str | None
    traits: frozenset[Trait]

    @property
    def territory(self) -> Territory | None:
        return self.place.territory if self.place else None


def prepare(facts: Facts) -> Case:
    """Find out which supply it is and what is true of it."""
    if facts.supply is Supply.SUBSCRIPTION:
        return _subscription(facts)
    if facts.supply is Supply.REIMBURSEMENT_SESSION:
        return _reimbursement(facts)
    if facts.customer_kind is Kind.TAXABLE_DEALER:
        resale = _resale(facts)
        if resale.standing is not Standing.WITHOUT_ID:
            return resale
    return _charging(facts)


def _charging(facts: Facts) -> Case:
    ids = usable_ids(facts.customer_vat_ids)
    standing = judge(kind=facts.customer_kind, ids=tuple(ids), status=facts.vat_id_status)
    place = find_place(facts.station_country, facts.station_postcode)
    more = _swiss_traits(facts) if place and place.territory.goods is Area.SWISS else set()
    return _case(facts, Trait.CHARGING, place=place, standing=standing, ids=ids, more=more)


def _swiss_traits(facts: Facts) -> set[Trait]:
    seat = find_place(facts.customer_country, facts.customer_postcode)
    if seat is None:
        return {Trait.SEAT_UNKNOWN}
    if seat.territory.code == "LI":
        return {Trait.SEATED_IN_LIECHTENSTEIN}
    return set() if seat.territory.country == "CH" else {Trait.SEATED_OUTSIDE_SWITZERLAND}


def _resale(facts: Facts) -> Case:
    ids = usable_ids(facts.customer_vat_ids)
    place = find_place(facts.customer_country, facts.customer_postcode)
    in_eu = place is not None and place.territory.goods is Area.EU
    standing = judge(
        kind=facts.customer_kind, ids=tuple(ids), status=facts.vat_id_status, id_needed=in_eu
    )
    more = {Trait.BUYER_ID} if ids else set()
    if facts.supplier_is_dealer is None:
        more.add(Trait.DEALER_UNKNOWN)
    elif _seller_is_dealer(facts):
        more.add(Trait.BETWEEN_DEALERS)
    return _case(facts, Trait.RESALE, place=place, standing=standing, ids=ids, more=more)


def _reimbursement(facts: Facts) -> Case:
    host_ids = usable_ids(facts.supplier_vat_ids)
    standing = judge(kind=facts.supplier_kind, ids=tuple(host_ids), status=facts.vat_id_status)
    place = find_place(facts.customer_country, facts.customer_postcode)
    platform_ids = usable_ids(facts.customer_vat_ids)
    more: set[Trait] = set()
    if place and place.territory.country in platform_ids:
        more.add(Trait.BUYER_ID)
    if _seller_is_dealer(facts) and facts.customer_kind is Kind.TAXABLE_DEALER:
        more.add(Trait.BETWEEN_DEALERS)
    return _case(
        facts, Trait.REIMBURSEMENT, place=place, standing=standing, ids=platform_ids, more=more
    )


def _subscription(facts: Facts) -> Case:
    place = _for_services(find_place(facts.customer_country, facts.customer_postcode))
    in_eu = place is not None and place.territory.services is Area.EU
    ids = usable_ids(facts.customer_vat_ids, EU_SERVICES_ISSUERS if in_eu else None)
    standing = judge(
        kind=facts.customer_kind, ids=tuple(ids), status=facts.vat_id_status, id_needed=in_eu
    )
    art45 = facts.policy.subscription_b2c is PrivateSubscription.ART45
    more = {Trait.ART45} if art45 else set()
    return _case(facts, Trait.SUBSCRIPTION, place=place, standing=standing, ids=ids, more=more)


def _for_services(place: Place | None) -> Place | None:
    """Northern Ireland is United Kingdom for services."""
    if place and place.territory.code == "XI":
        return Place(TERRITORIES["GB"])
    return place


def _seller_is_dealer(facts: Facts) -> bool:
    return bool(facts.supplier_is_dealer) or facts.supplier_kind is Kind.TAXABLE_DEALER


def _case(
    facts: Facts,
    supply: Trait,
    *,
    place: Place | None,
    standing: Standing,
    ids: dict[str, str],
    more: set[Trait],
) -> Case:
    seller = find_place(facts.supplier_country)
    home = seller.territory if seller else None
    traits = {supply, *_STANDING_TRAITS[standing], *_policy_traits(facts, place, home), *more}
    if home is None:
        traits.add(Trait.SELLER_UNKNOWN)
    traits |= _place_traits(supply, place, home)
    buyer_id = None
    if place and place.territory.country in ids:
        buyer_id = ids[place.territory.country]
        if standing is Standing.VERIFIED:
            traits.add(Trait.IDENTIFIED)
    elif ids:
        buyer_id = next(iter(ids.values()))
    return Case(facts, supply, place, home, standing, buyer_id, frozenset(traits))


_STANDING_TRAITS: Final = {
    Standing.UNKNOWN: (Trait.KIND_UNKNOWN,),
    Standing.PRIVATE: (Trait.PRIVATE, Trait.CONSUMER),
    Standing.WITHOUT_ID: (Trait.WITHOUT_ID, Trait.CONSUMER),
    Standing.UNVERIFIED: (Trait.UNVERIFIED, Trait.BUSINESS),
    Standing.VERIFIED: (Trait.VERIFIED, Trait.BUSINESS),
    Standing.TRUSTED: (Trait.BUSINESS,),
}


def _policy_traits(facts: Facts, place: Place | None, home: Territory | None) -> set[Trait]:
    traits = set()
    # The Union scheme is for sellers seated in the EU (art. 369a).
    if facts.policy.oss_registered and home is not None and home.goods is Area.EU:
        traits.add(Trait.OSS)
    if place and facts.policy.reverse_scope(place.territory.country) is ReverseScope.ANY_BUSINESS:
        traits.add(Trait.ANY_BUSINESS)
    return traits


def _place_traits(supply: Trait, place: Place | None, home: Territory | None) -> set[Trait]:
    if place is None:
        return {Trait.PLACE_UNKNOWN}
    territory = place.territory
    if territory.tax is Tax.UNSETTLED:
        return {Trait.UNSETTLED}
    area = territory.services if supply is Trait.SUBSCRIPTION else territory.goods
    if area is Area.OUTSIDE and territory.tax is not Tax.VAT:
        return _untaxed_traits(supply, territory)
    traits = set(_AREA_TRAITS[area])
    if area is Area.EU_LAW_ABROAD and supply is not Trait.CHARGING:
        traits = set()
    if home is not None and _same_country(territory, home):
        traits.add(Trait.HOME)
        traits.discard(Trait.OTHER_EU)
    return traits


def _untaxed_traits(supply: Trait, territory: Territory) -> set[Trait]:
    """Only charging is taxed by what the territory levies; a customer there is just abroad."""
    if supply is not Trait.CHARGING:
        return set()
    return {Trait.NO_VAT} if territory.tax is Tax.NONE else {Trait.LOCAL_TAX}


_AREA_TRAITS: Final = {
    Area.EU: (Trait.OTHER_EU, Trait.EU_AREA),
    Area.EU_LAW_ABROAD: (Trait.OTHER_EU,),
    Area.SWISS: (Trait.SWISS,),
    Area.LOCAL: (Trait.LOCAL_VAT,),
    Area.OUTSIDE: (Trait.OUTSIDE,),
}

_UNITED_KINGDOM: Final = frozenset({"GB", "XI"})


def _same_country(one: Territory, other: Territory) -> bool:
    return one.country == other.country or {one.country, other.country} <= _UNITED_KINGDOM
