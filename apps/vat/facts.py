"""What a VAT decision is made from: facts as they were known, and the provider's policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Supply(StrEnum):
    """What is supplied, and in which link of the chain (CJEU C-60/23: each link is a supply)."""

    CHARGING_SESSION = "charging_session"
    RESALE_SESSION = "resale_session"
    REIMBURSEMENT_SESSION = "reimbursement_session"
    SUBSCRIPTION = "subscription"


class Kind(StrEnum):
    """What a party is. A taxable dealer mainly resells electricity (art. 38(2))."""

    PRIVATE = "private"
    BUSINESS = "business"
    TAXABLE_DEALER = "taxable_dealer"


class IdStatus(StrEnum):
    """What the registers said of a party's VAT ids; none of these: not yet asked."""

    VALID = "valid"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class Document(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class ReverseScope(StrEnum):
    """Which businesses owe the tax themselves when a foreigner supplies them (art. 195)."""

    IDENTIFIED = "identified"  # those with a VAT id of that country
    ANY_BUSINESS = "any_business"  # all with a VAT id of any country


class PrivateSubscription(StrEnum):
    """Where a subscription of a private customer abroad is taxed."""

    ART58 = "art58"  # electronic service: where the customer lives
    ART45 = "art45"  # other service: where the seller sits


@dataclass(frozen=True, slots=True)
class Policy:
    """How a provider settles what the law leaves open or the member states settle differently."""

    rc_scope: Mapping[str, ReverseScope] = field(default_factory=dict)
    subscription_b2c: PrivateSubscription = PrivateSubscription.ART58
    oss_registered: bool = True

    def reverse_scope(self, country: str) -> ReverseScope:
        """The provider's choice for the country, else art. 195, which holds everywhere.

        A country may go further (art. 194), as Germany does for electricity from abroad (UStG
        § 13b(2) no. 5(a) with (5)); a provider switches that on, because it then has to know its
        customers to be businesses.
        """
        return self.rc_scope.get(country, ReverseScope.IDENTIFIED)


DEFAULT_POLICY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision may look at; what is not known is None.

    Countries are ISO 3166-1 alpha-2 (also EL, UK, XI). `vat_id_status` speaks of the customer's
    ids, and in a reimbursement of the host's, who is the supplier there. `supplier_is_dealer`
    of None means that nobody knows. `session_end` is aware; the date that counts is its local
    date at the station, or `on` where it is not given.
    """

    supply: Supply
    on: date | None = None
    session_end: datetime | None = None
    supplier_country: str | None = None
    supplier_vat_registrations: tuple[str, ...] = ()
    supplier_kind: Kind | None = Kind.BUSINESS
    supplier_vat_ids: tuple[str, ...] = ()
    supplier_is_dealer: bool | None = False
    customer_country: str | None = None
    customer_postcode: str | None = None
    customer_kind: Kind | None = None
    customer_vat_ids: tuple[str, ...] = ()
    vat_id_status: IdStatus | None = None
    station_country: str | None = None
    station_postcode: str | None = None
    document: Document = Document.INVOICE
    policy: Policy = DEFAULT_POLICY
