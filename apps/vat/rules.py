"""The form of a rule: which traits a case must have, what follows, why, and when it is law."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

# Special place-of-supply rules for electricity apply since then (Directive 2003/92/EC).
ELECTRICITY_RULES_FROM = date(2005, 1, 1)


class Trait(StrEnum):
    """What is true of a case; rules ask for traits."""

    CHARGING = "charging"
    RESALE = "resale to a taxable dealer"
    REIMBURSEMENT = "reimbursement of a host"
    SUBSCRIPTION = "subscription"

    # The place that decides: the station, the dealer's or the platform's seat, the subscriber.
    PLACE_UNKNOWN = "place unknown"
    HOME = "in the seller's country"
    OTHER_EU = "in another EU country"
    EU_AREA = "in the EU VAT area"
    SWISS = "in the Swiss VAT area"
    LOCAL_VAT = "in a country outside the EU whose VAT is charged"
    OUTSIDE = "in a country whose VAT law is not covered"
    NO_VAT = "where no VAT is levied"
    LOCAL_TAX = "where a local tax is levied"
    UNSETTLED = "where two laws meet"

    KIND_UNKNOWN = "kind of party unknown"
    SELLER_UNKNOWN = "seller's country unknown"
    SEAT_UNKNOWN = "customer's country unknown"
    SEATED_OUTSIDE_SWITZERLAND = "customer seated outside Switzerland"
    SEATED_IN_LIECHTENSTEIN = "customer seated in Liechtenstein"

    PRIVATE = "private person"
    WITHOUT_ID = "business without a valid VAT id"
    CONSUMER = "treated as private"
    BUSINESS = "business"
    VERIFIED = "business with a valid VAT id"
    UNVERIFIED = "business whose VAT id is not verified"
    IDENTIFIED = "business with a valid VAT id of the place"
    BUYER_ID = "the buyer's VAT id is known"

    BETWEEN_DEALERS = "both are taxable dealers"
    DEALER_UNKNOWN = "unknown whether the seller is a dealer"

    ANY_BUSINESS = "policy: any business owes the tax"
    OSS = "policy: one-stop shop"
    ART45 = "policy: art. 45"


class Status(StrEnum):
    OK = "ok"
    HOLD = "hold"  # a fact is missing; mended, it can be decided
    MANUAL = "manual"  # a tax we don't handle; a person decides


class Category(StrEnum):
    """UNTDID 5305 codes as EN 16931 uses them."""

    STANDARD = "S"
    REVERSE = "AE"
    OUTSIDE = "O"
    ZERO = "Z"
    EXEMPT = "E"


class Reporting(StrEnum):
    """The return that the tax goes on; none where the seller owes no tax."""

    DOMESTIC = "domestic"
    LOCAL = "local_registration"
    OSS = "union_oss"


class Taxed(StrEnum):
    """Where, and at which rate."""

    NOWHERE = "nowhere"
    REVERSED = "at the place, by the buyer"
    CHARGING_RATE = "at the place, at the rate for charging"
    STANDARD_RATE = "at the place, at the standard rate"
    SELLER_RATE = "at the seller, at the standard rate"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a rule.

    `notes` are keys of notes.py; `flag` may name the place as {code}; `paper` is False where
    the document is no invoice at all.
    """

    status: Status = Status.OK
    category: Category | None = None
    taxed: Taxed = Taxed.NOWHERE
    reporting: Reporting | None = None
    notes: tuple[str, ...] = ()
    vatex: str | None = None
    flag: str = ""
    self_billed: bool = False
    paper: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of law: it applies when the case has all the traits it needs.

    `row` is the row of the table in docs/vat.md; `law` is the short source for the sentence
    that people read; `countries`, where given, are the only ones whose law has the rule.
    """

    row: str
    needs: frozenset[Trait]
    outcome: Outcome
    because: str
    law: str
    sources: tuple[str, ...]
    valid_from: date = ELECTRICITY_RULES_FROM
    valid_to: date | None = None
    countries: frozenset[str] | None = None

    def applies(self, traits: frozenset[Trait], country: str, on: date) -> bool:
        return (
            self.needs <= traits
            and self.valid_from <= on
            and (self.valid_to is None or on < self.valid_to)
            and (self.countries is None or country in self.countries)
        )
