"""Below /api/v1/."""

from django.urls import path

from apps.tariffs.api.views import TariffNotesView

urlpatterns = [path("tariff-notes/", TariffNotesView.as_view(), name="api-tariff-notes")]
