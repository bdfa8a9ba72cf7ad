"""Live charging sessions."""

from typing import Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.cdrs.admin import tables
from apps.cdrs.models import ChargingSession
from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    RangeDateFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
)

TONES: Final[dict[str, staff_display.Tone]] = {
    "ACTIVE": "good",
    "PENDING": "info",
    "RESERVATION": "info",
    "COMPLETED": "calm",
    "INVALID": "bad",
}


@admin.register(ChargingSession)
class ChargingSessionAdmin(ReadOnlyAdmin):
    list_display = [
        "name", staff_display.badges("status", TONES), "started_at", "ended_at", "where",
        "operator", "provider", "contract_id", staff_display.kwh(),
        staff_display.money("total_cost_excl_vat", description="running cost"),
    ]  # fmt: skip
    sortable_by = ["started_at"]
    list_select_related = ["operator", "provider", "location"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("provider", RelatedDropdownFilter),
        ("operator", RelatedDropdownFilter),
        ("started_at", RangeDateFilter),
    ]
    search_fields = ["session_id__iexact", "contract_id__iexact", "evse_id__iexact"]
    search_help_text = "A whole session id, contract id or EVSE id"
    ordering = ["-started_at", "-id"]
    fields = [
        ("name", "status"), ("started_at", "ended_at", "last_updated"), ("energy", "cost"),
        ("where", "operator", "evse_id", "connector_id"),
        ("account_linked", "token", "provider"), ("contract_id", "token_uid"),
        "authorization_reference", "periods", "message",
    ]  # fmt: skip
    readonly_fields = ["name", "energy", "cost", "where", "account_linked", "periods", "message"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChargingSession]:
        rows: QuerySet[ChargingSession] = super().get_queryset(request)
        match = request.resolver_match
        if match is not None and match.url_name == "cdrs_chargingsession_changelist":
            return rows.filter(deleted_at=None).defer("raw", "charging_periods")
        return rows

    @admin.display(description="session")
    def name(self, session: ChargingSession) -> str:
        return str(session)

    @admin.display(description="location")
    def where(self, session: ChargingSession) -> SafeString | str:
        if session.location:
            return staff_display.link(session.location)
        return session.location_id_sent or staff_display.EMPTY

    @admin.display(description="energy")
    def energy(self, session: ChargingSession) -> object:
        return staff_display.kwh()(session)

    @admin.display(description="running cost")
    def cost(self, session: ChargingSession) -> object:
        return staff_display.money("total_cost_excl_vat")(session)

    @admin.display(description="account")
    def account_linked(self, session: ChargingSession) -> SafeString | str:
        return staff_display.link(session.account)

    @admin.display(description="charging periods")
    def periods(self, session: ChargingSession) -> SafeString | str:
        return tables.periods(session, session.location.time_zone if session.location else "")

    @admin.display(description="last message")
    def message(self, session: ChargingSession) -> SafeString | str:
        return tables.message(session.raw, "Show the last message")
