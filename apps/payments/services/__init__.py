"""Everything that changes a payment."""

from apps.payments.services.authorize import authorize_payment, request_payment
from apps.payments.services.capture import CaptureClaim, request_capture, request_captures
from apps.payments.services.last_card import Card, last_card
from apps.payments.services.messages import receive_message, resolve_message
from apps.payments.services.refund import request_refund
from apps.payments.services.release import request_release, request_releases
from apps.payments.services.settle import settle_due_payments, settle_payment

__all__ = [
    "CaptureClaim",
    "Card",
    "authorize_payment",
    "last_card",
    "receive_message",
    "request_capture",
    "request_captures",
    "request_payment",
    "request_refund",
    "request_release",
    "request_releases",
    "resolve_message",
    "settle_due_payments",
    "settle_payment",
]
