"""Payments for tests, in any state, by the ways that lead there."""

from datetime import UTC, datetime
from decimal import Decimal

from apps.payments import psp as psps
from apps.payments import services
from apps.payments.models import Payment
from apps.payments.psp import Authorization, PspStatus, PspUnavailable, Snapshot
from apps.payments.services.moves import balance
from tests.accounts.factories import AccountFactory

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def asked(*, amount: str = "50", currency: str = "EUR", now: datetime = NOW, **fields) -> Payment:
    """A payment whose PSP was not asked yet."""
    account = fields.pop("account", None) or AccountFactory()
    number = Payment.objects.count()
    return services.request_payment(
        provider=account.provider, account=account, amount=Decimal(amount), currency=currency,
        reference=fields.pop("reference", f"test:{number}"), now=now,
        payment_method=fields.pop("payment_method", "sandbox_card"), **fields,
    )  # fmt: skip


def blocked(**fields) -> Payment:
    """A payment whose amount is blocked."""
    return services.authorize_payment(payment=asked(**fields), now=fields.get("now", NOW))


def settled(payment: Payment, *, now: datetime = NOW) -> Payment:
    """The payment after everything that is due was asked of the PSP."""
    services.settle_payment(payment_id=payment.pk, now=now)
    payment.refresh_from_db()
    return payment


def adds_up(payment: Payment) -> bool:
    """The ledger says the same as the payment."""
    sums = balance(payment)
    taken = payment.captured_amount - payment.refunded_amount
    holds = payment.state in {"PREAUTH_ACCEPTED", "CAPTURE_PENDING"}
    blocked_now = payment.authorized_amount if holds else Decimal(0)
    if payment.state == "RELEASE_PENDING":
        blocked_now = sums["blocked"]
    return sums == {"blocked": blocked_now, "taken": taken, "owed": payment.owed_amount}


class ScriptedPsp:
    """A PSP that plays a part: `fails` calls are not answered, although they were done."""

    name = "scripted"

    def __init__(self) -> None:
        self.status = PspStatus.PENDING
        self.captured = Decimal(0)
        self.refunded = Decimal(0)
        self.captures = 0
        self.lost_answers = 0
        self.keys: set[str] = set()
        self.calls: list[str] = []
        psps.register(self)

    def _answer(self, call: str) -> Snapshot:
        self.calls.append(call)
        if self.lost_answers:
            self.lost_answers -= 1
            raise PspUnavailable("no answer")
        return Snapshot("psp-1", self.status, captured=self.captured, refunded=self.refunded)

    def authorize(self, order: Authorization) -> Snapshot:
        if order.key not in self.keys:
            self.keys.add(order.key)
            self.status = PspStatus.AUTHORIZED
        return self._answer("authorize")

    def capture(self, *, psp_payment_id, amount, currency, key) -> Snapshot:
        if key not in self.keys:
            self.keys.add(key)
            self.captures += 1
            self.status, self.captured = PspStatus.CAPTURED, amount
        return self._answer("capture")

    def release(self, *, psp_payment_id, currency, key) -> Snapshot:
        self.status = PspStatus.RELEASED
        return self._answer("release")

    def refund(self, *, psp_payment_id, amount, currency, key) -> Snapshot:
        if key not in self.keys:
            self.keys.add(key)
            self.refunded += amount
        return self._answer("refund")

    def read(self, *, psp_payment_id, currency) -> Snapshot:
        return self._answer("read")
