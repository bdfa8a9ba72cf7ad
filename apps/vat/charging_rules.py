"""Charging: a supply of electricity to whoever drives, taxed where it is consumed.

CJEU C-282/22: charging a vehicle is a supply of goods. Directive 2006/112/EC art. 39: to anyone
but a taxable dealer it takes place where the customer uses it up, which is at the station. The
first rule that applies is the one.
"""

from datetime import date
from typing import Final

from apps.vat.notes import OUTSIDE_EU_AREA, OUTSIDE_SWISS
from apps.vat.outcomes import (
    DOMESTIC,
    ONE_STOP_SHOP,
    REGISTERED_THERE,
    REVERSED,
    hold,
    manual,
    outside,
)
from apps.vat.rules import Rule, Trait

_T = Trait
_ART_39: Final = "Directive 2006/112/EC art. 39"
_GOODS: Final = "CJEU C-282/22 (charging is a supply of goods)"
_CHAIN: Final = "CJEU C-60/23 (operator to provider to driver are two supplies)"
_SWISS_PLACE: Final = "MWSTG (SR 641.20) art. 7(2)"
_AT_STATION: Final = "charged at a station in {place}, {customer}"
# Extension of the one-stop shop to electricity for non-taxable persons (ViDA).
_OSS_FROM: Final = date(2027, 1, 1)
_BREXIT: Final = date(2021, 1, 1)


def _needs(*traits: Trait) -> frozenset[Trait]:
    return frozenset((_T.CHARGING, *traits))


CHARGING_RULES: Final = (
    Rule(
        row="10",
        needs=_needs(_T.PLACE_UNKNOWN),
        outcome=hold("station_country_missing"),
        because="the country of the station is not known",
        law="art. 39",
        sources=(_ART_39,),
    ),
    # Which VAT law governs, or that a local tax replaces VAT, is beyond what we know.
    Rule(
        row="territory",
        needs=_needs(_T.LOCAL_TAX),
        outcome=manual(),
        because="charged at a station in {place}, which levies a local tax instead of VAT",
        law="art. 6",
        sources=("Directive 2006/112/EC art. 6",),
    ),
    Rule(
        row="territory",
        needs=_needs(_T.UNSETTLED),
        outcome=manual(),
        because="charged at a station in {place}, outside the EU VAT area under a special act",
        law="art. 6",
        sources=("Directive 2006/112/EC art. 6(1)(c)",),
    ),
    Rule(
        row="territory",
        needs=_needs(_T.NO_VAT),
        outcome=outside(OUTSIDE_EU_AREA),
        because="charged at a station in {place}, where no VAT is levied",
        law="art. 6",
        sources=("Directive 2006/112/EC art. 6", _GOODS),
    ),
    # Swiss law taxes electricity at the seat of a business that receives it, whoever supplies.
    Rule(
        row="9",
        needs=_needs(_T.SWISS, _T.BUSINESS, _T.SEAT_UNKNOWN),
        outcome=hold("customer_country_missing"),
        because="charged at a station in {place}, and the seat of the business is not known",
        law="MWSTG art. 7(2)",
        sources=(_SWISS_PLACE,),
    ),
    # One VAT area by treaty, two tax offices: the tax is Liechtenstein's.
    Rule(
        row="9",
        needs=_needs(_T.SWISS, _T.BUSINESS, _T.SEATED_IN_LIECHTENSTEIN),
        outcome=manual("local_tax:LI"),
        because="charged at a station in {place} by a business seated in Liechtenstein",
        law="MWSTG art. 7(2)",
        sources=(_SWISS_PLACE, "Treaty CH-LI on VAT of 28 October 1994 (SR 0.641.295.142)"),
    ),
    Rule(
        row="9",
        needs=_needs(_T.SWISS, _T.SEATED_OUTSIDE_SWITZERLAND, _T.UNVERIFIED),
        outcome=hold("vat_id_unverified"),
        because="charged at a station in {place} by a business seated outside Switzerland whose "
        "VAT id is not verified",
        law="MWSTG art. 7(2)",
        sources=(_SWISS_PLACE,),
    ),
    Rule(
        row="9",
        needs=_needs(_T.SWISS, _T.SEATED_OUTSIDE_SWITZERLAND, _T.VERIFIED),
        outcome=outside(OUTSIDE_SWISS),
        because="charged at a station in {place} by a business seated outside Switzerland",
        law="MWSTG art. 7(2)",
        sources=(_SWISS_PLACE,),
    ),
    Rule(
        row="1",
        needs=_needs(_T.HOME),
        outcome=DOMESTIC,
        because=_AT_STATION,
        law="art. 39",
        sources=(_ART_39, _GOODS, _CHAIN),
    ),
    # Neither state lets a foreign seller's business customer owe this tax in his place.
    Rule(
        row="8",
        needs=_needs(_T.SWISS),
        outcome=REGISTERED_THERE,
        because=_AT_STATION,
        law="MWSTG art. 7(2)",
        sources=(_SWISS_PLACE, "MWSTG (SR 641.20) art. 25(1)"),
    ),
    Rule(
        row="8",
        needs=_needs(_T.LOCAL_VAT),
        countries=frozenset({"NO"}),
        outcome=REGISTERED_THERE,
        because=_AT_STATION,
        law="merverdiavgiftsloven § 3-1",
        sources=("merverdiavgiftsloven (LOV-2009-06-19-58) § 1-1, § 3-1, § 5-1",),
    ),
    Rule(
        row="8",
        needs=_needs(_T.LOCAL_VAT),
        countries=frozenset({"GB"}),
        valid_from=_BREXIT,  # before it, the United Kingdom was a Member State
        outcome=REGISTERED_THERE,
        because=_AT_STATION,
        law="Value Added Tax Act 1994",
        sources=("Value Added Tax Act 1994 s. 1, s. 7", "HMRC Brief 7 (2021)"),
    ),
    # Art. 195: the buyer who is identified in the country of the supply owes the tax when the
    # seller is not established there; a registration alone establishes nobody.
    Rule(
        row="3",
        needs=_needs(_T.OTHER_EU, _T.IDENTIFIED),
        outcome=REVERSED,
        because="charged at a station in {place} by a business with a VAT id of that country, "
        "from a seller not established there",
        law="art. 39, 195",
        sources=(_ART_39, "Directive 2006/112/EC art. 195", _GOODS),
    ),
    Rule(
        row="4",
        needs=_needs(_T.OTHER_EU, _T.VERIFIED, _T.ANY_BUSINESS),
        outcome=REVERSED,
        because="charged at a station in {place}, where any business owes the tax on electricity "
        "from abroad",
        law="art. 39, 194",
        sources=(_ART_39, "Directive 2006/112/EC art. 194", "UStG § 13b(2) no. 5(a), (5)", _GOODS),
    ),
    Rule(
        row="4",
        needs=_needs(_T.OTHER_EU, _T.UNVERIFIED),
        outcome=hold("vat_id_unverified"),
        because="charged at a station in {place} by a business whose VAT id is not verified",
        law="art. 195",
        sources=("Directive 2006/112/EC art. 195", "Regulation (EU) 282/2011 art. 18"),
    ),
    # A taxable person without an id there: no reverse charge, and the one-stop shop is for
    # supplies to non-taxable persons only.
    Rule(
        row="4",
        needs=_needs(_T.OTHER_EU, _T.VERIFIED),
        outcome=REGISTERED_THERE,
        because="charged at a station in {place} by a business without a VAT id of that country",
        law="art. 39",
        sources=(_ART_39, "Directive 2006/112/EC art. 195", _GOODS),
    ),
    Rule(
        row="2",
        needs=_needs(_T.OTHER_EU, _T.EU_AREA, _T.PRIVATE, _T.OSS),
        valid_from=_OSS_FROM,
        outcome=ONE_STOP_SHOP,
        because=_AT_STATION + ", declared through the one-stop shop",
        law="art. 39, 369a",
        sources=(_ART_39, "Directive (EU) 2025/516 (ViDA): art. 369a, 369b", _GOODS, _CHAIN),
    ),
    Rule(
        row="4",
        needs=_needs(_T.OTHER_EU, _T.EU_AREA, _T.WITHOUT_ID, _T.OSS),
        valid_from=_OSS_FROM,
        outcome=ONE_STOP_SHOP,
        because=_AT_STATION + ", declared through the one-stop shop",
        law="art. 39, 369a",
        sources=(_ART_39, "Directive (EU) 2025/516 (ViDA): art. 369a, 369b", _GOODS, _CHAIN),
    ),
    Rule(
        row="2",
        needs=_needs(_T.OTHER_EU, _T.PRIVATE),
        outcome=REGISTERED_THERE,
        because=_AT_STATION,
        law="art. 39",
        sources=(_ART_39, _GOODS, _CHAIN),
    ),
    Rule(
        row="4",
        needs=_needs(_T.OTHER_EU, _T.WITHOUT_ID),
        outcome=REGISTERED_THERE,
        because=_AT_STATION,
        law="art. 39",
        sources=(_ART_39, "Directive 2006/112/EC art. 195", _GOODS),
    ),
    Rule(
        row="8",
        needs=_needs(_T.OUTSIDE),
        outcome=hold("outside_eu_vat_area"),
        because="charged at a station in {place}, whose VAT law is not covered",
        law="art. 39",
        sources=(_ART_39,),
    ),
)
