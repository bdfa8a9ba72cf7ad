"""The editor of a new tariff version: rows or OCPI JSON, both through the same service, with a
preview that follows what is typed.

The page holds all of its state, so that each button works without JavaScript.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import currency_code
from apps.core.errors import DomainError
from apps.tariffs.admin.rows import read_draft, show_elements, show_head, write_json
from apps.tariffs.drafts import (
    INSTANTS,
    Draft,
    NotTabular,
    change_rows,
    content_of,
    draft_of,
    kept_names,
)
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.ocpi.tariffs import VERSIONS
from apps.tariffs.problems import Problem, problems_of
from apps.tariffs.restrictions import DAYS
from apps.tariffs.samples import Sample
from apps.tariffs.services import TariffVersionsOverlap, add_version
from apps.tariffs.staff_preview import ContentNotJson, Preview, preview_of, read_content

ROWS: Final = "rows"
JSON: Final = "json"
# A tariff to begin with, when there is no version yet.
EXAMPLE: Final = {
    "currency": "EUR",
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.49, "vat": 21, "step_size": 1}],
            "restrictions": {"start_time": "07:00", "end_time": "19:00"},
        },
        {
            "price_components": [
                {"type": "ENERGY", "price": 0.35, "vat": 21, "step_size": 1},
                {"type": "PARKING_TIME", "price": 3, "vat": 21, "step_size": 900},
            ]
        },
    ],
}


class VersionForm(forms.Form):
    """When the version is in force, and why it is added."""

    ocpi_version = forms.ChoiceField(
        label="OCPI version", choices=[(name, name) for name in reversed(VERSIONS)],
        initial="2.2.1", widget=forms.Select(attrs={"class": "staff-input"}),
    )  # fmt: skip
    active_from = forms.DateTimeField(
        label="In force from (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "staff-input"}),
        help_text="An open version before it ends at this moment.",
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

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        start, end = told.get("active_from"), told.get("active_to")
        if start and end and end <= start:
            self.add_error("active_to", "It ends before it begins.")
        return told


class SampleForm(forms.Form):
    """The session whose price is shown beside the editor."""

    prefix = "sample"
    kwh = forms.DecimalField(label="kWh", min_value=0, max_value=2000, max_digits=8)
    day = forms.TypedChoiceField(
        label="Day", coerce=int, choices=[(n, day.capitalize()) for n, day in enumerate(DAYS)]
    )
    start = forms.TimeField(
        label="Start", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    charging_minutes = forms.IntegerField(label="Charging, min", min_value=1, max_value=2880)
    kw = forms.DecimalField(label="kW", min_value=0, max_value=2000, max_digits=8)
    parking_minutes = forms.IntegerField(label="Parking, min", min_value=0, max_value=2880)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, each in self.fields.items():
            each.initial = getattr(Sample(), name)
            each.widget.attrs["class"] = "staff-input"

    @property
    def sample(self) -> Sample | None:
        """None while what was typed is no session."""
        if not self.is_bound:
            return Sample()
        return Sample.of(self.cleaned_data) if self.is_valid() else None


@dataclass(slots=True)
class Edited:
    """What stands in the editor: rows, or the text of the JSON, and what is wrong with it."""

    mode: str
    text: str = ""
    draft: Draft | None = None
    content: dict[str, Any] | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def general(self) -> list[str]:
        """What is wrong without being at a field of the rows."""
        if self.mode == JSON or self.draft is None:
            return [_told(problem) for problem in self.problems]
        shown = ("elements[", "min_price", "max_price", "currency", *INSTANTS)
        return [_told(problem) for problem in self.problems if not problem.path.startswith(shown)]


def _told(problem: Problem) -> str:
    return f"{problem.path}: {problem.text}" if problem.path else problem.text


def open_content(content: dict[str, Any], version: str) -> Edited:
    """A tariff as rows where they can show it, else as JSON."""
    try:
        draft = draft_of(content)
    except NotTabular:
        return Edited(JSON, write_json(content), content=content)
    return Edited(ROWS, draft=draft, content=content)


def read_posted(posted: QueryDict) -> Edited:
    """What the browser sent, in the form it was shown in."""
    version = posted.get("ocpi_version", "")
    if posted.get("mode") != ROWS:
        return _read_json(posted.get("content", ""), version)
    try:
        draft = read_draft(posted)
        content = content_of(draft, version=version)
    except DomainError as error:
        return Edited(JSON, posted.get("base", ""), problems=[Problem("", error.message)])
    return Edited(ROWS, draft=draft, content=content, problems=_problems(content, version))


def _read_json(text: str, version: str) -> Edited:
    try:
        content = read_content(text)
    except ContentNotJson as error:
        return Edited(JSON, text, problems=[Problem("", error.message)])
    return Edited(JSON, text, content=content, problems=_problems(content, version))


def _problems(content: Mapping[str, Any], version: str) -> list[Problem]:
    """What the engine can't read, and a currency that the book doesn't know."""
    problems = problems_of(content, version=version)
    try:
        currency_code(str(content.get("currency") or "").upper())
    except ValidationError as error:
        problems.append(Problem("currency", str(error.message)))
    return problems


def turn(edited: Edited, command: str, version: str) -> Edited:
    """Carries out a button of the editor: a row moved, added, removed, or the other way to look."""
    try:
        if command == "as-json" and edited.content is not None:
            return Edited(JSON, write_json(edited.content), content=edited.content)
        if command == "as-rows" and edited.content is not None:
            return Edited(ROWS, draft=draft_of(edited.content), content=edited.content)
        if edited.draft is not None and change_rows(edited.draft, command):
            content = content_of(edited.draft, version=version)
            return Edited(ROWS, draft=edited.draft, content=content)
    except NotTabular as error:
        edited.problems.append(Problem("", error.message))
    return edited


def show_preview(edited: Edited, version: str, sample: Sample | None) -> Preview:
    """The preview; while there are problems, how many."""
    if edited.problems or edited.content is None:
        count = len(edited.problems)
        text = "One thing keeps" if count == 1 else f"{count} things keep"
        return Preview(problem=f"{text} the tariff from being priced; see the marked fields.")
    return preview_of(edited.content, version, sample)


class EditorMixin:
    """The two addresses of the editor, for the tariffs' staff screen."""

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What changes beside the fields while a tariff is typed; with a row's button also the
        rows."""
        if not request.user.has_perm("tariffs.view_tariff"):
            raise PermissionDenied
        posted, command = request.POST, request.POST.get("do", "")
        version = posted.get("ocpi_version", "")
        edited = turn(read_posted(posted), command, version)
        context = _context(edited, version, SampleForm(posted))
        return HttpResponse(render_to_string("tariffs/editor_answer.html", context))

    def new_version(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        """The editor; what is refused stays in it, with the reason at its field."""
        if not request.user.has_perm("tariffs.add_tariffversion"):
            raise PermissionDenied
        tariff = self.get_object(request, object_id)
        if tariff is None:
            raise Http404
        if request.method != "POST":
            content, initial = _initial(tariff)
            edited = open_content(content, initial["ocpi_version"])
            return self._page(request, tariff, edited, VersionForm(initial=initial), SampleForm())
        command, version = request.POST.get("do", ""), request.POST.get("ocpi_version", "")
        edited, form = read_posted(request.POST), VersionForm(request.POST)
        if command != "save":
            form = VersionForm(initial=request.POST.dict())
            edited = turn(edited, command, version)
        elif form.is_valid() and not edited.problems and _add(request, tariff, edited, form):
            return HttpResponseRedirect(reverse("admin:tariffs_tariff_change", args=[tariff.pk]))
        return self._page(request, tariff, edited, form, SampleForm(request.POST))

    def _page(
        self: Any, request: HttpRequest, tariff: Tariff, edited: Edited, form: VersionForm,
        sample: SampleForm,
    ) -> HttpResponse:  # fmt: skip
        context = {
            **self.admin_site.each_context(request),
            **_context(edited, form["ocpi_version"].value(), sample),
            "title": f"New version of {tariff}",
            "opts": self.opts,
            "object": tariff,
            "form": form,
            "preview_address": reverse("admin:tariffs_preview"),
            "back": reverse("admin:tariffs_tariff_change", args=[tariff.pk]),
        }
        return TemplateResponse(request, "tariffs/new_version.html", context)


def _context(edited: Edited, version: str, sample: SampleForm) -> dict[str, Any]:
    shown = show_preview(edited, version, sample.sample)
    context: dict[str, Any] = {
        "edited": edited, "sample": sample, "preview": shown, "preview_html": shown.as_html(),
    }  # fmt: skip
    if edited.mode == ROWS and edited.draft is not None:
        context["head"] = show_head(edited.draft, version, edited.problems)
        context["rows"] = show_elements(edited.draft, edited.problems, shown.findings)
        context["base"] = write_json(edited.draft.base)
        context["kept"] = kept_names(edited.draft)
    return context


def _add(request: HttpRequest, tariff: Tariff, edited: Edited, form: VersionForm) -> bool:
    told, before = form.cleaned_data, newest_of(tariff)
    try:
        version = add_version(
            tariff=tariff, content=_named(edited.content or {}, tariff),
            ocpi_version=told["ocpi_version"], active_from=told["active_from"],
            active_to=told["active_to"], reason=told["reason"],
        )  # fmt: skip
    except TariffVersionsOverlap as error:
        form.add_error("active_from", error.message)
        return False
    except DomainError as error:
        edited.problems.append(Problem("", error.message))
        return False
    if version == before:
        messages.info(request, f"{version} says the same already; nothing was added.")
    else:
        messages.success(request, f"{version} was added.")
    return True


def _named(content: dict[str, Any], tariff: Tariff) -> dict[str, Any]:
    """The content under the id of its tariff: periods of CDRs name it."""
    told = str(content.get("id") or tariff.tariff_id)
    if told.upper() != tariff.tariff_id.upper():
        raise ForeignContent(f"The JSON is of the tariff {told[:40]}; this is {tariff.tariff_id}.")
    return {"id": tariff.tariff_id, **content}


class ForeignContent(DomainError):
    """The content names another tariff than that which it is entered for."""

    code = "TARIFF_CONTENT_FOREIGN"


def newest_of(tariff: Tariff) -> TariffVersion | None:
    """The standing version that begins last."""
    version: TariffVersion | None = tariff.versions.standing().order_by("-active_from").first()
    return version


def _initial(tariff: Tariff) -> tuple[dict[str, Any], dict[str, Any]]:
    newest = newest_of(tariff)
    content = newest.content if newest else {"id": tariff.tariff_id, **EXAMPLE}
    return content, {
        "ocpi_version": newest.ocpi_version if newest else "2.2.1",
        "active_from": timezone.now().strftime("%Y-%m-%dT%H:%M"),
    }
