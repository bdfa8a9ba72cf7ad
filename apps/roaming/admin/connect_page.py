"""The page that registers us at a peer: its versions URL and the token it gave us."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import DomainError
from apps.roaming.models import Peer
from apps.roaming.services.connecting import connect_peer


class ConnectForm(forms.Form):
    """What the peer sent us to register with."""

    versions_url = forms.URLField(
        label="Its versions URL", assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "staff-input", "autofocus": True}),
        help_text="For example https://ocpi.example.com/versions",
    )  # fmt: skip
    token = forms.CharField(
        label="Registration token (token A)", max_length=2000, strip=True,
        widget=forms.TextInput(attrs={"class": "staff-input", "autocomplete": "off"}),
        help_text="Good for one registration; it is not stored.",
    )  # fmt: skip


def connect_page(model_admin: Any, request: HttpRequest, peer: Peer) -> HttpResponse:
    """Ask for both, register, and go back to the peer."""
    form = ConnectForm(request.POST or None, initial={"versions_url": peer.versions_url})
    back = reverse("admin:roaming_peer_change", args=[peer.pk])
    if request.method == "POST" and form.is_valid():
        try:
            connect_peer(peer=peer, now=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"Registered at {peer} with OCPI {peer.version}.")
            return HttpResponseRedirect(back)
    context = {
        **model_admin.admin_site.each_context(request), "title": f"Register at {peer}",
        "text": "We read its versions and endpoints, and exchange tokens. This takes some seconds.",
        "opts": model_admin.model._meta, "form": form, "back": back,
    }  # fmt: skip
    return TemplateResponse(request, "remote_sessions/form_page.html", context)
