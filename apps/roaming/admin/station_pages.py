"""The pages that send a request to a peer's station: one form, one service call each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.roaming.admin.station_forms import (
    AskProfileForm,
    PreferencesForm,
    RequestForm,
    ReserveForm,
    SessionForm,
    SetProfileForm,
    UnlockForm,
)
from apps.roaming.models import SentCommand
from apps.roaming.ocpi.commands import write_charging_preferences, write_charging_profile
from apps.roaming.services import charging
from apps.roaming.services.commands import CommandNotPossible
from apps.roaming.services.finding import place_of, way_to_evse
from apps.roaming.services.tokens import find_token as find_token_of

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A kind of request: what it is called, what it does, what is asked, and the call."""

    title: str
    text: str
    form: type[RequestForm]
    send: Callable[[Values], SentCommand]


def _reserve(values: Values) -> SentCommand:
    way = way_to_evse(values["evse"])
    token = find_token_of(peer=way.peer, uid=values["token"].uid)
    if token is None:
        raise CommandNotPossible(f"{values['token']} is none of the tokens {way.peer} knows.")
    now = timezone.now()
    return charging.reserve(
        peer=way.peer, operator=way.operator, token=token, place=place_of(values["evse"]),
        expires_at=now + timedelta(minutes=values["minutes"]), reason=values["reason"], now=now,
        # Sent twice by a double click, the second replaces the first at the station.
        reservation_id=charging.reservation_id_of(
            values["attempt"], values["evse"].pk, values["token"].pk, values["minutes"]
        ),
    )  # fmt: skip


def _unlock(values: Values) -> SentCommand:
    way = way_to_evse(values["evse"])
    return charging.unlock_connector(
        peer=way.peer, operator=way.operator, reason=values["reason"],
        place=place_of(values["evse"], values["connector"]), now=timezone.now(),
    )  # fmt: skip


def _set_profile(values: Values) -> SentCommand:
    minutes = values["minutes"]
    profile = write_charging_profile(
        limit=values["limit"], unit=values["unit"], seconds=minutes * 60 if minutes else None,
        now=timezone.now(),
    )  # fmt: skip
    return charging.set_charging_profile(profile=profile, **_of_session(values))


def _ask_profile(values: Values) -> SentCommand:
    return charging.ask_charging_profile(seconds=values["minutes"] * 60, **_of_session(values))


def _clear_profile(values: Values) -> SentCommand:
    return charging.clear_charging_profile(**_of_session(values))


def _set_preferences(values: Values) -> SentCommand:
    preferences = write_charging_preferences(
        profile_type=values["profile_type"], departure=values["departure_time"],
        kwh=values["energy_need"], may_discharge=values["discharge_allowed"],
    )  # fmt: skip
    return charging.set_charging_preferences(preferences=preferences, **_of_session(values))


def _of_session(values: Values) -> Values:
    return {
        "peer": values["way"].peer, "operator": values["way"].operator,
        "session_id": values["session"].strip(), "reason": values["reason"],
        "now": timezone.now(),
    }  # fmt: skip


REQUESTS = {
    "reserve": Request(
        "Reserve an EVSE", "It is kept for the driver until the time is over.", ReserveForm,
        _reserve,
    ),
    "unlock": Request(
        "Unlock a connector", "For a cable that the station does not give back.", UnlockForm,
        _unlock,
    ),
    "set-profile": Request(
        "Limit a charge", "A charging profile with one limit; a new one takes its place.",
        SetProfileForm, _set_profile,
    ),
    "ask-profile": Request(
        "Ask what a charge may draw", "The profile that is in force comes as the result.",
        AskProfileForm, _ask_profile,
    ),
    "clear-profile": Request(
        "Lift the limit of a charge", "Our charging profile is taken away.", SessionForm,
        _clear_profile,
    ),
    "preferences": Request(
        "Say what the driver wants", "Cheap, fast or green, and when the car must be ready.",
        PreferencesForm, _set_preferences,
    ),
}  # fmt: skip


def address_of(kind: str) -> str:
    return reverse("admin:roaming_station_request", args=[kind])


def choice_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """What can be asked of a peer's station."""
    context = {
        **model_admin.admin_site.each_context(request), "title": "Ask a station",
        "opts": model_admin.model._meta,
        "choices": [(address_of(kind), each) for kind, each in REQUESTS.items()],
    }  # fmt: skip
    return TemplateResponse(request, "roaming/station_requests.html", context)


def request_page(model_admin: Any, request: HttpRequest, kind: str) -> HttpResponse:
    """The form of one kind; sent, it leads to the page where its answer and result stand."""
    if kind not in REQUESTS:
        raise Http404
    asked = REQUESTS[kind]
    form = asked.form(request.POST or None, initial=request.GET.dict())
    # Given with the page, so that one form is known again when it is sent twice.
    attempt = request.POST.get("attempt") or str(new_id())
    if request.method == "POST" and form.is_valid():
        sent = _send(asked, form, attempt)
        if sent is not None:
            return HttpResponseRedirect(reverse("admin:roaming_sentcommand_change", args=[sent.pk]))
    context = {
        **model_admin.admin_site.each_context(request), "title": asked.title, "text": asked.text,
        "opts": model_admin.model._meta, "form": form,
        "back": reverse("admin:roaming_sentcommand_changelist"), "keep": [("attempt", attempt)],
    }  # fmt: skip
    return TemplateResponse(request, "remote_sessions/form_page.html", context)


def _send(asked: Request, form: forms.Form, attempt: str) -> SentCommand | None:
    try:
        return asked.send({**form.cleaned_data, "attempt": attempt})
    except DomainError as error:
        form.add_error(None, error.message)
        return None
