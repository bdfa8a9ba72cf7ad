"""`/api/v1/cdrs/` and `/api/v1/sessions/`: each method is one call of a service."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.idempotency import idempotent
from apps.cdrs.api import examples
from apps.cdrs.api.filters import CdrFilter, SessionFilter
from apps.cdrs.api.pricing import CdrPriceOutput, show_price
from apps.cdrs.api.reading import CdrInput
from apps.cdrs.api.showing import (
    CdrDetail,
    CdrListItem,
    PeerCdrDetail,
    PeerCdrListItem,
    SessionOutput,
)
from apps.cdrs.api.visibility import check_party, check_reviewer, provider_of, visible
from apps.cdrs.models import CDR, ChargingSession
from apps.cdrs.services import accept_cdr, receive_cdr, reject_cdr
from apps.core.keyset import KeysetPagination
from apps.core.problems import ProblemSerializer

PROBLEMS = {400: ProblemSerializer, 403: ProblemSerializer, 409: ProblemSerializer}


class AcceptInput(serializers.Serializer[Any]):
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="Needed when the CDR is held."
    )


class RejectInput(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="Told to the operator.")


@extend_schema_view(
    list=extend_schema(operation_id="cdrs_search", responses=CdrListItem(many=True)),
    retrieve=extend_schema(responses={200: CdrDetail, 404: ProblemSerializer}),
)
class CdrViewSet(viewsets.ReadOnlyModelViewSet[CDR]):
    """Charge detail records: post them, search them, and, as a provider, review them."""

    queryset = CDR.objects.live().select_related("provider", "account")
    serializer_class = CdrDetail
    pagination_class = KeysetPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = CdrFilter
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    required_scopes = {
        "GET": "cdrs:read",
        "POST": "cdrs:write",
        "accept": "cdrs:review",
        "reject": "cdrs:review",
    }
    default_sort = "-ended_at"
    sortable_fields = (
        "ended_at", "started_at", "created_at", "id", "cdr_id", "external_id", "contract_id",
        "evse_id", "source", "status", "location_name", "kwh", "total_cost_excl_vat",
        "currency", "country_code", "party_id",
    )  # fmt: skip

    def get_queryset(self) -> QuerySet[CDR]:
        if getattr(self, "swagger_fake_view", False):
            return CDR.objects.none()
        rows = visible(self.queryset.all(), self.request).defer("raw", "search_text")
        return rows.defer("charging_periods", "tariffs") if self.action == "list" else rows

    def get_serializer_class(self) -> type[serializers.BaseSerializer[CDR]]:
        is_peer = self.request.auth is not None and provider_of(self.request) is None
        if self.action == "list":
            return PeerCdrListItem if is_peer else CdrListItem
        return PeerCdrDetail if is_peer else CdrDetail

    @extend_schema(
        request=CdrInput,
        responses={201: CdrDetail, 413: ProblemSerializer, **PROBLEMS},
        examples=[examples.POST_CDR, examples.CONFLICT],
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Post a CDR. The same content again gets the same answer; other content under the same
        id is refused (409, CDR_CONFLICT). An odd CDR is stored and held for our staff."""
        form = CdrInput(data=request.data)
        form.is_valid(raise_exception=True)
        message = form.message(raw=request._request.body.decode())
        check_party(message, request)
        receipt = receive_cdr(
            message=message,
            source=CDR.Source.MANUAL,
            provider=provider_of(request),
            now=timezone.now(),
        )
        address = request.build_absolute_uri(reverse("api-cdr-detail", args=[receipt.cdr.pk]))
        return Response(
            self.get_serializer(receipt.cdr).data, status=201, headers={"Location": address}
        )

    @extend_schema(responses={200: CdrPriceOutput, 403: ProblemSerializer, 404: ProblemSerializer})
    @action(detail=True, methods=["get"])
    def price(self, request: Request, pk: str) -> Response:
        """What the CDR costs by its tariff, line by line, why the sent total differs, and what
        the driver pays beside it. Nothing is changed."""
        check_reviewer(request)
        return Response(show_price(self.get_object()))

    @extend_schema(
        request=AcceptInput, responses={200: CdrDetail, **PROBLEMS}, examples=[examples.WRONG_MOVE]
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """We owe this. An accepted CDR stays as it is; a held one needs a reason."""
        check_reviewer(request)
        form = AcceptInput(data=request.data)
        form.is_valid(raise_exception=True)
        cdr = self.get_object()
        accept_cdr(cdr=cdr, now=timezone.now(), reason=form.validated_data["reason"])
        return Response(self.get_serializer(cdr).data)

    @extend_schema(
        request=RejectInput, responses={200: CdrDetail, **PROBLEMS}, examples=[examples.WRONG_MOVE]
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """We don't owe this, for the reason given. Final."""
        check_reviewer(request)
        form = RejectInput(data=request.data)
        form.is_valid(raise_exception=True)
        cdr = self.get_object()
        reject_cdr(cdr=cdr, reason=form.validated_data["reason"], now=timezone.now())
        return Response(self.get_serializer(cdr).data)


class SessionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ChargingSession]
):
    """Live charging sessions, as operators send them."""

    queryset = ChargingSession.objects.live().select_related("provider", "account")
    serializer_class = SessionOutput
    pagination_class = KeysetPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = SessionFilter
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    required_scopes = {"GET": "sessions:read"}
    default_sort = "-started_at"
    sortable_fields = ("started_at", "last_updated", "session_id", "status", "kwh", "id")

    def get_queryset(self) -> QuerySet[ChargingSession]:
        if getattr(self, "swagger_fake_view", False):
            return ChargingSession.objects.none()
        rows: QuerySet[ChargingSession] = visible(self.queryset.all(), self.request)
        return rows
