"""What was charged: the live session and its final record, the CDR."""

from apps.cdrs.models.cdr import CDR, CDRQuerySet
from apps.cdrs.models.charge import Amount, Charge
from apps.cdrs.models.conflict import CdrConflict
from apps.cdrs.models.imports import CdrImport, ImportFinding
from apps.cdrs.models.review import ReviewRule
from apps.cdrs.models.session import ChargingSession

__all__ = [
    "CDR",
    "Amount",
    "CDRQuerySet",
    "CdrConflict",
    "CdrImport",
    "Charge",
    "ChargingSession",
    "ImportFinding",
    "ReviewRule",
]
