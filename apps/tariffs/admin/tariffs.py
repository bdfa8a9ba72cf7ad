"""Tariffs, their versions, and the editor of a new version with its live preview."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.core import staff_display
from apps.core.admin import RelatedDropdownFilter, StaffModelAdmin
from apps.core.errors import DomainError
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.ocpi.tariffs import VERSIONS
from apps.tariffs.services import add_version
from apps.tariffs.staff_preview import Preview, preview_of, read_content

EXAMPLE = {
    "currency": "EUR",
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.49, "vat": 21.0, "step_size": 1}],
            "restrictions": {"start_time": "07:00", "end_time": "19:00"},
        },
        {
            "price_components": [
                {"type": "FLAT", "price": 0.5, "vat": 21.0, "step_size": 1},
                {"type": "ENERGY", "price": 0.35, "vat": 21.0, "step_size": 1},
                {"type": "PARKING_TIME", "price": 3.0, "vat": 21.0, "step_size": 900},
            ]
        },
    ],
}


class VersionForm(forms.Form):
    """A new version of a tariff."""

    ocpi_version = forms.ChoiceField(
        label="OCPI version", choices=[(name, name) for name in reversed(VERSIONS)],
        initial="2.2.1", widget=forms.Select(attrs={"class": "staff-input"}),
    )  # fmt: skip
    content = forms.CharField(
        label="Tariff, as OCPI writes it",
        widget=forms.Textarea(
            attrs={"rows": 24, "class": "staff-input tariff-content", "spellcheck": "false"}
        ),
        help_text="The preview beside it follows as you type.",
    )
    active_from = forms.DateTimeField(
        label="In force from (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "staff-input"}),
        help_text="The version before ends at this moment.",
    )
    active_to = forms.DateTimeField(
        label="In force until (UTC)", required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "staff-input"}),
        help_text="Empty: until it is ended or followed by another.",
    )  # fmt: skip
    reason = forms.CharField(
        max_length=500, widget=forms.TextInput(attrs={"class": "staff-input"}),
        help_text="Kept in the audit trail.",
    )  # fmt: skip


@admin.register(Tariff)
class TariffAdmin(StaffModelAdmin):
    list_display = ["owner_shown", "tariff_id", "name", "at_operator", "versions_counted"]
    list_filter = [("operator", RelatedDropdownFilter), ("provider", RelatedDropdownFilter)]
    list_select_related = ["operator", "provider", "at_operator"]
    search_fields = ["tariff_id", "name", "operator__name", "provider__name"]
    search_help_text = "Tariff id, name or owner"
    autocomplete_fields = ["operator", "provider", "at_operator"]
    ordering = ["operator__name", "provider__name", "tariff_id"]
    readonly_fields = ["versions_shown", "preview_shown"]
    fieldsets = [
        (None, {"fields": [("tariff_id", "name"), ("operator", "provider"), "at_operator"]}),
        ("Versions", {"fields": ["versions_shown"]}),
        ("What it costs", {"fields": ["preview_shown"]}),
    ]

    class Media:
        css = {"all": ["tariffs/editor.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tariff]:
        return super().get_queryset(request).annotate(version_count=Count("versions"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Whose tariff it is stays as it was entered."""
        fixed = ["operator", "provider", "tariff_id"] if obj is not None else []
        return [*self.readonly_fields, *fixed]

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("preview/", self.admin_site.admin_view(self.preview), name="tariffs_preview"),
            path(
                "<path:object_id>/new-version/",
                self.admin_site.admin_view(self.new_version),
                name="tariffs_tariff_new_version",
            ),
        ]
        return [*own, *super().get_urls()]

    @admin.display(description="owner", ordering="operator__name")
    def owner_shown(self, tariff: Tariff) -> str:
        return str(tariff.owner)

    @admin.display(description="versions", ordering="version_count")
    def versions_counted(self, tariff: Any) -> SafeString:
        return staff_display.number(tariff.version_count)

    @admin.display(description="versions")
    def versions_shown(self, tariff: Tariff) -> SafeString | str:
        if tariff.pk is None or tariff._state.adding:
            return "Save the tariff first; then add its first version."
        versions = tariff.versions.order_by("-active_from")
        rows = format_html_join(
            "", "<tr><th>{}</th><td>{}</td><td>{}</td><td>OCPI {}</td><td>{}</td></tr>",
            ((f"Version {each.number}", f"{each.active_from:%-d %b %Y, %H:%M}",
              f"until {each.active_to:%-d %b %Y, %H:%M}" if each.active_to else "until ended",
              each.ocpi_version, each.currency) for each in versions),
        )  # fmt: skip
        address = reverse("admin:tariffs_tariff_new_version", args=[tariff.pk])
        table = rows or mark_safe("<tr><td>There is no version yet: nothing is priced.</td></tr>")
        return format_html(
            '<table class="staff-rows"><tbody>{}</tbody></table>'
            '<p><a class="staff-link" href="{}">Add a version</a></p>',
            table, address,
        )  # fmt: skip

    @admin.display(description="preview")
    def preview_shown(self, tariff: Tariff) -> SafeString | str:
        version = None if tariff._state.adding else _newest(tariff)
        if version is None:
            return staff_display.EMPTY
        return preview_of(version.content, version.ocpi_version).as_html()

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The fragment that the editor shows beside a tariff while it is typed."""
        if not request.user.has_perm("tariffs.view_tariff"):
            raise PermissionDenied
        content, version = request.POST.get("content", ""), request.POST.get("ocpi_version", "")
        return HttpResponse(_preview_of_text(content, version).as_html())

    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The editor of a new version; refused content stays in it, with the reason."""
        if not request.user.has_perm("tariffs.add_tariffversion"):
            raise PermissionDenied
        tariff = self.get_object(request, object_id)
        if tariff is None:
            raise Http404
        form = VersionForm(request.POST or None, initial=_initial(tariff))
        if request.method == "POST" and form.is_valid() and self._add(request, tariff, form):
            return HttpResponseRedirect(reverse("admin:tariffs_tariff_change", args=[tariff.pk]))
        content = form["content"].value() or ""
        context = {
            **self.admin_site.each_context(request),
            "title": f"New version of {tariff}",
            "opts": self.opts,
            "object": tariff,
            "form": form,
            "preview": _preview_of_text(content, form["ocpi_version"].value()).as_html(),
            "preview_address": reverse("admin:tariffs_preview"),
            "back": reverse("admin:tariffs_tariff_change", args=[tariff.pk]),
        }
        return TemplateResponse(request, "tariffs/new_version.html", context)

    def _add(self, request: HttpRequest, tariff: Tariff, form: VersionForm) -> bool:
        told, before = form.cleaned_data, _newest(tariff)
        try:
            content = {"id": tariff.tariff_id, **read_content(told["content"])}
            version = add_version(
                tariff=tariff, content=content, ocpi_version=told["ocpi_version"],
                active_from=told["active_from"], active_to=told["active_to"],
                reason=told["reason"],
            )  # fmt: skip
        except DomainError as error:
            form.add_error("content", error.message)
            return False
        if version == before:
            messages.info(request, f"{version} says the same already; nothing was added.")
        else:
            messages.success(request, f"{version} was added.")
        return True


def _newest(tariff: Tariff) -> TariffVersion | None:
    version: TariffVersion | None = tariff.versions.order_by("-active_from").first()
    return version


def _initial(tariff: Tariff) -> dict[str, Any]:
    newest = _newest(tariff)
    content = newest.content if newest else {"id": tariff.tariff_id, **EXAMPLE}
    return {
        "content": json.dumps(content, indent=2, ensure_ascii=False),
        "ocpi_version": newest.ocpi_version if newest else "2.2.1",
        "active_from": timezone.now().strftime("%Y-%m-%dT%H:%M"),
    }


def _preview_of_text(text: str, ocpi_version: str) -> Preview:
    try:
        return preview_of(read_content(text), ocpi_version)
    except DomainError as error:
        return Preview(problem=error.message)
