"""Why this VAT, in one sentence per side, for a CDR's staff page."""

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.cdrs.models import CDR
from apps.cdrs.services.vat import vat_decisions
from apps.core import staff_display
from apps.vat.models import Side

_NOT_YET = "Decided when the CDR is accepted."
_SIDES = ((Side.RETAIL, "Driver"), (Side.PURCHASE, "Operator"))


@admin.display(description="VAT")
def vat_shown(cdr: CDR) -> SafeString | str:
    """A field for `readonly_fields`: each side's sentence, leading to the whole decision."""
    decisions = vat_decisions(cdr)
    if not decisions:
        return _NOT_YET
    return staff_display.rows(
        [
            (name, staff_display.link(decisions[side], decisions[side].explanation))
            for side, name in _SIDES
            if side in decisions
        ]
    )
