"""Decisions with all they rest on, and the queue of those that wait for a person."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    RangeDateTimeFilter,
    ReadOnlyAdmin,
    staff_action,
    staff_bulk_action,
)
from apps.vat.missing import in_words
from apps.vat.models import HeldDecision, VatDecision
from apps.vat.services import decide_again

STATUS_TONES: dict[str, staff_display.Tone] = {"ok": "good", "hold": "warning", "manual": "bad"}
AGAIN = Question(
    "Decide again?",
    "The VAT is decided anew with what is known now: addresses, VAT ids, registrations, rates. "
    "What was decided before is kept.",
    reason="none",
)


def subject_link(row: Any) -> SafeString | str:
    """What the decision is about, leading to its page."""
    try:
        address = reverse(
            f"admin:{row.subject_type.replace('.', '_')}_change", args=[row.subject_id]
        )
    except NoReverseMatch:
        return str(row.subject_label)
    return format_html('<a class="staff-link" href="{}">{}</a>', address, row.subject_label)


@admin.register(HeldDecision)
class HeldDecisionAdmin(ReadOnlyAdmin):
    list_display = ["subject", "side", "what_is_missing", "why", "opened_at"]
    list_display_links = ["side"]
    list_filter = [("side", ChoicesDropdownFilter)]
    list_select_related = ["decision"]
    search_fields = ["subject_label"]
    search_help_text = "The party and id of a CDR"
    ordering = ["-opened_at", "-id"]
    fields = ["subject", "side", "opened_at", "what_is_missing", "why", "facts"]
    readonly_fields = ["subject", "what_is_missing", "why", "facts"]
    actions = ["decide_selected_again"]
    actions_detail = ["decide_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[HeldDecision]:
        """Those that still wait; what was settled is found among the decisions."""
        waiting: QuerySet[HeldDecision] = super().get_queryset(request).filter(resolved_at=None)
        return waiting

    @admin.display(description="of", ordering="subject_label")
    def subject(self, held: HeldDecision) -> SafeString | str:
        return subject_link(held)

    @admin.display(description="what is missing")
    def what_is_missing(self, held: HeldDecision) -> SafeString | str:
        words = in_words(held.decision.flags)
        return format_html_join(SafeString("<br>"), "{}", ((word,) for word in words)) or "–"

    @admin.display(description="why")
    def why(self, held: HeldDecision) -> str:
        return held.decision.explanation

    @admin.display(description="facts")
    def facts(self, held: HeldDecision) -> SafeString | str:
        return facts_table(held.decision.facts)

    @staff_action(
        "Decide again", permission="vat.change_helddecision", icon="refresh", question=AGAIN
    )
    def decide_again(self, request: HttpRequest, held: HeldDecision, reason: str) -> str:
        settled = decide_again(held=[held], now=timezone.now())
        if settled:
            return f"The VAT of {held.subject_label} is decided."
        held.refresh_from_db()
        return f"It still waits. {' '.join(in_words(held.decision.flags))}"

    @staff_bulk_action("Decide again", permission="vat.change_helddecision", question=AGAIN)
    def decide_selected_again(
        self, request: HttpRequest, queryset: QuerySet[HeldDecision], reason: str
    ) -> str:
        asked = list(queryset)
        settled = decide_again(held=asked, now=timezone.now())
        return f"{settled} of {len(asked)} are decided."


@admin.register(VatDecision)
class VatDecisionAdmin(ReadOnlyAdmin):
    list_display = [
        "subject", "side", staff_display.badges("status", STATUS_TONES), "tax_country",
        "per_cent", "category", "reporting", "explanation", "decided_at",
    ]  # fmt: skip
    list_display_links = ["side"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("side", ChoicesDropdownFilter),
        ("category", ChoicesDropdownFilter),
        ("decided_at", RangeDateTimeFilter),
    ]
    ordering = ["-id"]
    fieldsets = [
        (None, {"fields": ["subject", "side", "explanation", ("decided_at", "decided_by")]}),
        (
            "Decision",
            {
                "fields": [
                    ("status", "tax_country"), ("per_cent", "category"), ("reporting", "rule"),
                    "asked_for", "sources", "rate_row", "earlier",
                ]
            },
        ),
        ("Rests on", {"fields": ["facts_shown", "proofs_shown"]}),
    ]  # fmt: skip
    readonly_fields = [
        "subject", "per_cent", "asked_for", "sources", "rate_row", "earlier", "facts_shown",
        "proofs_shown",
    ]  # fmt: skip

    @admin.display(description="of", ordering="subject_label")
    def subject(self, row: VatDecision) -> SafeString | str:
        return subject_link(row)

    @admin.display(description="rate", ordering="rate")
    def per_cent(self, row: VatDecision) -> SafeString | str:
        return "–" if row.rate is None else staff_display.number(f"{row.rate.normalize():f} %")

    @admin.display(description="to know")
    def asked_for(self, row: VatDecision) -> str:
        return " ".join(in_words(row.flags)) or "–"

    @admin.display(description="sources")
    def sources(self, row: VatDecision) -> SafeString:
        return format_html_join(SafeString("<br>"), "{}", ((s,) for s in row.result["sources"]))

    @admin.display(description="row of the rate table")
    def rate_row(self, row: VatDecision) -> SafeString | str:
        return facts_table(row.rate_used or {})

    @admin.display(description="replaces")
    def earlier(self, row: VatDecision) -> SafeString | str:
        return staff_display.link(row.replaces)

    @admin.display(description="facts")
    def facts_shown(self, row: VatDecision) -> SafeString | str:
        return facts_table(row.facts)

    @admin.display(description="answers of the registers")
    def proofs_shown(self, row: VatDecision) -> SafeString | str:
        shown = [facts_table(proof) for proof in row.proofs]
        return format_html_join("", "{}", ((table,) for table in shown)) or "–"


def facts_table(facts: dict[str, Any]) -> SafeString | str:
    """Names and values, without what is not known."""
    pairs: list[tuple[object, object]] = [
        (name.replace("_", " "), _shown(value))
        for name, value in facts.items()
        if value not in (None, "", [], {})
    ]
    return staff_display.rows(pairs)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {one}" for name, one in value.items())
    return str(value)
