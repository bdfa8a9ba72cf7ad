"""What payments hold of a person, for export and for erasing."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q

from apps.audit.change import change_of
from apps.audit.context import Actor, as_uuid
from apps.audit.personal import ERASED, erased
from apps.audit.persons import Holding, Person, PersonBusy, register_finder, register_holding
from apps.payments.models import Payment, PspMessage
from apps.payments.states import State

_OPEN: Final = (
    State.PREAUTH_PENDING, State.PREAUTH_ACCEPTED, State.CAPTURE_PENDING, State.RELEASE_PENDING,
)  # fmt: skip
_NAMES: Final = ("payment_method", "customer_reference", "failure_message")


def register() -> None:
    """Called in PaymentsConfig.ready()."""
    register_finder("payments.payment", find_payers)
    register_holding(Holding("payments", export_payments, erase_payments, prepare=prepare))
    register_holding(Holding("psp_messages", export_messages, erase_messages))


def find_payers(text: str) -> Iterator[Person]:
    """Whoever paid without an account: by the payment's id, or the PSP's of it."""
    wanted = Q(psp_payment_id=text)
    if (payment_id := as_uuid(text)) is not None:
        wanted |= Q(pk=payment_id)
    for payment in Payment.objects.filter(wanted, account=None).exclude(psp_payment_id=""):
        names = frozenset({payment.customer_reference, payment.payment_method} - {""})
        yield Person("payments.payment", payment.pk, str(payment), names=names)


def _payments_of(person: Person) -> Any:
    return Payment.objects.filter(Q(account_id=person.id) | Q(pk=person.id, account=None))


def prepare(person: Person) -> None:
    """Blocked money has to be taken or freed first."""
    if _payments_of(person).filter(state__in=_OPEN).exists():
        raise PersonBusy("A payment of this person is not settled; erase them when it is.")


def export_payments(person: Person) -> Iterator[dict[str, Any]]:
    """What was blocked, taken and given back, with each event."""
    for payment in _payments_of(person).order_by("id"):
        yield {
            "reference": payment.reference, "psp": payment.psp, "state": payment.state,
            "psp_payment_id": payment.psp_payment_id, "currency": payment.currency,
            "authorized_amount": payment.authorized_amount,
            "captured_amount": payment.captured_amount, "refunded_amount": payment.refunded_amount,
            **{name: getattr(payment, name) for name in _NAMES},
            "events": list(payment.ledger.order_by("id").values("at", "kind", "text")),
        }  # fmt: skip


def export_messages(person: Person) -> Iterator[dict[str, Any]]:
    """What the payment service provider told us."""
    rows: Any = PspMessage.objects.filter(payment__in=_payments_of(person))
    yield from rows.order_by("id").values("received_at", "type", "body")


def erase_payments(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Amounts and the PSP's number of the payment stay for the books; who paid with what goes."""
    payments = list(_payments_of(person))
    for payment in payments:
        payment.payment_method = payment.customer_reference = ""
        payment.failure_message = erased(payment.failure_message)
    Payment.objects.bulk_update(
        payments, _NAMES,
        audit_change=change_of("erased payer of payment", reason=reason, actor=actor),
    )  # fmt: skip
    return len(payments)


def erase_messages(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Bodies end with their key, what staff said of them goes; those that match no payment are
    read for names."""
    changed = 0
    for message in PspMessage.objects.filter(payment__in=_payments_of(person)).exclude(
        resolution=""
    ):
        message.resolution = erased(message.resolution)
        message.save(update_fields=["resolution", "updated_at"])
        changed += 1
    for message in PspMessage.objects.filter(payment=None).exclude(resolution="", body=""):
        said = person.blank(message.resolution)
        body = message.body if person.blank(message.body) == message.body else ERASED
        if (said, body) != (message.resolution, message.body):
            message.resolution, message.body = said, body
            message.save(update_fields=["resolution", "body", "updated_at"])
            changed += 1
    return changed
