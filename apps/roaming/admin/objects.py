"""Peers' objects as they sent them, and who is behind a hub."""

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import ReadOnlyAdmin, RelatedDropdownFilter
from apps.roaming.admin.exchanges import shown_json
from apps.roaming.models import HubClient, KeptObject
from apps.roaming.services.tariff_book import describe_in_book


@admin.register(KeptObject)
class KeptObjectAdmin(ReadOnlyAdmin):
    list_display = [
        "module", "country_code", "party_id", "key", "peer", "version", "last_updated",
    ]  # fmt: skip
    list_filter = [("peer", RelatedDropdownFilter), "module"]
    list_select_related = ["peer"]
    search_fields = ["key__exact"]
    ordering = ["-id"]
    exclude = ["body"]
    readonly_fields = ["in_tariff_book", "body_shown"]

    @admin.display(description="tariff book")
    def in_tariff_book(self, kept: KeptObject) -> SafeString | str:
        is_tariff = kept.module == "tariffs" and kept.body
        return describe_in_book(kept) if is_tariff else staff_display.EMPTY

    @admin.display(description="as sent")
    def body_shown(self, kept: KeptObject) -> SafeString | str:
        return shown_json(kept.body)


@admin.register(HubClient)
class HubClientAdmin(ReadOnlyAdmin):
    list_display = ["country_code", "party_id", "role", "status", "peer", "last_updated"]
    list_filter = [("peer", RelatedDropdownFilter), "role", "status"]
    list_select_related = ["peer"]
    search_fields = ["party_id"]
    ordering = ["country_code", "party_id"]
