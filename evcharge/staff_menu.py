"""The staff admin's name, colours and side menu, as django-unfold wants them."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

# Group, then entries: title, icon of Material Symbols, model; after a colon the name of a page of
# that model other than its list.
MENU: list[tuple[str, list[tuple[str, str, str]]]] = [
    (
        "Charging",
        [
            ("CDRs", "receipt_long", "cdrs.cdr"),
            ("CDRs to review", "fact_check", "cdrs.cdr:cdrs_review_queue"),
            ("Sessions", "bolt", "cdrs.chargingsession"),
            ("Remote sessions", "settings_remote", "remote_sessions.remotesession"),
            ("Imports", "upload_file", "cdrs.cdrimport"),
            ("CDR conflicts", "difference", "cdrs.cdrconflict"),
        ],
    ),
    (
        "Money",
        [
            ("Invoices", "request_quote", "billing.invoice"),
            ("Invoice runs", "play_circle", "billing.invoicerun"),
            ("Billing holds", "front_hand", "billing.billinghold"),
            ("Payments", "credit_card", "payments.payment"),
            ("Tariffs", "sell", "tariffs.tariff"),
            ("Tariff notes", "sticky_note_2", "tariffs.tariffnote"),
            ("Review rules", "rule", "cdrs.reviewrule"),
        ],
    ),
    (
        "VAT",
        [
            ("Held decisions", "front_hand", "vat.helddecision"),
            ("Decisions", "gavel", "vat.vatdecision"),
            ("VAT ids", "fact_check", "vat.vatid"),
            ("VAT rates", "percent", "vat.vatrate"),
            ("VAT policies", "policy", "vat.vatpolicy"),
            ("Operators' VAT", "hub", "vat.operatorvatprofile"),
        ],
    ),
    (
        "Network",
        [
            ("Operators", "hub", "locations.operator"),
            ("Locations", "location_on", "locations.location"),
            ("EVSEs", "ev_station", "locations.evse"),
        ],
    ),
    (
        "Roaming",
        [
            ("Peers", "lan", "roaming.peer"),
            ("Messages", "swap_horiz", "roaming.exchange"),
            ("Push queues", "outbox", "roaming.pushqueue"),
            ("Pushes", "send", "roaming.push"),
            ("Pulls", "download", "roaming.pullcursor"),
            ("CDRs not received", "hourglass_top", "roaming.waitingcdr"),
            ("Commands", "terminal", "roaming.sentcommand"),
            ("Authorizations", "verified_user", "roaming.authorization"),
            ("Peers' objects", "data_object", "roaming.keptobject"),
            ("Behind hubs", "device_hub", "roaming.hubclient"),
            ("Own parties", "badge", "roaming.party"),
        ],
    ),
    (
        "People",
        [
            ("Providers", "storefront", "accounts.provider"),
            ("VAT registrations", "assured_workload", "accounts.vatregistration"),
            ("Accounts", "contacts", "accounts.account"),
            ("Tokens", "badge", "accounts.token"),
            ("Users", "person", "accounts.user"),
            ("Groups", "groups", "auth.group"),
            ("API credentials", "key", "accounts.credential"),
        ],
    ),
    (
        "Trail",
        [
            ("Audit trail", "manage_search", "audit.entry"),
            ("Events", "outbox", "events.event"),
            ("Webhooks", "webhook", "webhooks.subscription"),
            ("Job runs", "schedule", "core.jobrun"),
        ],
    ),
]

# Pages that are no model's list, below the entries of their group; with the permission to see them.
PAGES = {"VAT": [("VAT report", "summarize", "vat-report", "billing.view_invoice")]}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the menu, with the entries whose pages exist and that the person may see."""
    groups = [
        {
            "title": title,
            "items": [
                *(_item(*entry) for entry in entries if _open(request, entry[2])),
                *(_page(*page) for page in PAGES.get(title, []) if request.user.has_perm(page[3])),
            ],
        }
        for title, entries in MENU
    ]
    overview = {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}
    shown: list[dict[str, Any]] = [
        {"items": [overview]},
        *(group for group in groups if group["items"]),
    ]
    _mark_open(shown, request.path)
    return shown


def _mark_open(groups: list[dict[str, Any]], path: str) -> None:
    """One entry at most: that whose address says the most, where one lies below another's."""
    items = [item for group in groups for item in group["items"]]
    home = reverse("admin:index")
    links = [item["link"] for item in items if item["link"] != home or path == home]
    fitting = [link for link in links if path.startswith(link)]
    for item in items:
        item["active"] = item["link"] == max(fitting, key=len, default="")


def _open(request: HttpRequest, label: str) -> bool:
    # The settings import this module, before apps and their screens are there.
    from django.apps import apps
    from django.contrib import admin

    app, name = label.partition(":")[0].split(".")
    model = apps.all_models[app].get(name)
    screen = admin.site._registry.get(model) if model else None
    return screen is not None and screen.has_view_or_change_permission(request)


def _page(title: str, icon: str, url_name: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(url_name)}


def _item(title: str, icon: str, label: str) -> dict[str, Any]:
    model, _, page = label.partition(":")
    address = reverse(f"admin:{page or model.replace('.', '_') + '_changelist'}")
    return {"title": title, "icon": icon, "link": address}


def stylesheet(request: HttpRequest) -> str:
    """The address of what we add to the theme."""
    from django.templatetags.static import static

    return static("staff/staff.css")


def favicon(request: HttpRequest) -> str:
    """The address of the bolt in the browser's tab."""
    from django.templatetags.static import static

    return static("staff/favicon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "evcharge",
    "SITE_HEADER": "evcharge",
    "SITE_SUBHEADER": "Roaming back office",
    "SITE_SYMBOL": "ev_station",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "STYLES": ["evcharge.staff_menu.stylesheet"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": favicon}],
    "DASHBOARD_CALLBACK": "apps.core.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": False,
        "command_search": True,
        "navigation": "evcharge.staff_menu.navigation",
    },
    "COLORS": {
        "primary": {
            "50": "#ecfdf5", "100": "#d1fae5", "200": "#a7f3d0", "300": "#6ee7b7",
            "400": "#34d399", "500": "#10b981", "600": "#047857", "700": "#065f46",
            "800": "#064e3b", "900": "#053d30", "950": "#022c22",
        },
    },
}  # fmt: skip
