"""Resale: electricity sold on to a taxable dealer, taxed where the dealer is seated.

Directive 2006/112/EC art. 38: wherever the station stands, the place is the dealer's seat.
"""

from datetime import date
from typing import Final

from apps.vat.notes import OUTSIDE_ART_38
from apps.vat.outcomes import DOMESTIC, REVERSED, hold, manual, outside
from apps.vat.rules import Rule, Trait

_T = Trait
_ART_38: Final = "Directive 2006/112/EC art. 38"
_ART_195: Final = "Directive 2006/112/EC art. 195"
_ART_199A: Final = "Directive 2006/112/EC art. 199a(1)(e)"
_CHAIN: Final = "CJEU C-60/23 (operator to provider to driver are two supplies)"

# Art. 199a(1)(e) came with Directive 2013/43/EU and ends with Directive (EU) 2022/890.
_QUICK_REACTION_FROM: Final = date(2013, 8, 15)
_GERMANY_FROM: Final = date(2013, 9, 1)
_END_OF_199A: Final = date(2027, 1, 1)
_BETWEEN_DEALERS: Final = "sold between taxable dealers in {place}"


def _needs(*traits: Trait) -> frozenset[Trait]:
    return frozenset((_T.RESALE, *traits))


RESALE_RULES: Final = (
    Rule(
        row="7",
        needs=_needs(_T.PLACE_UNKNOWN),
        outcome=hold("customer_country_missing"),
        because="the seat of the dealer is not known",
        law="art. 38",
        sources=(_ART_38,),
    ),
    Rule(
        row="territory",
        needs=_needs(_T.UNSETTLED),
        outcome=manual(),
        because="sold to a taxable dealer in {place}, outside the EU VAT area under a special act",
        law="art. 6",
        sources=("Directive 2006/112/EC art. 6(1)(c)", _ART_38),
    ),
    Rule(
        row="6",
        needs=_needs(_T.HOME, _T.BETWEEN_DEALERS, _T.BUYER_ID),
        countries=frozenset({"DE"}),
        valid_from=_GERMANY_FROM,
        valid_to=_END_OF_199A,
        outcome=REVERSED,
        because=_BETWEEN_DEALERS,
        law="art. 199a",
        sources=(_ART_38, _ART_199A, "UStG § 13b(2) no. 5(b), (5)", "Directive (EU) 2022/890"),
    ),
    Rule(
        row="6",
        needs=_needs(_T.HOME, _T.BETWEEN_DEALERS, _T.BUYER_ID),
        countries=frozenset({"FR"}),
        valid_from=_QUICK_REACTION_FROM,
        valid_to=_END_OF_199A,
        outcome=REVERSED,
        because=_BETWEEN_DEALERS,
        law="art. 199a",
        sources=(_ART_38, _ART_199A, "CGI art. 283-2 quinquies", "Directive (EU) 2022/890"),
    ),
    Rule(
        row="6",
        needs=_needs(_T.HOME, _T.DEALER_UNKNOWN),
        countries=frozenset({"DE", "FR"}),
        valid_from=_QUICK_REACTION_FROM,
        valid_to=_END_OF_199A,
        outcome=hold("supplier_is_dealer_missing"),
        because="sold to a taxable dealer in {place}, and it is not known whether the seller "
        "is one",
        law="art. 199a",
        sources=(_ART_38, _ART_199A),
    ),
    Rule(
        row="6",
        needs=_needs(_T.HOME),
        outcome=DOMESTIC,
        because="sold to a taxable dealer in {place}, the seller's own country",
        law="art. 38",
        sources=(_ART_38, _CHAIN),
    ),
    Rule(
        row="5",
        needs=_needs(_T.OTHER_EU, _T.UNVERIFIED),
        outcome=hold("vat_id_unverified"),
        because="sold to a taxable dealer in {place} whose VAT id is not verified",
        law="art. 195",
        sources=(_ART_38, _ART_195, "Regulation (EU) 282/2011 art. 18"),
    ),
    Rule(
        row="5",
        needs=_needs(_T.OTHER_EU, _T.IDENTIFIED),
        outcome=REVERSED,
        because="sold to a taxable dealer seated in {place}",
        law="art. 38, 195",
        sources=(_ART_38, _ART_195, _CHAIN),
    ),
    # Art. 195 reverses only for a buyer who is identified where the tax is due.
    Rule(
        row="5",
        needs=_needs(_T.OTHER_EU),
        outcome=hold("vat_id_missing:{code}"),
        because="sold to a taxable dealer in {place} who gave no VAT id of that country",
        law="art. 195",
        sources=(_ART_38, _ART_195),
    ),
    Rule(
        row="7",
        needs=_needs(),
        outcome=outside(OUTSIDE_ART_38),
        because="sold to a taxable dealer seated in {place}, outside the EU",
        law="art. 38",
        sources=(_ART_38,),
    ),
)
