"""The pages that ask for more than a reason: start, attach a CDR. Each makes one service call."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import DomainError
from apps.remote_sessions.admin.forms import AttachForm, StartForm
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services import Preauthorization, attach_cdr, request_start
from apps.remote_sessions.states import State

LIST = "admin:remote_sessions_remotesession_changelist"


def start_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Start a charge for a driver who can't."""
    return _form_page(
        model_admin, request, form=StartForm(request.POST or None), title="Start a charge",
        text="The command goes to the operator at once; its session follows within a minute.",
        do=lambda values: _start(request, values), back=reverse(LIST),
    )  # fmt: skip


def attach_page(
    model_admin: Any, request: HttpRequest, remote_session: RemoteSession
) -> HttpResponse:
    """Attach the CDR that nobody could match."""
    form = AttachForm(request.POST or None, operator=remote_session.operator)
    return _form_page(
        model_admin, request, form=form, title="Attach a CDR",
        text=f"The CDR of {remote_session} completes it, and what the driver pays is captured.",
        do=lambda values: _attach(request, remote_session, values), back=page_of(remote_session),
    )  # fmt: skip


def page_of(remote_session: RemoteSession) -> str:
    return reverse("admin:remote_sessions_remotesession_change", args=[remote_session.pk])


def _form_page(
    model_admin: Any,
    request: HttpRequest,
    *,
    form: forms.Form,
    title: str,
    text: str,
    do: Callable[[dict[str, Any]], str],
    back: str,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(do(form.cleaned_data))
        except DomainError as error:
            form.add_error(None, error.message)
    context = {
        **model_admin.admin_site.each_context(request), "title": title, "text": text,
        "opts": model_admin.model._meta, "form": form, "back": back,
    }  # fmt: skip
    return TemplateResponse(request, "remote_sessions/form_page.html", context)


def _start(request: HttpRequest, values: dict[str, Any]) -> str:
    token = values["token"]
    provider = token.account.provider
    blocked = (
        Preauthorization(
            values["amount"], provider.currency, values["card"], values.get("customer", "")
        )
        if values["amount"]
        else None
    )
    started = request_start(
        provider=provider, token=token, evse=values["evse"], preauthorization=blocked,
        user=request.user, now=timezone.now(),
    ).remote_session  # fmt: skip
    if started.state == State.CANCELLED:
        messages.warning(request, f"It was not started. {started.message}")
    else:
        messages.success(request, "The start is on its way; this page follows it.")
    return page_of(started)


def _attach(request: HttpRequest, remote_session: RemoteSession, values: dict[str, Any]) -> str:
    attach_cdr(
        remote_session_id=remote_session.pk, cdr=values["cdr_id"], reason=values["reason"],
        now=timezone.now(),
    )  # fmt: skip
    messages.success(request, f"{values['cdr_id']} is attached.")
    return page_of(remote_session)
