"""The project's addresses and one view to knock at: what it does, it counts."""

from django.urls import include, path
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.idempotency import idempotent
from apps.accounts.models import Provider
from tests.accounts.factories import ProviderFactory


class ProvidersView(APIView):
    required_scopes = {"POST": "cdrs:write"}

    @idempotent
    def post(self, request):
        if request.data.get("name") == "":
            raise ValidationError({"name": "empty"})
        if request.data.get("name") == "Crash":
            raise RuntimeError("the machine breaks down")
        provider = ProviderFactory(name=request.data.get("name", "Ampere"))
        return Response(
            {"id": provider.pk, "providers": Provider.objects.count()},
            status=201, headers={"Location": f"/providers/{provider.pk}"},
        )  # fmt: skip


class UndeclaredView(APIView):
    def get(self, request):
        return Response({})


urlpatterns = [
    path("", include("evcharge.urls")),
    path("test/providers/", ProvidersView.as_view()),
    path("test/undeclared/", UndeclaredView.as_view()),
]
