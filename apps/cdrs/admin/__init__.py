"""Staff screens of charging."""

from apps.cdrs.admin.cdrs import CdrAdmin
from apps.cdrs.admin.conflicts import CdrConflictAdmin
from apps.cdrs.admin.imports import CdrImportAdmin, ImportFindingAdmin
from apps.cdrs.admin.review import ReviewRuleAdmin
from apps.cdrs.admin.sessions import ChargingSessionAdmin

__all__ = [
    "CdrAdmin",
    "CdrConflictAdmin",
    "CdrImportAdmin",
    "ChargingSessionAdmin",
    "ImportFindingAdmin",
    "ReviewRuleAdmin",
]
