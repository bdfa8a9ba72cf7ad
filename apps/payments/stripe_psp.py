"""Stripe: payment intents with manual capture, through Stripe's own library.

Source of the messages: docs.stripe.com/payments/place-a-hold-on-a-payment-method,
docs.stripe.com/api/payment_intents, docs.stripe.com/api/idempotent_requests.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import stripe
from django.conf import settings

from apps.core.errors import DomainError
from apps.core.money import currency_exponent
from apps.payments.psp import Authorization, PspRefused, PspStatus, PspUnavailable, Snapshot
from apps.payments.services.messages import IncomingMessage

# Stripe's exceptions to ISO 4217 (docs.stripe.com/currencies#special-cases).
_AS_TWO_DIGITS: Final = {"ISK", "UGX"}
_THREE_DIGITS_IN_TENS: Final = 3

_STATUS: Final = {
    "requires_capture": PspStatus.AUTHORIZED,
    "succeeded": PspStatus.CAPTURED,
    "canceled": PspStatus.RELEASED,
    "processing": PspStatus.PENDING,
    "requires_confirmation": PspStatus.PENDING,
    # Nobody is there to pass a 3-D Secure page for a charge that starts remotely.
    "requires_action": PspStatus.DECLINED,
    "requires_payment_method": PspStatus.DECLINED,
}


class StripeNotSetUp(PspUnavailable):
    """STRIPE_API_KEY or STRIPE_WEBHOOK_SECRET is missing; payments wait until it is there."""

    code = "STRIPE_NOT_SET_UP"


class SignatureWrong(DomainError):
    """A webhook that Stripe did not sign with our secret, or signed too long ago."""

    code = "WEBHOOK_SIGNATURE_WRONG"
    http_status = 400


class StripePsp:
    """Manual capture: authorize with a confirmed intent, capture or cancel later."""

    name = "stripe"

    def authorize(self, order: Authorization) -> Snapshot:
        params: dict[str, Any] = {
            "amount": to_minor(order.amount, order.currency),
            "currency": order.currency.lower(),
            "capture_method": "manual",
            "confirm": True,
            "off_session": True,
            "payment_method": order.payment_method,
            "payment_method_types": ["card"],
            "metadata": {"reference": order.reference},
            "expand": ["latest_charge"],
        }
        if order.customer_reference:
            params["customer"] = order.customer_reference
        return _call(
            lambda client, options: client.v1.payment_intents.create(params, options),  # type: ignore[arg-type]
            key=order.key, currency=order.currency,
        )  # fmt: skip

    def capture(self, *, psp_payment_id: str, amount: Decimal, currency: str, key: str) -> Snapshot:
        return _call(
            lambda client, options: client.v1.payment_intents.capture(
                psp_payment_id,
                {"amount_to_capture": to_minor(amount, currency), "expand": ["latest_charge"]},
                options,
            ),
            key=key, currency=currency,
        )  # fmt: skip

    def release(self, *, psp_payment_id: str, currency: str, key: str) -> Snapshot:
        return _call(
            lambda client, options: client.v1.payment_intents.cancel(
                psp_payment_id, {"expand": ["latest_charge"]}, options
            ),
            key=key, currency=currency,
        )  # fmt: skip

    def refund(self, *, psp_payment_id: str, amount: Decimal, currency: str, key: str) -> Snapshot:
        _send(
            lambda client, options: client.v1.refunds.create(
                {"payment_intent": psp_payment_id, "amount": to_minor(amount, currency)}, options
            ),
            key=key,
        )
        return self.read(psp_payment_id=psp_payment_id, currency=currency)

    def read(self, *, psp_payment_id: str, currency: str) -> Snapshot:
        return _call(
            lambda client, options: client.v1.payment_intents.retrieve(
                psp_payment_id, {"expand": ["latest_charge"]}, options
            ),
            key="", currency=currency,
        )  # fmt: skip


def _client() -> stripe.StripeClient:
    if not settings.STRIPE_API_KEY:
        raise StripeNotSetUp("Set STRIPE_API_KEY to take payments through Stripe.")
    base = {"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else {}
    return stripe.StripeClient(
        settings.STRIPE_API_KEY,
        base_addresses=base,  # type: ignore[arg-type]
        max_network_retries=settings.STRIPE_NETWORK_RETRIES,
        http_client=stripe.RequestsClient(timeout=settings.STRIPE_TIMEOUT_SECONDS),
    )


Request = Callable[[stripe.StripeClient, Any], Any]


def _call(request: Request, *, key: str, currency: str) -> Snapshot:
    return snapshot_of(_send(request, key=key), currency=currency)


def _send(request: Request, *, key: str) -> dict[str, Any]:
    options = {"idempotency_key": key} if key else {}
    try:
        answer: dict[str, Any] = request(_client(), options).to_dict()
        return answer
    except stripe.CardError as error:
        body: dict[str, Any] = error.json_body or {}  # type: ignore[assignment]
        intent = body.get("error", {}).get("payment_intent")
        if intent:
            return dict(intent)
        raise PspRefused(error.user_message or str(error), psp_code=error.code) from error
    except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
        raise PspRefused(error.user_message or str(error), psp_code=error.code) from error
    except stripe.StripeError as error:
        # No connection, rate limit, wrong key, Stripe's own fault: whether it acted is unknown.
        raise PspUnavailable(f"Stripe: {type(error).__name__}: {error}") from error


def snapshot_of(intent: dict[str, Any], *, currency: str) -> Snapshot:
    """An intent as a Snapshot; with `latest_charge` expanded it knows refunds and the end."""
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, dict) else {}
    status = _STATUS.get(intent["status"], PspStatus.PENDING)
    if status is PspStatus.RELEASED and intent.get("cancellation_reason") == "automatic":
        status = PspStatus.EXPIRED
    failure = intent.get("last_payment_error") or {}
    until = (charge.get("payment_method_details") or {}).get("card", {}).get("capture_before")
    return Snapshot(
        psp_payment_id=intent["id"],
        status=status,
        captured=from_minor(intent.get("amount_received") or 0, currency),
        refunded=from_minor(charge.get("amount_refunded") or 0, currency),
        authorized_until=datetime.fromtimestamp(until, tz=UTC) if until else None,
        failure_code=failure.get("decline_code") or failure.get("code") or "",
        failure_message=failure.get("message") or "",
    )


def read_webhook(*, body: bytes, signature: str) -> IncomingMessage:
    """The message of a signed webhook. Raises SignatureWrong, StripeNotSetUp."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise StripeNotSetUp("Set STRIPE_WEBHOOK_SECRET to take Stripe's webhooks.")
    try:
        event = _client().construct_event(body, signature, settings.STRIPE_WEBHOOK_SECRET)
    except (ValueError, stripe.SignatureVerificationError) as error:
        raise SignatureWrong("The Stripe-Signature header does not fit the body.") from error
    content = json.loads(body)["data"]["object"]
    intent = content if content.get("object") == "payment_intent" else {}
    snapshot, reference = None, ""
    if intent and event.type in INTENT_EVENTS:
        snapshot = snapshot_of(intent, currency=intent["currency"].upper())
        reference = (intent.get("metadata") or {}).get("reference", "")
    elif content.get("object") == "charge" and event.type == "charge.refunded":
        snapshot = _of_refunded_charge(content)
    return IncomingMessage(
        psp="stripe", event_id=event.id, type=event.type, snapshot=snapshot,
        reference=reference, body=body.decode(),
    )  # fmt: skip


INTENT_EVENTS: Final = {
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
}


def _of_refunded_charge(charge: dict[str, Any]) -> Snapshot | None:
    if not charge.get("payment_intent"):
        return None
    currency = charge["currency"].upper()
    return Snapshot(
        psp_payment_id=charge["payment_intent"],
        status=PspStatus.CAPTURED,
        captured=from_minor(charge.get("amount_captured") or 0, currency),
        refunded=from_minor(charge.get("amount_refunded") or 0, currency),
    )


def _digits(currency: str) -> int:
    return 2 if currency in _AS_TWO_DIGITS else currency_exponent(currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """Stripe's integer: 12.34 EUR is 1234, 500 JPY is 500; three-digit currencies end in 0."""
    minor = int(amount.scaleb(_digits(currency)))
    return minor - minor % 10 if _digits(currency) == _THREE_DIGITS_IN_TENS else minor


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount of Stripe's integer."""
    return Decimal(minor).scaleb(-_digits(currency))
