"""The outcomes that rules share, so that each rule's row shows only what is its own."""

from typing import Final

from apps.vat.notes import REVERSE_CHARGE, SELF_BILLING
from apps.vat.rules import Category, Outcome, Reporting, Status, Taxed

_STANDARD: Final = Category.STANDARD

# Charging and resale: the rate for charging, where there is one.
DOMESTIC: Final = Outcome(
    category=_STANDARD, taxed=Taxed.CHARGING_RATE, reporting=Reporting.DOMESTIC
)
REGISTERED_THERE: Final = Outcome(
    category=_STANDARD, taxed=Taxed.CHARGING_RATE, reporting=Reporting.LOCAL
)
ONE_STOP_SHOP: Final = Outcome(
    category=_STANDARD, taxed=Taxed.CHARGING_RATE, reporting=Reporting.OSS
)

# Subscriptions: always the standard rate.
DOMESTIC_SERVICE: Final = Outcome(
    category=_STANDARD, taxed=Taxed.STANDARD_RATE, reporting=Reporting.DOMESTIC
)
SERVICE_REGISTERED_THERE: Final = Outcome(
    category=_STANDARD, taxed=Taxed.STANDARD_RATE, reporting=Reporting.LOCAL
)
SERVICE_ONE_STOP_SHOP: Final = Outcome(
    category=_STANDARD, taxed=Taxed.STANDARD_RATE, reporting=Reporting.OSS
)
SERVICE_AT_SELLER: Final = Outcome(
    category=_STANDARD, taxed=Taxed.SELLER_RATE, reporting=Reporting.DOMESTIC
)

REVERSED: Final = Outcome(
    category=Category.REVERSE,
    taxed=Taxed.REVERSED,
    notes=(REVERSE_CHARGE,),
    vatex="VATEX-EU-AE",
)

SELF_BILLED_DOMESTIC: Final = Outcome(
    category=_STANDARD,
    taxed=Taxed.CHARGING_RATE,
    reporting=Reporting.DOMESTIC,
    notes=(SELF_BILLING,),
    self_billed=True,
)
SELF_BILLED_REVERSED: Final = Outcome(
    category=Category.REVERSE,
    taxed=Taxed.REVERSED,
    notes=(REVERSE_CHARGE, SELF_BILLING),
    vatex="VATEX-EU-AE",
    self_billed=True,
)


def outside(*notes: str, self_billed: bool = False, paper: bool = True) -> Outcome:
    """No VAT of ours; the notes say under which article."""
    return Outcome(
        category=Category.OUTSIDE,
        notes=notes,
        vatex="VATEX-EU-O",
        self_billed=self_billed,
        paper=paper,
    )


def hold(flag: str) -> Outcome:
    """A fact is missing; the flag names it."""
    return Outcome(status=Status.HOLD, flag=flag)


def manual(flag: str = "") -> Outcome:
    """A tax that we don't handle."""
    return Outcome(status=Status.MANUAL, flag=flag)
