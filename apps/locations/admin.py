"""Staff screens of the network: operators, locations, EVSEs, connectors."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
    StaffModelAdmin,
    StaffTabularInline,
)
from apps.locations.models import Connector, Evse, Location, Operator

EVSE_TONES: dict[str, staff_display.Tone] = {
    "AVAILABLE": "good",
    "CHARGING": "info",
    "RESERVED": "info",
    "BLOCKED": "warning",
    "INOPERATIVE": "bad",
    "OUTOFORDER": "bad",
}


@admin.register(Operator)
class OperatorAdmin(StaffModelAdmin):
    list_display = ["party_shown", "name", "sends_cdrs", "stations"]
    list_filter = ["country_code", ("sends_cdrs", BooleanRadioFilter)]
    search_fields = ["name", "party_id"]
    ordering = ["country_code", "party_id"]
    fields = [("country_code", "party_id"), "name", "sends_cdrs"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operator]:
        return super().get_queryset(request).annotate(location_count=Count("locations"))

    @admin.display(description="party", ordering="country_code")
    def party_shown(self, operator: Operator) -> str:
        return operator.party

    @admin.display(description="locations", ordering="location_count")
    def stations(self, operator: Any) -> SafeString:
        return staff_display.number(f"{operator.location_count:,}")


class EvseInline(StaffTabularInline):
    model = Evse
    fields = ["uid", "evse_id", "status"]


@admin.register(Location)
class LocationAdmin(StaffModelAdmin):
    list_display = ["name_shown", "operator", "city", "postcode", "country", "time_zone"]
    list_filter = [("operator", RelatedDropdownFilter), "country"]
    list_select_related = ["operator"]
    search_fields = ["name", "location_id", "city", "postcode", "evses__evse_id"]
    search_help_text = "Name, id, city, postcode or EVSE id"
    autocomplete_fields = ["operator"]
    ordering = ["name", "location_id"]
    inlines = [EvseInline]
    readonly_fields = ["on_map"]
    fieldsets = [
        (None, {"fields": [("name", "location_id"), "operator"]}),
        (
            "Place",
            {
                "fields": [
                    "street", ("postcode", "city"), ("country", "time_zone"),
                    ("latitude", "longitude"), "on_map", "is_published",
                ]
            },
        ),
    ]  # fmt: skip

    @admin.display(description="location", ordering="name")
    def name_shown(self, location: Location) -> str:
        return str(location)

    @admin.display(description="map")
    def on_map(self, location: Location) -> SafeString | str:
        if location.latitude is None or location.longitude is None:
            return "No coordinates are known."
        address = (
            f"https://www.openstreetmap.org/?mlat={location.latitude}&mlon={location.longitude}"
            f"#map=17/{location.latitude}/{location.longitude}"
        )
        return format_html(
            '<a class="staff-link" href="{}" rel="noreferrer" target="_blank">'
            "Show on OpenStreetMap</a>",
            address,
        )


class ConnectorInline(StaffTabularInline):
    model = Connector
    fields = ["connector_id", "standard", "power_type", "max_power_watt", "is_removed"]
    show_change_link = False


@admin.register(Evse)
class EvseAdmin(StaffModelAdmin):
    list_display = [
        "name_shown", "uid", staff_display.badges("status", EVSE_TONES),
        staff_display.linked("location"), "operator_name",
    ]  # fmt: skip
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("location__operator", RelatedDropdownFilter),
        ("location", AutocompleteSelectFilter),
    ]
    list_select_related = ["location__operator"]
    search_fields = ["evse_id", "uid", "location__name"]
    search_help_text = "EVSE id, uid or location"
    autocomplete_fields = ["location"]
    ordering = ["evse_id", "uid"]
    inlines = [ConnectorInline]
    fields = [("evse_id", "uid"), "location", "status"]

    @admin.display(description="EVSE", ordering="evse_id")
    def name_shown(self, evse: Evse) -> str:
        return str(evse)

    @admin.display(description="operator", ordering="location__operator__name")
    def operator_name(self, evse: Evse) -> str:
        return evse.location.operator.name
