"""Peers: register, test, suspend and leave; and the parties that we are."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import staff_display
from apps.core.admin import (
    ChoicesDropdownFilter,
    Question,
    StaffModelAdmin,
    staff_action,
)
from apps.core.staff_forms import LinesField
from apps.roaming.addresses import base_url, versions_url
from apps.roaming.admin.connect_page import connect_page
from apps.roaming.models import Party, Peer
from apps.roaming.services.connecting import leave_peer, update_peer
from apps.roaming.services.invitations import invite_peer, resume_peer, suspend_peer
from apps.roaming.services.selftest import check_peer
from apps.roaming.tasks import ask_for_pull

OPERATE = "roaming.operate_peer"
STATE_TONES: dict[str, staff_display.Tone] = {
    "NEW": "calm", "INVITED": "info", "REGISTERED": "good", "SUSPENDED": "warning",
    "UNREGISTERED": "bad",
}  # fmt: skip


def is_open(peer: Peer) -> bool:
    return peer.state in {Peer.State.NEW, Peer.State.INVITED, Peer.State.UNREGISTERED}


def is_registered(peer: Peer) -> bool:
    return bool(peer.state == Peer.State.REGISTERED)


@admin.register(Party)
class PartyAdmin(StaffModelAdmin):
    list_display = ["__str__", "role", "provider", "website"]
    search_fields = ["party_id", "name"]
    search_help_text = "Party id or name"
    when_empty = "Peers need a party of ours to speak with, for example NL*EVC as EMSP."

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "website":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Peer)
class PeerAdmin(StaffModelAdmin):
    """A peer is added by name and party; it becomes registered by the buttons."""

    list_display = [
        "name", staff_display.badges("state", STATE_TONES), "parties_shown", "version", "profile",
        "health_shown", "waiting",
    ]  # fmt: skip
    list_filter = [
        ("state", ChoicesDropdownFilter), ("profile", ChoicesDropdownFilter),
        ("version", ChoicesDropdownFilter),
    ]  # fmt: skip
    list_select_related = ["party", "health", "queue"]
    search_fields = ["name", "versions_url"]
    search_help_text = "Name or versions URL"
    when_empty = "No operator or hub is connected yet."
    ordering = ["name"]
    actions_detail = [
        "invite", "connect", "pull_now", "pull_all", "test", "renew", "suspend", "resume", "leave",
    ]  # fmt: skip
    readonly_fields = [
        staff_display.badges("state", STATE_TONES), "version", "versions_url", "our_url",
        "parties_shown", "hub_party", "endpoints_shown", "health_shown", "waiting",
        "messages_link",
    ]  # fmt: skip
    fieldsets: list[Any] = [
        (
            "Peer",
            {
                "fields": [
                    "name", "party", "profile", readonly_fields[0], "health_shown", "waiting",
                    "messages_link",
                ]
            },
        ),
        (
            "Connection",
            {
                "fields": [
                    "version", "versions_url", "our_url", "parties_shown", "hub_party",
                    "endpoints_shown", "allowed_origins",
                ]
            },
        ),
        (
            "What it does differently",
            {
                "fields": [
                    "token_encoding", "requires_routing_headers", "page_limit",
                    "patches_sessions", "sends_credit_cdrs", "whitelist", "requests_per_minute",
                ]
            },
        ),
    ]  # fmt: skip

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "allowed_origins":
            return LinesField(
                required=False, label="Further addresses",
                help_text="One per line: https://api.example.com. Only these and the one of its "
                "versions URL are ever called.",
            )  # fmt: skip
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[Any]:
        connect = self.admin_site.admin_view(self.connect_view)
        return [path("<uuid:pk>/register", connect, name="roaming_connect"), *super().get_urls()]

    def connect_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not request.user.has_perm(OPERATE):
            raise PermissionDenied
        peer = self.get_object(request, str(pk))
        if peer is None:
            raise Http404
        return connect_page(self, request, peer)

    @admin.display(description="parties")
    def parties_shown(self, peer: Peer) -> str:
        shown = [f"{r['country_code']}*{r['party_id']} ({r['role']})" for r in peer.roles]
        return ", ".join(shown) or staff_display.EMPTY

    @admin.display(description="endpoints")
    def endpoints_shown(self, peer: Peer) -> SafeString | str:
        pairs: list[tuple[object, object]] = [
            (f"{each['identifier']} ({each['role'].lower()})", each["url"])
            for each in peer.endpoints
        ]
        return staff_display.rows(pairs)

    @admin.display(description="health")
    def health_shown(self, peer: Peer) -> SafeString | str:
        health = getattr(peer, "health", None)
        if health is None:
            return "not heard of yet"
        if health.failures:
            since = f"{health.failures} failures in a row: {health.last_error[:200]}"
            return staff_display.badge(since, "bad")
        last = max(filter(None, (health.last_heard_at, health.last_success_at)), default=None)
        return staff_display.badge(f"well, last at {last:%Y-%m-%d %H:%M} UTC", "good")

    @admin.display(description="waiting to be pushed")
    def waiting(self, peer: Peer) -> SafeString | str:
        queue = getattr(peer, "queue", None)
        if queue is None:
            return staff_display.EMPTY
        count = queue.pushes.filter(state="WAITING")[:1001].count()
        return staff_display.link(queue, f"{'paused, ' if queue.is_paused else ''}{count}")

    @admin.display(description="messages")
    def messages_link(self, peer: Peer) -> SafeString | str:
        if peer.pk is None or peer._state.adding:
            return staff_display.EMPTY
        url = reverse("admin:roaming_exchange_changelist")
        return format_html(
            '<a class="staff-link" href="{}?peer__id__exact={}">All exchanged messages</a>',
            url,
            peer.pk,
        )

    @staff_action(
        "Invite", permission=OPERATE, icon="mail", when=is_open,
        question=Question(
            "Give the peer a registration token",
            "It is shown once. With it the peer registers at our versions URL; an earlier token "
            "is good no more.",
            reason="none",
        ),
    )  # fmt: skip
    def invite(self, request: HttpRequest, peer: Peer, reason: str) -> SafeString:
        token = invite_peer(peer=peer, now=timezone.now())
        address = versions_url(base_url(request.build_absolute_uri("/ocpi")))
        both = staff_display.rows([("Versions URL", address), ("Token", token)])
        told = "Send both to the peer, safely; the token is not shown again."
        return format_html("<div>{} {}</div>", told, both)

    @staff_action(
        "Register at the peer", permission=OPERATE, icon="link", when=is_open,
        question=Question(
            "Register at the peer", "On the next page: its versions URL and the token it gave us.",
            reason="none",
        ),
    )  # fmt: skip
    def connect(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        url = reverse("admin:roaming_connect", args=[peer.pk])
        return format_html('<a href="{}">Enter its address and token</a>', url)

    @staff_action(
        "Self-test", permission=OPERATE, icon="network_check", when=is_registered,
        question=Question(
            "Ask the peer's endpoints", "Versions, credentials and one object of each list; "
            "nothing is changed on either side.", reason="none",
        ),
    )  # fmt: skip
    def test(self, request: HttpRequest, peer: Peer, reason: str) -> SafeString:
        checks = check_peer(peer=peer)
        for check in checks:
            if not check.passed:
                messages.error(request, f"{check.name}: {check.said} ({check.milliseconds} ms)")
        passed: list[tuple[object, object]] = [
            (c.name, f"{c.said} ({c.milliseconds:,} ms)") for c in checks if c.passed
        ]
        told = f"{len(passed)} of {len(checks)} passed."
        return format_html("<div>{} {}</div>", told, staff_display.rows(passed))

    @staff_action(
        "Pull now", permission=OPERATE, icon="download", when=is_registered,
        question=Question("Pull the peer's lists", "What changed since the last time.",
                          reason="none"),
    )  # fmt: skip
    def pull_now(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        ask_for_pull(peer)
        return "The pull is on its way; see Pulls for how far it is."

    @staff_action(
        "Pull all anew", permission=OPERATE, icon="sync", when=is_registered,
        question=Question(
            "Pull the peer's whole lists",
            "Also what did not change since the last time, such as the stations of an operator "
            "that a hub shows us since a new agreement. What is no longer listed is removed.",
            reason="none",
        ),
    )  # fmt: skip
    def pull_all(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        ask_for_pull(peer, full=True)
        return "The pull is on its way; see Pulls for how far it is."

    @staff_action(
        "Renew tokens", permission=OPERATE, icon="key", when=is_registered,
        question=Question("Exchange new tokens with the peer",
                          "Its endpoints are read again; the OCPI version may rise."),
    )  # fmt: skip
    def renew(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        update_peer(peer=peer, now=timezone.now())
        return "New tokens are in use."

    @staff_action(
        "Suspend", permission=OPERATE, icon="pause_circle", when=is_registered,
        question=Question("Suspend the connection", "Its requests are refused, nothing is sent.",
                          danger=True),
    )  # fmt: skip
    def suspend(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        suspend_peer(peer=peer, reason=reason, now=timezone.now())
        return "The connection is suspended."

    @staff_action(
        "Resume", permission=OPERATE, icon="play_circle",
        when=lambda peer: peer.state == Peer.State.SUSPENDED,
        question=Question("Resume the connection"),
    )  # fmt: skip
    def resume(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        resume_peer(peer=peer, reason=reason, now=timezone.now())
        return "The connection goes on."

    @staff_action(
        "Unregister", permission=OPERATE, icon="link_off",
        when=lambda peer: peer.state in {Peer.State.REGISTERED, Peer.State.SUSPENDED},
        question=Question("Unregister", "Both tokens end; to come back, register anew.",
                          danger=True),
    )  # fmt: skip
    def leave(self, request: HttpRequest, peer: Peer, reason: str) -> str:
        said = leave_peer(peer=peer, reason=reason, now=timezone.now())
        return f"Unregistered. The peer said: {said}"
