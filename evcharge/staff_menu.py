"""The staff admin's name, colours and side menu, as django-unfold wants them."""

from django.urls import reverse_lazy

UNFOLD = {
    "SITE_TITLE": "evcharge",
    "SITE_HEADER": "evcharge",
    "SITE_SUBHEADER": "Roaming back office",
    "SITE_SYMBOL": "ev_station",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "#ecfdf5", "100": "#d1fae5", "200": "#a7f3d0", "300": "#6ee7b7",
            "400": "#34d399", "500": "#10b981", "600": "#047857", "700": "#065f46",
            "800": "#064e3b", "900": "#053d30", "950": "#022c22",
        },
    },
}  # fmt: skip


def link(title: str, icon: str, model: str) -> dict[str, object]:
    """A menu entry to a model's list, shown to those who may see the model."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


UNFOLD["SIDEBAR"] = {
    "show_search": True,
    "navigation": [
        {
            "title": "Charging",
            "items": [
                link("CDRs", "receipt_long", "cdrs.cdr"),
                link("Sessions", "bolt", "cdrs.chargingsession"),
                link("Imports", "upload_file", "cdrs.cdrimport"),
            ],
        },
        {
            "title": "Money",
            "items": [
                link("Invoices", "request_quote", "billing.invoice"),
                link("Invoice runs", "play_circle", "billing.invoicerun"),
                link("VAT rates", "percent", "vat.vatrate"),
            ],
        },
        {
            "title": "Network",
            "items": [
                link("Operators", "hub", "locations.operator"),
                link("Locations", "location_on", "locations.location"),
            ],
        },
        {
            "title": "People",
            "items": [
                link("Providers", "storefront", "accounts.provider"),
                link("Accounts", "contacts", "accounts.account"),
                link("Tokens", "badge", "accounts.token"),
                link("Users", "person", "accounts.user"),
                link("API credentials", "key", "accounts.credential"),
            ],
        },
        {
            "title": "Trail",
            "items": [
                link("Audit trail", "manage_search", "audit.entry"),
                link("Events", "outbox", "events.event"),
                link("Job runs", "schedule", "core.jobrun"),
            ],
        },
    ],
}
