"""The queue of charges that could not be billed: what is missing, and where to mend it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.billing.models import BillingHold
from apps.core import staff_display
from apps.core.admin import ReadOnlyAdmin, RelatedDropdownFilter


class OpenFilter(admin.SimpleListFilter):
    """Open ones unless asked otherwise."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("resolved", "Resolved"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": "Open"} if choice["query_string"] == "?" else choice

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[BillingHold]
    ) -> QuerySet[BillingHold]:
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "resolved")


@admin.register(BillingHold)
class BillingHoldAdmin(ReadOnlyAdmin):
    list_display = ["charge", "reason", "message", "account", "provider", "month", "created_at"]
    list_display_links = ["reason"]
    list_filter = [OpenFilter, "code", ("run__provider", RelatedDropdownFilter)]
    list_select_related = ["cdr__account", "run__provider"]
    search_fields = ["cdr__cdr_id__iexact", "cdr__account__number__iexact", "message"]
    search_help_text = "CDR id, customer number, or words of the reason"
    ordering = ["-id"]
    fields = [
        ("charge", "account"), "reason", "message", "flags", "facts", ("month", "created_at"),
        "resolved_at",
    ]  # fmt: skip
    readonly_fields = ["charge", "account", "reason", "flags", "facts", "month"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BillingHold]:
        held = super().get_queryset(request)
        return held.select_related("cdr__account", "run__provider").defer(
            "cdr__raw", "cdr__tariffs", "cdr__charging_periods"
        )

    @admin.display(description="charge")
    def charge(self, hold: BillingHold) -> SafeString | str:
        return staff_display.link(hold.cdr)

    @admin.display(description="reason", ordering="code")
    def reason(self, hold: BillingHold) -> SafeString:
        words = hold.code.replace("_", " ").capitalize().replace("Vat", "VAT")
        return staff_display.badge(words, "calm" if hold.resolved_at else "warning")

    @admin.display(description="account")
    def account(self, hold: BillingHold) -> SafeString | str:
        return staff_display.link(hold.cdr.account)

    @admin.display(description="provider")
    def provider(self, hold: BillingHold) -> str:
        return str(hold.run.provider)

    @admin.display(description="run")
    def month(self, hold: BillingHold) -> SafeString | str:
        return staff_display.link(hold.run, f"{hold.run.period_start:%B %Y}")

    @admin.display(description="flags")
    def flags(self, hold: BillingHold) -> str:
        return ", ".join(hold.details.get("flags", [])) or staff_display.EMPTY

    @admin.display(description="facts")
    def facts(self, hold: BillingHold) -> SafeString | str:
        """What the VAT decision knew; what is empty is missing."""
        facts = hold.details.get("facts", {})
        shown = [(name.replace("_", " "), value) for name, value in facts.items()]
        return staff_display.rows([(name, "missing" if v is None else v) for name, v in shown])
