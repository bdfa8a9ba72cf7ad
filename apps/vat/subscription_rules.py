"""Subscriptions: a service, at the standard rate, placed by who receives it.

Directive 2006/112/EC art. 44 (businesses: where the customer is), art. 58 (private customers of
an electronic service: where they live; whoever they are outside the EU too) or art. 45 (other
services to private customers: where the seller is). Which of the two a provider's subscription
is, is its policy. Northern Ireland is outside the EU for services.
"""

from datetime import date
from typing import Final

from apps.vat.notes import OUTSIDE_ART_44, OUTSIDE_ART_58
from apps.vat.outcomes import (
    DOMESTIC_SERVICE,
    REVERSED,
    SERVICE_AT_SELLER,
    SERVICE_ONE_STOP_SHOP,
    SERVICE_REGISTERED_THERE,
    hold,
    manual,
    outside,
)
from apps.vat.rules import Rule, Trait

_T = Trait
_ART_44: Final = "Directive 2006/112/EC art. 44"
_ART_45: Final = "Directive 2006/112/EC art. 45"
_ART_58: Final = "Directive 2006/112/EC art. 58"
_ART_196: Final = "Directive 2006/112/EC art. 196"
# Directive 2008/8/EC: art. 44 and 196 since 2010; art. 58 and the one-stop shop since 2015.
_B2B_FROM: Final = date(2010, 1, 1)
_B2C_FROM: Final = date(2015, 1, 1)


def _needs(*traits: Trait) -> frozenset[Trait]:
    return frozenset((_T.SUBSCRIPTION, *traits))


SUBSCRIPTION_RULES: Final = (
    Rule(
        row="13",
        needs=_needs(_T.PLACE_UNKNOWN),
        outcome=hold("customer_country_missing"),
        because="the country of the customer is not known",
        law="art. 44, 58",
        sources=(_ART_44, _ART_58),
    ),
    Rule(
        row="territory",
        needs=_needs(_T.UNSETTLED),
        outcome=manual(),
        because="subscription of a customer in {place}, outside the EU VAT area under a special "
        "act",
        law="art. 6",
        sources=("Directive 2006/112/EC art. 6(1)(c)",),
    ),
    Rule(
        row="11",
        needs=_needs(_T.HOME),
        outcome=DOMESTIC_SERVICE,
        because="subscription of a customer in {place}, the seller's own country",
        law="art. 44, 45",
        sources=(_ART_44, _ART_45),
    ),
    Rule(
        row="12",
        needs=_needs(_T.OTHER_EU, _T.UNVERIFIED),
        outcome=hold("vat_id_unverified"),
        because="subscription of a business in {place} whose VAT id is not verified",
        law="art. 44, 196",
        sources=(_ART_44, _ART_196, "Regulation (EU) 282/2011 art. 18"),
    ),
    Rule(
        row="12",
        needs=_needs(_T.OTHER_EU, _T.VERIFIED),
        valid_from=_B2B_FROM,
        outcome=REVERSED,
        because="subscription of a business in {place} with a valid VAT id",
        law="art. 44, 196",
        sources=(_ART_44, _ART_196),
    ),
    Rule(
        row="13",
        needs=_needs(_T.OTHER_EU, _T.CONSUMER, _T.ART45),
        outcome=SERVICE_AT_SELLER,
        because="subscription of a {customer} in {place}, taxed where the seller is",
        law="art. 45",
        sources=(_ART_45,),
    ),
    Rule(
        row="13",
        needs=_needs(_T.OTHER_EU, _T.CONSUMER, _T.OSS),
        valid_from=_B2C_FROM,
        outcome=SERVICE_ONE_STOP_SHOP,
        because="subscription of a {customer} in {place}, declared through the one-stop shop",
        law="art. 58, 369a",
        sources=(_ART_58, "Directive 2006/112/EC art. 369a, 369b"),
    ),
    Rule(
        row="13",
        needs=_needs(_T.OTHER_EU, _T.CONSUMER),
        valid_from=_B2C_FROM,
        outcome=SERVICE_REGISTERED_THERE,
        because="subscription of a {customer} in {place}",
        law="art. 58",
        sources=(_ART_58,),
    ),
    # Regulation 282/2011 art. 18(3): no VAT id can be asked of a business outside the EU.
    Rule(
        row="14",
        needs=_needs(_T.BUSINESS),
        valid_from=_B2B_FROM,
        outcome=outside(OUTSIDE_ART_44),
        because="subscription of a business in {place}, outside the EU",
        law="art. 44",
        sources=(_ART_44, "Regulation (EU) 282/2011 art. 18(3)"),
    ),
    Rule(
        row="14a",
        needs=_needs(_T.CONSUMER, _T.ART45),
        outcome=SERVICE_AT_SELLER,
        because="subscription of a {customer} in {place}, taxed where the seller is",
        law="art. 45",
        sources=(_ART_45,),
    ),
    Rule(
        row="14a",
        needs=_needs(_T.CONSUMER),
        valid_from=_B2C_FROM,
        outcome=outside(OUTSIDE_ART_58),
        because="subscription of a {customer} in {place}, outside the EU",
        law="art. 58",
        sources=(_ART_58,),
    ),
)
