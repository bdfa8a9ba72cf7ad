"""Reimbursement: a host sells the electricity of its station to the platform, which bills itself.

The platform is a taxable dealer, so art. 38 places the supply at its seat; the self-billed
invoice (Directive 2006/112/EC art. 224) has UNTDID type 389.
"""

from datetime import date
from typing import Final

from apps.vat.notes import OUTSIDE_ART_38, PAYMENT_STATEMENT, SELF_BILLING
from apps.vat.outcomes import SELF_BILLED_DOMESTIC, SELF_BILLED_REVERSED, hold, manual, outside
from apps.vat.rules import Rule, Trait

_T = Trait
_ART_38: Final = "Directive 2006/112/EC art. 38"
_ART_195: Final = "Directive 2006/112/EC art. 195"
_ART_199A: Final = "Directive 2006/112/EC art. 199a(1)(e)"
_ART_224: Final = "Directive 2006/112/EC art. 224 (self-billing)"
_199A_FROM: Final = date(2013, 9, 1)
_END_OF_199A: Final = date(2027, 1, 1)


def _needs(*traits: Trait) -> frozenset[Trait]:
    return frozenset((_T.REIMBURSEMENT, *traits))


REIMBURSEMENT_RULES: Final = (
    # Art. 9: who isn't a taxable person makes no taxable supply and gives no invoice.
    Rule(
        row="16",
        needs=_needs(_T.CONSUMER),
        outcome=outside(PAYMENT_STATEMENT, paper=False),
        because="reimbursement of a {customer}, who is no taxable person",
        law="art. 9",
        sources=("Directive 2006/112/EC art. 2(1)(a), art. 9",),
    ),
    Rule(
        row="15",
        needs=_needs(_T.PLACE_UNKNOWN),
        outcome=hold("customer_country_missing"),
        because="the seat of the platform is not known",
        law="art. 38",
        sources=(_ART_38,),
    ),
    Rule(
        row="territory",
        needs=_needs(_T.UNSETTLED),
        outcome=manual(),
        because="supplied to a platform in {place}, outside the EU VAT area under a special act",
        law="art. 6",
        sources=("Directive 2006/112/EC art. 6(1)(c)", _ART_38),
    ),
    Rule(
        row="15",
        needs=_needs(_T.HOME, _T.BETWEEN_DEALERS, _T.BUYER_ID),
        countries=frozenset({"DE", "FR"}),
        valid_from=_199A_FROM,
        valid_to=_END_OF_199A,
        outcome=SELF_BILLED_REVERSED,
        because="host and platform are taxable dealers in {place}",
        law="art. 199a",
        sources=(_ART_38, _ART_199A, _ART_224),
    ),
    Rule(
        row="15",
        needs=_needs(_T.HOME),
        outcome=SELF_BILLED_DOMESTIC,
        because="reimbursement of a business host in {place}, the platform's own country",
        law="art. 38",
        sources=(_ART_38, _ART_224),
    ),
    Rule(
        row="15",
        needs=_needs(_T.UNVERIFIED),
        outcome=hold("vat_id_unverified"),
        because="reimbursement of a host abroad whose VAT id is not verified",
        law="art. 38",
        sources=(_ART_38, "Regulation (EU) 282/2011 art. 18"),
    ),
    Rule(
        row="15",
        needs=_needs(_T.OTHER_EU, _T.BUYER_ID),
        outcome=SELF_BILLED_REVERSED,
        because="reimbursement of a business host abroad by a platform seated in {place}",
        law="art. 38, 195",
        sources=(_ART_38, _ART_195, _ART_224),
    ),
    Rule(
        row="15",
        needs=_needs(_T.OTHER_EU),
        outcome=hold("vat_id_missing:{code}"),
        because="the platform in {place} gave no VAT id of its own",
        law="art. 195",
        sources=(_ART_38, _ART_195),
    ),
    Rule(
        row="15",
        needs=_needs(),
        outcome=outside(OUTSIDE_ART_38, SELF_BILLING, self_billed=True),
        because="reimbursement of a business host by a platform seated in {place}, outside the EU",
        law="art. 38",
        sources=(_ART_38, _ART_224),
    ),
)
