"""Everything that changes VAT rates, the register of VAT ids and decisions."""

from apps.vat.services.decisions import (
    NobodyDecides,
    Question,
    current_decisions,
    decide_again,
    decide_again_on_vat_ids,
    keep_decisions,
    register_decider,
    withdraw,
)
from apps.vat.services.rates import (
    RatePeriodFault,
    change_rate,
    correct_rate,
    end_charging_rate,
    load_rate_book,
)
from apps.vat.services.vat_ids import (
    CheckCounts,
    IdRegister,
    KnownIds,
    check_due_vat_ids,
    check_vat_id,
    enrol_account_ids,
    enrol_vat_ids,
)

__all__ = [
    "CheckCounts",
    "IdRegister",
    "KnownIds",
    "NobodyDecides",
    "Question",
    "RatePeriodFault",
    "change_rate",
    "check_due_vat_ids",
    "check_vat_id",
    "correct_rate",
    "current_decisions",
    "decide_again",
    "decide_again_on_vat_ids",
    "end_charging_rate",
    "enrol_account_ids",
    "enrol_vat_ids",
    "keep_decisions",
    "load_rate_book",
    "register_decider",
    "withdraw",
]
