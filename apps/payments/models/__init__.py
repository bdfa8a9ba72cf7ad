"""Payments, their ledger, the messages of payment service providers, and the sandbox's book."""

from apps.payments.models.ledger import LedgerEntry
from apps.payments.models.payment import Payment
from apps.payments.models.sandbox import SandboxAnswer, SandboxPayment
from apps.payments.models.webhook import PspMessage

__all__ = ["LedgerEntry", "Payment", "PspMessage", "SandboxAnswer", "SandboxPayment"]
