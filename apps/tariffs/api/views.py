"""`/api/v1/tariff-notes/`: what drivers should know about prices."""

from typing import Any, Final, cast

from django.utils import timezone
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Credential
from apps.core.errors import NotFound
from apps.core.problems import ProblemSerializer
from apps.locations.models import Location, Operator
from apps.tariffs.models import TariffNote
from apps.tariffs.services import NoteWanted, find_notes

# Notes change by days; an app that draws many stations needn't ask for each.
KEPT_SECONDS: Final = 300


class PartyNotFound(NotFound):
    """The operator or location that notes are asked of isn't known."""

    code = "PARTY_NOT_FOUND"


class NotesQuery(serializers.Serializer[Any]):
    """Which notes are wanted."""

    operator = serializers.CharField(required=False, help_text="OCPI party: NL*EFL.")
    location = serializers.CharField(
        required=False, help_text="The operator's id of the location; needs `operator`."
    )
    language = serializers.RegexField(r"^[a-z]{2}$", required=False, help_text="ISO 639-1: en.")
    channel = serializers.ChoiceField(TariffNote.Channel.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("location") and not attrs.get("operator"):
            raise serializers.ValidationError({"operator": ["Needed with `location`."]})
        return attrs


class TariffNoteOutput(serializers.ModelSerializer[TariffNote]):
    operator = serializers.CharField(source="operator.party")
    location = serializers.CharField(source="location.location_id", allow_null=True, default=None)
    tariff = serializers.CharField(source="tariff.tariff_id", allow_null=True, default=None)

    class Meta:
        model = TariffNote
        fields = [
            "id", "operator", "location", "tariff", "channel", "language", "text", "priority",
            "active_from", "active_to",
        ]  # fmt: skip


class TariffNotesView(APIView):
    """Notes to show to drivers today, the most important first."""

    required_scopes = {"GET": "tariffs:read"}

    @extend_schema(
        operation_id="tariff_notes_list",
        parameters=[
            OpenApiParameter("operator", str, description="OCPI party: NL*EFL."),
            OpenApiParameter("location", str, description="The operator's id of the location."),
            OpenApiParameter("language", str, description="ISO 639-1: en."),
            OpenApiParameter("channel", str, enum=[str(name) for name in TariffNote.Channel]),
        ],
        responses={
            200: TariffNoteOutput(many=True),
            400: ProblemSerializer,
            404: ProblemSerializer,
        },
    )
    def get(self, request: Request) -> Response:
        query = NotesQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = _wanted(query.validated_data, cast(Credential, request.auth))
        notes = find_notes(wanted=wanted, today=timezone.now().date())
        response = Response(TariffNoteOutput(notes, many=True).data)
        response["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
        patch_vary_headers(response, ["Authorization"])
        return response


def _wanted(asked: dict[str, str], credential: Credential) -> NoteWanted:
    """Raises PartyNotFound."""
    operator = location = None
    if party := asked.get("operator"):
        country, _, party_id = party.partition("*")
        operator = Operator.objects.filter(
            country_code__iexact=country, party_id__iexact=party_id
        ).first()
        if operator is None:
            raise PartyNotFound(f"There is no operator {party}.")
    if name := asked.get("location"):
        location = Location.objects.filter(operator=operator, location_id__iexact=name).first()
        if location is None:
            raise PartyNotFound(f"There is no location {name} of this operator.")
    return NoteWanted(
        operator=operator,
        location=location,
        language=asked.get("language", ""),
        channel=asked.get("channel", ""),
        provider=credential.provider,
    )
