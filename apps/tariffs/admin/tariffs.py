"""Tariffs with their versions: what is in force, what is planned, what was withdrawn."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import RelatedDropdownFilter, StaffModelAdmin
from apps.core.errors import DomainError
from apps.tariffs.admin.editor import EditorMixin
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.services import withdraw_version
from apps.tariffs.services.finding import is_in_force
from apps.tariffs.staff_preview import preview_of

WITHDRAW = "tariffs.change_tariffversion"


class WithdrawalForm(forms.Form):
    """Why a planned version is withdrawn, and what takes its place."""

    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 3, "class": "staff-input"}),
        help_text="Shown beside the version, and kept in the audit trail.",
    )  # fmt: skip
    previous_goes_on = forms.BooleanField(
        label="The version before it goes on in its place", required=False, initial=True,
        help_text="Otherwise nothing is in force from then on.",
    )  # fmt: skip


@admin.register(Tariff)
class TariffAdmin(EditorMixin, StaffModelAdmin):
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

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """With what the person may do with it, for `versions_shown`."""
        tariff = super().get_object(request, object_id, from_field)
        if tariff is not None:
            tariff.may_add = request.user.has_perm("tariffs.add_tariffversion")
            tariff.may_withdraw = request.user.has_perm(WITHDRAW)
        return tariff

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("preview/", view(self.preview), name="tariffs_preview"),
            path(
                "<path:object_id>/new-version/", view(self.new_version),
                name="tariffs_tariff_new_version",
            ),
            path(
                "<path:object_id>/withdraw/<int:number>/", view(self.withdraw),
                name="tariffs_tariff_withdraw",
            ),
        ]  # fmt: skip
        return [*own, *super().get_urls()]

    @admin.display(description="owner", ordering="operator__name")
    def owner_shown(self, tariff: Tariff) -> str:
        return str(tariff.owner)

    @admin.display(description="versions", ordering="version_count")
    def versions_counted(self, tariff: Any) -> SafeString:
        return staff_display.number(tariff.version_count)

    @admin.display(description="versions")
    def versions_shown(self, tariff: Any) -> SafeString | str:
        if tariff.pk is None or tariff._state.adding:
            return "Save the tariff first; then add its first version."
        now = timezone.now()
        versions = tariff.versions.order_by("-active_from", "-number")
        context = {
            "tariff": tariff,
            "versions": [(version, _state(version, now)) for version in versions],
        }
        return render_to_string("tariffs/versions.html", context)

    @admin.display(description="preview")
    def preview_shown(self, tariff: Tariff) -> SafeString | str:
        version = None if tariff._state.adding else _shown_version(tariff)
        if version is None:
            return staff_display.EMPTY
        return preview_of(version.content, version.ocpi_version).as_html()

    def withdraw(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """Asks for the reason, then withdraws a planned version."""
        if not request.user.has_perm(WITHDRAW):
            raise PermissionDenied
        tariff = self.get_object(request, object_id)
        version = tariff and tariff.versions.filter(number=number).first()
        if version is None:
            raise Http404
        back = reverse("admin:tariffs_tariff_change", args=[tariff.pk])
        form = WithdrawalForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                withdraw_version(version=version, now=timezone.now(), **form.cleaned_data)
            except DomainError as error:
                messages.error(request, error.message)
            else:
                messages.success(request, f"{version} is withdrawn.")
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Withdraw {version}",
            "opts": self.opts,
            "object": tariff,
            "version": version,
            "previous": tariff.versions.standing().filter(active_to=version.active_from).first(),
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "tariffs/withdraw.html", context)


def _state(version: TariffVersion, now: Any) -> tuple[str, str]:
    """What has become of the version, and its tone."""
    if version.withdrawn_at is not None:
        return "Withdrawn", "calm"
    if version.active_from > now:
        return "Planned", "info"
    return ("In force", "good") if is_in_force(version, now) else ("Ended", "calm")


def _shown_version(tariff: Tariff) -> TariffVersion | None:
    """What is in force now, else what begins last."""
    standing = tariff.versions.standing()
    version: TariffVersion | None = (
        standing.in_force(timezone.now()).first() or standing.order_by("-active_from").first()
    )
    return version
