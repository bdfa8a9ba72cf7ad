"""All addresses; each app names its own below its prefix."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.core.error_docs import error_docs
from apps.core.views import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("ocpi/", include("apps.roaming.urls")),
    path("admin/vat-report/", include("apps.billing.vat_report_page")),
    path("admin/", admin.site.urls),
    path("operators/simulated/", include("apps.remote_sessions.simulated.door")),
    path("payments/", include("apps.payments.urls")),
    path("", include("apps.portal.urls")),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api-schema", template_name="core/api_docs.html"
        ),
        name="api-docs",
    ),
    path("api/docs/errors", error_docs, name="api-errors"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/", include("apps.accounts.api.urls")),
    path("api/v1/", include("apps.cdrs.api.urls")),
    path("api/v1/", include("apps.tariffs.api.urls")),
    path("api/v1/", include("apps.remote_sessions.api.urls")),
    path("api/v1/", include("apps.billing.api.urls")),
]
