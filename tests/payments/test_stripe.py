"""Stripe, through its own library and over HTTP against a server that speaks its messages."""

import time
from decimal import Decimal

import pytest
from django.test import Client

from apps.payments import services
from apps.payments.models import Payment, PspMessage
from apps.payments.services.messages import ResolutionMissing, resolve_message
from apps.payments.states import State
from apps.payments.stripe_psp import from_minor, to_minor
from tests.payments.factories import NOW, adds_up, asked, blocked, settled
from tests.payments.stripe_server import StripeServer, event, signature

pytestmark = pytest.mark.django_db
SECRET = "whsec_test"


@pytest.fixture
def stripe(settings):
    server = StripeServer()
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "sk_test_1", server.url
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    settings.STRIPE_NETWORK_RETRIES = 0
    yield server
    server.shutdown()
    server.server_close()


def paid(due: str = "12.34", **fields) -> Payment:
    payment = blocked(psp="stripe", payment_method="pm_card_visa", **fields)
    services.request_capture(payment_id=payment.pk, due=Decimal(due), now=NOW)
    return payment


def due_again(payment: Payment) -> Payment:
    Payment.objects.filter(pk=payment.pk).update(next_attempt_at=NOW)
    return settled(payment)


def test_an_amount_is_blocked_by_manual_capture_with_an_idempotency_key(stripe):
    payment = blocked(psp="stripe", payment_method="pm_card_visa", customer_reference="cus_1")

    method, path, form, headers = stripe.requests[0]
    assert (method, path) == ("POST", "/v1/payment_intents")
    assert (form["amount"], form["currency"]) == ("5000", "eur")
    assert (form["capture_method"], form["confirm"]) == ("manual", "true")
    assert form["customer"] == "cus_1"
    assert headers["Idempotency-Key"] == f"{payment.pk}:authorize"
    assert headers["Authorization"] == "Bearer sk_test_1"
    assert (payment.state, payment.psp_payment_id) == (State.PREAUTH_ACCEPTED, "pi_1")
    assert payment.authorized_until is not None


def test_a_declined_card_says_why(stripe):
    payment = blocked(psp="stripe", payment_method="pm_card_chargeDeclined")

    assert payment.state == State.PREAUTH_FAILED
    assert payment.failure_code == "generic_decline"
    assert payment.failure_message == "Your card was declined."


def test_what_is_due_is_captured_and_the_rest_is_free(stripe):
    payment = settled(paid())

    assert stripe.requests[-1][2]["amount_to_capture"] == "1234"
    assert (payment.state, payment.captured_amount) == (State.CAPTURED, Decimal("12.34"))
    assert adds_up(payment)


def test_a_capture_whose_answer_was_lost_is_read_and_not_repeated(stripe):
    payment = paid()
    stripe.answers_lost = 1
    settled(payment)
    assert payment.state == State.CAPTURE_PENDING

    due_again(payment)

    assert (payment.state, stripe.captures) == (State.CAPTURED, 1)
    assert stripe.requests[-1][0] == "GET"


def test_an_authorization_whose_answer_was_lost_blocks_once(stripe):
    stripe.answers_lost = 1
    payment = blocked(psp="stripe", payment_method="pm_card_visa")
    assert payment.state == State.PREAUTH_PENDING

    due_again(payment)

    assert payment.state == State.PREAUTH_ACCEPTED
    assert list(stripe.intents) == ["pi_1"]


def test_an_intent_that_was_cancelled_at_stripe_is_owed(stripe):
    payment = paid()
    stripe.cancel(stripe.intents["pi_1"])

    settled(payment)

    assert (payment.state, payment.owed_amount) == (State.EXPIRED, Decimal("12.34"))
    assert adds_up(payment)


def test_a_release_cancels_the_intent(stripe):
    payment = blocked(psp="stripe", payment_method="pm_card_visa")
    services.request_release(payment_id=payment.pk, reason="gave up", now=NOW)

    assert settled(payment).state == State.RELEASED
    assert stripe.intents["pi_1"]["status"] == "canceled"


def test_a_refund_is_asked_with_its_own_key(stripe):
    payment = settled(paid())
    services.request_refund(payment_id=payment.pk, amount=Decimal(2), reason="kind", now=NOW)

    settled(payment)

    keys = [headers.get("Idempotency-Key", "") for *_, headers in stripe.requests]
    assert any(key.startswith(f"{payment.pk}:refund:2") for key in keys)
    assert payment.refunded_amount == 2
    assert adds_up(payment)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_faults_of_stripe_or_our_key_are_waited_out(stripe, status):
    payment = paid()
    stripe.fails_with = (status, {"error": {"type": "api_error", "message": "not now"}})
    settled(payment)
    assert payment.state == State.CAPTURE_PENDING

    stripe.fails_with = None
    assert due_again(payment).state == State.CAPTURED


def test_without_a_key_nothing_is_lost(settings):
    settings.STRIPE_API_KEY = ""
    payment = asked(psp="stripe")

    assert services.settle_due_payments(now=NOW) == {}
    services.authorize_payment(payment=payment, now=NOW)
    payment.refresh_from_db()
    assert payment.state == State.PREAUTH_PENDING


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "EUR", 1234), ("500", "JPY", 500), ("1.234", "TND", 1230),
        ("700", "ISK", 70000), ("0.01", "GBP", 1),
    ],
)  # fmt: skip
def test_amounts_are_integers_as_stripe_counts_them(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert abs(from_minor(minor, currency) - Decimal(amount)) < Decimal("0.01")


# Webhooks


def deliver(body: bytes, header: str | None = None):
    header = signature(body, SECRET) if header is None else header
    return Client(raise_request_exception=False).post(
        "/payments/webhooks/stripe/", body, content_type="application/json",
        headers={"Stripe-Signature": header},
    )  # fmt: skip


def test_a_webhook_that_overtakes_our_own_answer_captures_once(stripe):
    payment = paid()
    intent = stripe.intents["pi_1"] | {"status": "succeeded", "amount_received": 1234}

    answer = deliver(event("payment_intent.succeeded", intent))

    payment.refresh_from_db()
    assert answer.json() == {"state": "APPLIED"}
    assert (payment.state, payment.captured_amount) == (State.CAPTURED, Decimal("12.34"))
    settled(payment)
    assert stripe.captures == 0


def test_a_webhook_is_taken_once(stripe):
    payment = settled(paid())
    charge = {
        "object": "charge", "id": "ch_1", "payment_intent": "pi_1", "currency": "eur",
        "amount_captured": 1234, "amount_refunded": 1234,
    }  # fmt: skip

    for _ in range(3):
        assert deliver(event("charge.refunded", charge)).json() == {"state": "APPLIED"}

    payment.refresh_from_db()
    assert payment.state == State.REFUNDED
    assert PspMessage.objects.count() == 1
    assert adds_up(payment)


def test_an_intent_that_is_none_of_ours_waits_for_staff(stripe):
    intent = {
        "object": "payment_intent", "id": "pi_other", "currency": "eur", "status": "succeeded",
        "amount_received": 500, "metadata": {},
    }  # fmt: skip

    assert deliver(event("payment_intent.succeeded", intent)).json() == {"state": "UNMATCHED"}

    message = PspMessage.objects.get()
    assert "pi_other" in message.explanation
    with pytest.raises(ResolutionMissing):
        resolve_message(message=message, resolution=" ", now=NOW)
    resolve_message(message=message, resolution="A test in the dashboard.", now=NOW)
    assert message.state == PspMessage.State.RESOLVED


def test_a_message_that_contradicts_our_end_waits_for_staff(stripe):
    payment = blocked(psp="stripe", payment_method="pm_card_chargeDeclined")
    intent = stripe.intents["pi_1"] | {"status": "succeeded", "amount_received": 5000}

    assert deliver(event("payment_intent.succeeded", intent)).json() == {"state": "UNMATCHED"}

    payment.refresh_from_db()
    assert (payment.state, payment.captured_amount) == (State.PREAUTH_FAILED, 0)


def test_other_kinds_of_messages_are_kept_and_not_needed(stripe):
    customer = {"object": "customer", "id": "cus_1"}

    assert deliver(event("customer.created", customer)).json() == {"state": "IGNORED"}


@pytest.mark.parametrize("wrong", ["", "t=1,v1=00", "nonsense"])
def test_a_wrong_signature_is_refused_and_nothing_is_kept(stripe, wrong):
    answer = deliver(event("payment_intent.succeeded", {"object": "payment_intent"}), wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "WEBHOOK_SIGNATURE_WRONG")
    assert answer["Content-Type"] == "application/problem+json"
    assert not PspMessage.objects.exists()


def test_an_old_signature_is_refused(stripe):
    body = event("payment_intent.succeeded", {"object": "payment_intent"})

    answer = deliver(body, signature(body, SECRET, at=int(time.time()) - 3600))

    assert answer.status_code == 400


def test_a_changed_body_is_refused(stripe):
    body = event("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"})

    assert deliver(body + b" ", signature(body, SECRET)).status_code == 400


def test_without_a_webhook_secret_nothing_is_taken(stripe, settings):
    settings.STRIPE_WEBHOOK_SECRET = ""
    body = event("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"})

    assert deliver(body, signature(body, "")).status_code == 503
