"""Whether a full run of the tests walked through everything that writes.

What there is, is asked of the project itself: the public functions of all services, the addresses
that take writes, the forms, actions and further pages of all staff screens. What no watched test
walked through is named, and fails the run; what writes no business record is listed here with the
reason.
"""

from django.contrib import admin
from django.test import RequestFactory
from django.urls import get_resolver

from apps.accounts.models import User
from apps.roaming.server.door import OcpiView
from tests.audit.watching import UNSAFE, services

# Services that no test needs to walk through, and why.
NOT_WALKED = {
    **dict.fromkeys(
        [
            "cdrs.services.review.kept_margin_of",
            "payments.services.last_card.last_card",
            "remote_sessions.services.running_charges.values_of",
            "remote_sessions.services.session_price.as_cdr",
            "roaming.services.finding.place_of",
            "roaming.services.finding.way_of",
            "roaming.services.finding.way_to",
            "roaming.services.finding.way_to_evse",
            "roaming.services.finding.way_to_session",
            "roaming.services.tokens.changed_since",
            "tariffs.services.book.says_the_same",
        ],
        "Only reads or computes.",
    ),
    "roaming.services.listening.on_result": "Runs while the apps start, before any test.",
    "vat.services.decisions.register_decider": "Runs while the apps start, before any test.",
}

# Addresses that take writes of no business record, and why.
ADDRESSES_NOT_WALKED = {
    "ANY healthz": "Only reads.",
    "ANY readyz": "Only reads.",
    "ANY ": "Only reads: the front door.",
    "ANY stations/": "Only reads: a page of the portal.",
    "ANY stations/points.json": "Only reads: the map of the portal.",
    "ANY media/logos/<str:name>": "Only reads: a provider's logo.",
    "ANY api/docs/errors": "Only reads: documentation.",
    "POST admin/roaming/sentcommand/add/": "Only reads: the choice of what to ask a station.",
    "POST admin/search/": "Only reads: the search of the staff screens.",
    "POST admin/audit/entry/export.csv": "Only reads; its GET leaves a note in the trail.",
    "POST admin/tariffs/tariff/preview/": "Only computes: prices of what is being edited.",
    "POST admin/billing/invoice/(?P<pk>[0-9a-f-]{36})/(?P<format>pdf|xml)/$": "Only reads: a file.",
    "POST admin/vat-report/": "Only reads.",
    "POST admin/vat-report/documents/": "Only reads.",
    "POST admin/vat-report/csv/": "Only reads.",
}


def forgotten(walked):
    """What was not walked through, in words."""
    there = dict.fromkeys([*services(), *addresses(), *staff_actions(), *staff_addresses()])
    left_out = {**NOT_WALKED, **ADDRESSES_NOT_WALKED}
    for key in sorted(there.keys() - walked - left_out.keys()):
        yield f"{key}: no test with a watched trail walks through it"
    for key in sorted(left_out.keys() - there.keys()):
        yield f"{key}: is listed as not walked, but is not there"


def addresses():
    """Each method and route that takes writes, outside of the staff screens."""
    for route, pattern in _routes(get_resolver()):
        if route.startswith("admin/"):
            continue
        view = pattern.callback
        if actions := getattr(view, "actions", None):
            methods = [method.upper() for method in actions]
        elif cls := getattr(view, "view_class", None) or getattr(view, "cls", None):
            prefix = "on_" if issubclass(cls, OcpiView) else ""
            methods = [method for method in UNSAFE if hasattr(cls, prefix + method.lower())]
        else:
            methods = ["ANY"]
        yield from (f"{method} {route}" for method in methods if method in (*UNSAFE, "ANY"))


def _routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = _at(prefix, pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, route)
        else:
            yield route, pattern


def _at(prefix, pattern):
    """As Django joins them in a match."""
    return prefix + str(pattern.pattern).removeprefix("^")


def staff_addresses():
    """The POST of each address of the staff site that doesn't come with Django's own screens."""
    site = admin.site
    own = {_at("admin/", pattern) for pattern in admin.AdminSite.get_urls(site)}
    for model, screen in site._registry.items():
        base = f"admin/{model._meta.app_label}/{model._meta.model_name}/"
        own |= {_at(base, pattern) for pattern in admin.ModelAdmin.get_urls(screen)}
    for route, _ in _routes(get_resolver()):
        if route.startswith("admin/") and route not in own:
            yield f"POST {route}"


def staff_actions():
    """The POST of each form, button and bulk action of the staff screens."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    for model, screen in admin.site._registry.items():
        base = f"POST admin/{model._meta.app_label}/{model._meta.model_name}/"
        if screen.has_add_permission(request):
            yield f"{base}add/"
        if screen.has_change_permission(request):
            yield f"{base}<path:object_id>/change/"
        for name in screen.actions_detail:
            yield f"{base}<path:object_id>/{name.replace('_', '-')}/"
        yield from (f"{base} {name}" for name in screen.actions or ())
