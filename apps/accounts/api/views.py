"""What a partner can ask about itself."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Credential


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    provider = serializers.SlugField(source="provider.slug", allow_null=True, default=None)
    scopes = serializers.ListField(child=serializers.ChoiceField(Credential.Scope.choices))

    class Meta:
        model = Credential
        fields = ["name", "prefix", "provider", "operator_party", "scopes", "expires_at"]


class OwnCredentialView(APIView):
    """The credential that asks: whose it is, what it may do, until when."""

    required_scopes = {"GET": ""}

    @extend_schema(responses=CredentialSerializer, operation_id="credential_retrieve")
    def get(self, request: Request) -> Response:
        return Response(CredentialSerializer(cast(Credential, request.auth)).data)
