"""The addresses that peers call; they learn them from /ocpi/versions."""

from django.urls import re_path

from apps.roaming.server.callbacks import ActiveProfileView, ResultView
from apps.roaming.server.configuration import (
    CredentialsView,
    DetailsView,
    UnknownAddressView,
    VersionsView,
)
from apps.roaming.server.receiving import (
    CdrsView,
    CdrView,
    HubClientInfoView,
    LocationsView,
    SessionsView,
    TariffsView,
)
from apps.roaming.server.tokens import AuthorizeView, ForeignTokenView, TokenListView

VERSION = r"(?P<version>\d+(?:\.\d+)*)"
PARTY = r"(?P<country_code>[^/]{1,8})/(?P<party_id>[^/]{1,8})"
OBJECT = rf"{PARTY}/(?P<object_id>[^/]+)"
SPOT = rf"{PARTY}/(?P<location_id>[^/]+)(?:/(?P<evse_uid>[^/]+)(?:/(?P<connector_id>[^/]+))?)?"

# With and without a slash at the end: peers write both.
urlpatterns = [
    re_path(r"^versions/?$", VersionsView.as_view(), name="ocpi-versions"),
    re_path(rf"^{VERSION}/?$", DetailsView.as_view(), name="ocpi-details"),
    re_path(rf"^{VERSION}/credentials/?$", CredentialsView.as_view(), name="ocpi-credentials"),
    re_path(rf"^{VERSION}/locations/{SPOT}/?$", LocationsView.as_view(), name="ocpi-locations"),
    re_path(rf"^{VERSION}/sessions/{OBJECT}/?$", SessionsView.as_view(), name="ocpi-sessions"),
    re_path(rf"^{VERSION}/cdrs/?$", CdrsView.as_view(), name="ocpi-cdrs"),
    re_path(rf"^{VERSION}/cdrs/(?P<reference>[^/]+)/?$", CdrView.as_view(), name="ocpi-cdr"),
    re_path(rf"^{VERSION}/tariffs/{OBJECT}/?$", TariffsView.as_view(), name="ocpi-tariffs"),
    re_path(rf"^{VERSION}/tokens/?$", TokenListView.as_view(), name="ocpi-tokens"),
    re_path(
        rf"^{VERSION}/tokens/(?P<uid>[^/]+)/authorize/?$",
        AuthorizeView.as_view(), name="ocpi-authorize",
    ),
    # Some hubs name the token's party too.
    re_path(
        rf"^{VERSION}/tokens/{PARTY}/(?P<uid>[^/]+)/authorize/?$",
        AuthorizeView.as_view(), name="ocpi-authorize-of-party",
    ),
    re_path(rf"^{VERSION}/tokens/{OBJECT}/?$", ForeignTokenView.as_view(), name="ocpi-token"),
    re_path(
        rf"^{VERSION}/hubclientinfo/{PARTY}/?$",
        HubClientInfoView.as_view(), name="ocpi-hubclientinfo",
    ),
    re_path(
        rf"^{VERSION}/commands/(?P<command>[A-Z_]+)/(?P<secret>[\w-]+)/?$",
        ResultView.as_view(), name="ocpi-result",
    ),
    re_path(
        rf"^{VERSION}/chargingprofiles/(?P<session_id>[^/]+)/?$",
        ActiveProfileView.as_view(), name="ocpi-profile",
    ),
    re_path(r"", UnknownAddressView.as_view()),
]  # fmt: skip
