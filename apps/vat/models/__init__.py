"""What VAT decisions rest on, and what was decided."""

from apps.vat.models.decision import HeldDecision, Side, VatDecision
from apps.vat.models.policy import OperatorVatProfile, VatPolicy
from apps.vat.models.rate import VatRate
from apps.vat.models.vat_id import Register, VatId, VatIdCheck, VatIdState

__all__ = [
    "HeldDecision",
    "OperatorVatProfile",
    "Register",
    "Side",
    "VatDecision",
    "VatId",
    "VatIdCheck",
    "VatIdState",
    "VatPolicy",
    "VatRate",
]
