"""Peers' objects as they sent them, and who is behind a hub."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.audit.personal import ERASED
from apps.core import staff_display
from apps.core.admin import ReadOnlyAdmin, RelatedDropdownFilter
from apps.roaming.admin.charging_profiles import shown_profile
from apps.roaming.admin.exchanges import shown_json
from apps.roaming.admin.station_pages import REQUESTS, address_of
from apps.roaming.models import HubClient, KeptObject
from apps.roaming.ocpi import json
from apps.roaming.services.tariff_book import describe_in_book


def by_key(rows: QuerySet[KeptObject], phrase: str) -> QuerySet[KeptObject]:
    """By the object's id, in any case."""
    return rows.filter(key=phrase.upper())


@admin.register(KeptObject)
class KeptObjectAdmin(ReadOnlyAdmin):
    list_display = [
        "module", "country_code", "party_id", "key", "peer", "version", "last_updated",
    ]  # fmt: skip
    list_filter = [("peer", RelatedDropdownFilter), "module"]
    list_select_related = ["peer"]
    search_by = by_key
    search_help_text = "The object's id"
    when_empty = "What peers send or we pull is kept here as it came."
    ordering = ["-id"]
    exclude = ["body"]
    readonly_fields = ["body_shown"]
    # Module -> what only its objects have.
    OF_MODULE: ClassVar[dict[str, str]] = {
        "tariffs": "in_tariff_book", "sessions": "requests", "chargingprofiles": "plan",
    }  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """With the line that the object's module has."""
        own = self.OF_MODULE.get(obj.module) if obj else None
        return [*([own] if own else []), *super().get_readonly_fields(request, obj)]

    @admin.display(description="tariff book")
    def in_tariff_book(self, kept: KeptObject) -> SafeString | str:
        is_tariff = kept.module == "tariffs" and kept.body
        return describe_in_book(kept) if is_tariff else staff_display.EMPTY

    @admin.display(description="ask the station")
    def requests(self, kept: KeptObject) -> SafeString | str:
        if kept.module != "sessions" or kept.body in ("", ERASED):
            return staff_display.EMPTY
        named = urlencode(
            {
                "session": json.read(kept.body).get("id", kept.key),
                "operator": f"{kept.country_code}*{kept.party_id}",
            }
        )
        kinds = ("set-profile", "ask-profile", "clear-profile", "preferences")
        return format_html_join(
            " · ", '<a class="staff-link" href="{}?{}">{}</a>',
            ((address_of(kind), named, REQUESTS[kind].title) for kind in kinds),
        )  # fmt: skip

    @admin.display(description="what the charge may draw")
    def plan(self, kept: KeptObject) -> SafeString | str:
        return shown_profile(kept.body)

    @admin.display(description="as sent")
    def body_shown(self, kept: KeptObject) -> SafeString | str:
        return shown_json(kept.body)


@admin.register(HubClient)
class HubClientAdmin(ReadOnlyAdmin):
    list_display = ["country_code", "party_id", "role", "status", "peer", "last_updated"]
    list_filter = [("peer", RelatedDropdownFilter), "role", "status"]
    list_select_related = ["peer"]
    search_fields = ["party_id"]
    search_help_text = "Party id"
    when_empty = "A hub that tells who is connected to it is not registered."
    ordering = ["country_code", "party_id"]
