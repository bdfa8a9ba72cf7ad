"""CDRs: found in seconds, their whole story on one page, accepted or rejected with a reason."""

import json
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.cdrs.admin import tables
from apps.cdrs.models import CDR
from apps.cdrs.services import accept_cdr, accept_cdrs, delete_cdr, reject_cdr, relink_cdr
from apps.cdrs.staff_price import price_shown
from apps.cdrs.staff_vat import vat_shown
from apps.core import staff_display
from apps.core.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    Question,
    RangeDateFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    staff_action,
    staff_bulk_action,
)
from apps.tariffs.hub_remarks import is_cost_insignificant, remark_meaning

TONES: Final[dict[str, staff_display.Tone]] = {
    "PENDING": "info",
    "ACCEPTED": "good",
    "REJECTED": "bad",
    "BILLED": "calm",
}
ENDED = staff_display.local_time("ended_at", "location_time_zone", "end")
REVIEW: Final = "cdrs.review_cdr"
CHANGE: Final = "cdrs.change_cdr"

_ACCEPT = Question(
    "Accept this CDR",
    "We will pay the operator for it, and bill it to the driver with the next invoice run. "
    "A held CDR needs a reason.",
    reason="optional",
)
_REJECT = Question(
    "Reject this CDR",
    "We will not pay for it and nobody is billed. This is final; the operator is told the reason.",
    danger=True,
)
_RELINK = Question(
    "Look up the parties again",
    "Looks once more for the operator, location and token. What became known is linked, and the "
    "holds about it go.",
    reason="none",
)
_DELETE = Question(
    "Delete this CDR",
    "It goes out of sight; its id stays taken and its history stays. Reject it instead when the "
    "operator has to know.",
    danger=True,
)
_ACCEPT_MANY = Question(
    "Accept these CDRs", "Those that are pending and not held; all others stay as they are."
)


def is_pending(cdr: CDR) -> bool:
    return cdr.status == CDR.Status.PENDING and cdr.deleted_at is None


@admin.register(CDR)
class CdrAdmin(ReadOnlyAdmin):
    search_by: ClassVar[Any] = lambda queryset, phrase: queryset.matching(phrase)
    search_help_text = (
        "Part of a CDR id, external id, contract id, EVSE id, source, status or location name"
    )
    list_display = [
        "name", "state", ENDED, "location_name", "operator_name", "provider_name", "contract_id",
        staff_display.kwh(), staff_display.money("total_cost_excl_vat", description="cost"),
        "source",
    ]  # fmt: skip
    # Those that an index serves: no click sorts a million rows.
    sortable_by = [ENDED]
    list_select_related = ["operator", "provider"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("is_held", BooleanRadioFilter),
        ("provider", RelatedDropdownFilter),
        ("operator", RelatedDropdownFilter),
        ("ended_at", RangeDateFilter),
        ("source", ChoicesDropdownFilter),
        ("is_credit", BooleanRadioFilter),
    ]
    ordering = ["-ended_at", "-id"]
    actions = ["accept_selected"]
    actions_detail = ["accept", "reject", "look_up_again", "delete"]
    fieldsets = [
        (None, {"fields": [("state", "status_changed_at"), "reasons_to_hold", "outcome"]}),
        (
            "Charge",
            {
                "fields": [
                    ("started_shown", "ended_shown"), ("duration", "energy"),
                    ("place", "operator_linked"), ("evse_id", "connector_id", "power_type"),
                ]
            },
        ),
        (
            "Whose",
            {
                "fields": [
                    ("account_linked", "token_linked"), ("contract_id", "token_uid"),
                    "provider_linked",
                ]
            },
        ),
        ("Cost", {"fields": ["sent", "ours", price_shown, vat_shown]}),
        ("Charging periods", {"fields": ["periods"]}),
        (
            "References",
            {
                "fields": [
                    ("party_shown", "cdr_id", "external_id"),
                    ("session_id", "authorization_reference"),
                    ("is_credit", "credit_reference_id"), ("source", "created_at"), "remark_shown",
                ]
            },
        ),
        ("As received", {"fields": ["tariffs_shown", "message"]}),
    ]  # fmt: skip
    readonly_fields = [
        "state", "reasons_to_hold", "outcome", "started_shown", "ended_shown", "duration",
        "energy", "place", "operator_linked", "account_linked", "token_linked",
        "provider_linked", "sent", "ours", "periods", "party_shown", "created_at",
        "tariffs_shown", "message", price_shown, vat_shown, "remark_shown",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[CDR]:
        """Lists show live ones, without their long texts; a page shows whatever is asked for."""
        rows: QuerySet[CDR] = super().get_queryset(request)
        match = request.resolver_match
        if match is not None and match.url_name == "cdrs_cdr_changelist":
            return (
                rows.filter(deleted_at=None).defer(
                    "raw", "tariffs", "charging_periods", "search_text", "remark"
                )
            )  # fmt: skip
        return rows.select_related("operator", "provider", "account", "token", "location")

    @admin.display(description="CDR")
    def name(self, cdr: CDR) -> str:
        return str(cdr)

    @admin.display(description="state")
    def state(self, cdr: CDR) -> SafeString:
        badge = staff_display.badge(cdr.get_status_display(), TONES[cdr.status])
        if cdr.deleted_at:
            return format_html("{} {}", badge, staff_display.badge("Deleted", "bad"))
        if cdr.is_held:
            return format_html("{} {}", badge, staff_display.badge("Held", "warning"))
        return badge

    @admin.display(description="operator")
    def operator_name(self, cdr: CDR) -> str:
        return cdr.operator.name if cdr.operator else cdr.party

    @admin.display(description="provider")
    def provider_name(self, cdr: CDR) -> str:
        return cdr.provider.name if cdr.provider else staff_display.EMPTY

    @admin.display(description="why it is held")
    def reasons_to_hold(self, cdr: CDR) -> SafeString | str:
        return tables.hold_reasons(cdr)

    @admin.display(description="reason")
    def outcome(self, cdr: CDR) -> str:
        return cdr.rejection_reason or cdr.deletion_reason or staff_display.EMPTY

    @admin.display(description="start")
    def started_shown(self, cdr: CDR) -> Any:
        return staff_display.local_time("started_at", "location_time_zone")(cdr)

    @admin.display(description="end")
    def ended_shown(self, cdr: CDR) -> Any:
        return ENDED(cdr)

    @admin.display(description="duration")
    def duration(self, cdr: CDR) -> str:
        minutes = int((cdr.ended_at - cdr.started_at).total_seconds()) // 60
        return f"{minutes // 60} h {minutes % 60:02} min"

    @admin.display(description="energy")
    def energy(self, cdr: CDR) -> Any:
        return staff_display.kwh()(cdr)

    @admin.display(description="location")
    def place(self, cdr: CDR) -> SafeString | str:
        where = ", ".join(part for part in (cdr.location_postcode, cdr.location_country) if part)
        name = cdr.location_name or cdr.location_id_sent or staff_display.EMPTY
        shown = staff_display.link(cdr.location, name) if cdr.location else name
        return format_html("{} {}", shown, f"({where})" if where else "")

    @admin.display(description="operator")
    def operator_linked(self, cdr: CDR) -> SafeString | str:
        return staff_display.link(cdr.operator) if cdr.operator else f"{cdr.party} (unknown)"

    @admin.display(description="account")
    def account_linked(self, cdr: CDR) -> SafeString | str:
        return staff_display.link(cdr.account)

    @admin.display(description="token")
    def token_linked(self, cdr: CDR) -> SafeString | str:
        return staff_display.link(cdr.token)

    @admin.display(description="provider")
    def provider_linked(self, cdr: CDR) -> SafeString | str:
        return staff_display.link(cdr.provider)

    @admin.display(description="as sent")
    def sent(self, cdr: CDR) -> SafeString:
        return tables.cost_as_sent(cdr)

    @admin.display(description="our prices")
    def ours(self, cdr: CDR) -> SafeString:
        return tables.our_prices(cdr)

    @admin.display(description="periods")
    def periods(self, cdr: CDR) -> SafeString | str:
        return tables.periods(cdr, cdr.location_time_zone)

    @admin.display(description="party")
    def party_shown(self, cdr: CDR) -> str:
        return cdr.party

    @admin.display(description="remark")
    def remark_shown(self, cdr: CDR) -> SafeString | str:
        """With what a hub's prefix of it says of the cost."""
        meaning = remark_meaning(cdr.remark)
        if not meaning:
            return cdr.remark or staff_display.EMPTY
        tone: staff_display.Tone = "warning" if is_cost_insignificant(cdr.remark) else "info"
        return format_html("{} {}", staff_display.badge(meaning, tone), cdr.remark)

    @admin.display(description="tariffs")
    def tariffs_shown(self, cdr: CDR) -> SafeString | str:
        text = json.dumps(cdr.tariffs) if cdr.tariffs else ""
        return tables.message(text, f"Show {len(cdr.tariffs)} tariff(s)")

    @admin.display(description="message")
    def message(self, cdr: CDR) -> SafeString | str:
        return tables.message(cdr.raw, "Show the message")

    @staff_action(
        "Accept", permission=REVIEW, question=_ACCEPT, icon="check_circle", when=is_pending
    )
    def accept(self, request: HttpRequest, cdr: CDR, reason: str) -> str:
        accept_cdr(cdr=cdr, now=timezone.now(), reason=reason)
        return f"CDR {cdr} is accepted."

    @staff_action("Reject", permission=REVIEW, question=_REJECT, icon="cancel", when=is_pending)
    def reject(self, request: HttpRequest, cdr: CDR, reason: str) -> str:
        reject_cdr(cdr=cdr, reason=reason, now=timezone.now())
        return f"CDR {cdr} is rejected."

    @staff_action(
        "Look up again", permission=CHANGE, question=_RELINK, icon="search",
        when=lambda cdr: is_pending(cdr) and cdr.is_held,
    )  # fmt: skip
    def look_up_again(self, request: HttpRequest, cdr: CDR, reason: str) -> str:
        relink_cdr(cdr=cdr, now=timezone.now())
        return f"CDR {cdr} is still held." if cdr.is_held else f"CDR {cdr} is held no more."

    @staff_action(
        "Delete", permission=CHANGE, question=_DELETE, icon="delete",
        when=lambda cdr: cdr.deleted_at is None and cdr.status != CDR.Status.BILLED,
    )  # fmt: skip
    def delete(self, request: HttpRequest, cdr: CDR, reason: str) -> str:
        delete_cdr(cdr=cdr, reason=reason, now=timezone.now())
        return f"CDR {cdr} is deleted."

    @staff_bulk_action("Accept selected CDRs", permission=REVIEW, question=_ACCEPT_MANY)
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[CDR], reason: str) -> str:
        chosen = queryset.select_related(None).only("pk")
        done = accept_cdrs(cdrs=chosen, reason=reason, now=timezone.now())
        return f"{done.accepted} CDRs accepted; {done.held} stay held for a person."
