"""The way to a payment service provider (PSP): what is asked, what it answers, who answers."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from django.conf import settings

from apps.core.errors import DomainError


class PspStatus(StrEnum):
    """Where a payment stands at the PSP."""

    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    DECLINED = "DECLINED"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A payment as the PSP sees it at one moment; amounts in the payment's currency."""

    psp_payment_id: str
    status: PspStatus
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    authorized_until: datetime | None = None
    failure_code: str = ""
    failure_message: str = ""


@dataclass(frozen=True, slots=True)
class Authorization:
    """Block `amount`; `key` makes asking twice safe, `reference` finds it at the PSP."""

    key: str
    reference: str
    amount: Decimal
    currency: str
    payment_method: str
    customer_reference: str


class PspUnavailable(DomainError):
    """The PSP did not answer, or not in time: whether it acted is unknown. Ask again."""

    code = "PSP_UNAVAILABLE"
    http_status = 503


class PspRefused(DomainError):
    """The PSP answered that it won't do this; asking the same again won't help."""

    code = "PSP_REFUSED"
    http_status = 402


class UnknownPsp(DomainError):
    """No PSP of this name is set up."""

    code = "PSP_UNKNOWN"
    http_status = 500


class Psp(Protocol):
    """Each call may be repeated with its key: the PSP acts once and answers the same.

    All raise PspUnavailable and PspRefused. A declined card is no error but an answer.
    """

    name: str

    def authorize(self, order: Authorization) -> Snapshot: ...

    def capture(
        self, *, psp_payment_id: str, amount: Decimal, currency: str, key: str
    ) -> Snapshot: ...

    def release(self, *, psp_payment_id: str, currency: str, key: str) -> Snapshot: ...

    def refund(
        self, *, psp_payment_id: str, amount: Decimal, currency: str, key: str
    ) -> Snapshot: ...

    def read(self, *, psp_payment_id: str, currency: str) -> Snapshot: ...


_psps: dict[str, Psp] = {}


def register(psp: Psp) -> None:
    """Make a PSP known under its name; a later one of the same name takes its place."""
    _psps[psp.name] = psp


def psp_named(name: str) -> Psp:
    """Raises UnknownPsp."""
    try:
        return _psps[name]
    except KeyError:
        raise UnknownPsp(f"No payment service provider {name!r} is set up.") from None


def default_name() -> str:
    """The PSP of new payments (setting PAYMENTS_PSP)."""
    return str(settings.PAYMENTS_PSP)
