"""Notes to drivers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.core import staff_display
from apps.core.admin import ChoicesDropdownFilter, RelatedDropdownFilter, StaffModelAdmin
from apps.tariffs.models import TariffNote
from apps.tariffs.services import save_note


@admin.register(TariffNote)
class TariffNoteAdmin(StaffModelAdmin):
    list_display = [
        "text", staff_display.linked("operator"), "location", "channel", "language", "provider",
        "priority", "active_from", "active_to",
    ]  # fmt: skip
    list_filter = [
        ("operator", RelatedDropdownFilter), ("provider", RelatedDropdownFilter),
        ("channel", ChoicesDropdownFilter), "language",
    ]  # fmt: skip
    list_select_related = ["operator", "location", "provider"]
    search_fields = ["text", "operator__name", "location__name"]
    search_help_text = "Text, operator or location"
    autocomplete_fields = ["operator", "location", "tariff", "provider"]
    ordering = ["operator__name", "-priority"]
    fieldsets = [
        (None, {"fields": ["text", ("language", "channel"), "priority"]}),
        ("For", {"fields": ["operator", ("location", "tariff"), "provider"]}),
        ("Shown", {"fields": [("active_from", "active_to")]}),
    ]

    def save_model(self, request: HttpRequest, obj: TariffNote, form: Any, change: bool) -> None:
        save_note(note=obj)
