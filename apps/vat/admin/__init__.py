"""Staff screens of VAT."""

from apps.vat.admin.decisions import HeldDecisionAdmin, VatDecisionAdmin
from apps.vat.admin.policies import OperatorVatProfileAdmin, VatPolicyAdmin
from apps.vat.admin.rates import VatRateAdmin
from apps.vat.admin.register import VatIdAdmin

__all__ = [
    "HeldDecisionAdmin",
    "OperatorVatProfileAdmin",
    "VatDecisionAdmin",
    "VatIdAdmin",
    "VatPolicyAdmin",
    "VatRateAdmin",
]
