"""`/api/v1/remote-sessions/`: start, stop, get, list; each is one call of a service."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.idempotency import HEADER, idempotent
from apps.accounts.models import Credential, Provider
from apps.core.errors import DomainError
from apps.core.problems import ProblemSerializer
from apps.remote_sessions.api.reading import StartInput, StopInput
from apps.remote_sessions.api.showing import RemoteSessionDetail, RemoteSessionOutput
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services import request_start, request_stop
from apps.remote_sessions.states import State

PROBLEMS = {
    400: ProblemSerializer, 403: ProblemSerializer, 404: ProblemSerializer,
    409: ProblemSerializer, 422: ProblemSerializer,
}  # fmt: skip


class ForProvidersOnly(DomainError):
    """A roaming peer does not start charges through us."""

    code = "FOR_PROVIDERS_ONLY"
    http_status = 403


class RemoteSessionFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=State.choices)
    contract_id = filters.CharFilter(field_name="token__contract_id", lookup_expr="iexact")
    evse_id = filters.CharFilter(field_name="evse__evse_id", lookup_expr="iexact")
    requested_after = filters.IsoDateTimeFilter(field_name="requested_at", lookup_expr="gte")
    requested_before = filters.IsoDateTimeFilter(field_name="requested_at", lookup_expr="lt")


@extend_schema_view(
    list=extend_schema(responses=RemoteSessionOutput(many=True)),
    retrieve=extend_schema(responses={200: RemoteSessionDetail, 404: ProblemSerializer}),
)
class RemoteSessionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[RemoteSession]
):
    """Charges that your drivers start at other companies' stations."""

    serializer_class = RemoteSessionOutput
    filter_backends = [filters.DjangoFilterBackend]
    filterset_class = RemoteSessionFilter
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    required_scopes = {"GET": "sessions:read", "POST": "sessions:write"}

    def get_queryset(self) -> QuerySet[RemoteSession]:
        if getattr(self, "swagger_fake_view", False):
            return RemoteSession.objects.none()
        related = (
            "token",
            "evse",
            "connector",
            "location",
            "operator",
            "session",
            "cdr",
            "payment",
        )
        rows: QuerySet[RemoteSession] = RemoteSession.objects.of_provider(provider_of(self.request))
        return rows.select_related(*related)

    def get_serializer_class(self) -> type[RemoteSessionOutput]:
        return RemoteSessionOutput if self.action == "list" else RemoteSessionDetail

    @extend_schema(
        request=StartInput,
        responses={201: RemoteSessionDetail, 200: RemoteSessionDetail, **PROBLEMS},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Start a charge. The command has gone to the operator when this answers; whether it
        charges is told by `state`. Send an `Idempotency-Key`: a repeated tap starts one charge."""
        form = StartInput(data=request.data)
        form.is_valid(raise_exception=True)
        started = request_start(
            **form.wish(provider_of(request)), now=timezone.now(),
            idempotency_key=request.headers.get(HEADER, "")[:100],
        )  # fmt: skip
        shown = self.get_queryset().get(pk=started.remote_session.pk)
        address = request.build_absolute_uri(reverse("api-remote-session-detail", args=[shown.pk]))
        return Response(
            RemoteSessionDetail(shown).data, status=201 if started.created else 200,
            headers={"Location": address},
        )  # fmt: skip

    @extend_schema(request=StopInput, responses={200: RemoteSessionDetail, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Stop a charge; before a session came, the start is cancelled. An accepted stop has not
        stopped yet: `state` is STOPPING until the CDR comes."""
        form = StopInput(data=request.data)
        form.is_valid(raise_exception=True)
        remote_session = self.get_object()
        request_stop(
            remote_session_id=remote_session.pk, by=RemoteSession.StopBy.DRIVER,
            reason=form.validated_data["reason"], now=timezone.now(),
        )  # fmt: skip
        shown = self.get_queryset().get(pk=remote_session.pk)
        return Response(RemoteSessionDetail(shown).data)


def provider_of(request: Any) -> Provider:
    """The provider of the credential. Raises ForProvidersOnly for a roaming peer."""
    credential = request.auth
    assert isinstance(credential, Credential)  # noqa: S101 - HasScope let no other in
    if credential.provider is None:
        raise ForProvidersOnly("Charges are started by providers, not by roaming peers.")
    provider: Provider = credential.provider
    return provider
