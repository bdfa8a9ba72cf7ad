"""Below /api/v1/."""

from django.urls import path

from apps.accounts.api.views import OwnCredentialView

urlpatterns = [path("credential/", OwnCredentialView.as_view(), name="api-credential")]
