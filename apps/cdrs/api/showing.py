"""CDRs and sessions as partners see them."""

from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.cdrs.canonical import number
from apps.cdrs.models import CDR, ChargingSession


@extend_schema_field(OpenApiTypes.DECIMAL)
class DigitsField(serializers.Field[Decimal, Any, str, Any]):
    """A number as text, without the zeros that a column adds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> str:
        return number(value)


class PriceOutput(serializers.Serializer[CDR]):
    """One cost as sent, from its two columns."""

    excl_vat = DigitsField(allow_null=True)
    incl_vat = DigitsField(allow_null=True)

    def __init__(self, part: str, **kwargs: Any) -> None:
        super().__init__(source="*", read_only=True, **kwargs)
        self.part = part

    def to_representation(self, instance: CDR) -> dict[str, Any]:
        sides = {
            side: getattr(instance, f"{self.part}_{side}") for side in ("excl_vat", "incl_vat")
        }
        return {side: None if value is None else number(value) for side, value in sides.items()}


class LocationOutput(serializers.Serializer[CDR]):
    id = serializers.CharField(source="location_id_sent")
    name = serializers.CharField(source="location_name")
    country = serializers.CharField(source="location_country")
    postcode = serializers.CharField(source="location_postcode")
    time_zone = serializers.CharField(source="location_time_zone")


class HoldReasonOutput(serializers.Serializer[dict[str, str]]):
    code = serializers.CharField()
    message = serializers.CharField()


# What an operator may see of a CDR that it sent.
PEER_FIELDS = [
    "id", "country_code", "party_id", "cdr_id", "external_id", "session_id",
    "authorization_reference", "source", "status", "status_changed_at", "rejection_reason",
    "contract_id", "token_uid", "location", "evse_uid", "evse_id", "connector_id", "power_type",
    "started_at", "ended_at", "kwh", "currency", "total_cost", "is_credit",
    "credit_reference_id", "created_at",
]  # fmt: skip
PROVIDER_FIELDS = [
    *PEER_FIELDS, "provider", "account", "is_held", "hold_reasons", "computed_cost_excl_vat",
    "reviewed_cost_excl_vat", "retail_cost_excl_vat",
]  # fmt: skip
DETAIL_FIELDS = [
    "energy_cost", "time_cost", "parking_cost", "fixed_cost", "reservation_cost",
    "charging_periods", "tariffs", "remark",
]  # fmt: skip


class PeerCdrListItem(serializers.ModelSerializer[CDR]):
    """In a list for a roaming peer: its own CDRs, without our customer and our prices."""

    location = LocationOutput(source="*")
    kwh = DigitsField()
    total_cost = PriceOutput("total_cost")

    class Meta:
        model = CDR
        fields = PEER_FIELDS


class CdrListItem(PeerCdrListItem):
    """In a list; the detail has the periods, tariffs and parts of the cost."""

    provider = serializers.SlugField(source="provider.slug", allow_null=True, default=None)
    account = serializers.CharField(
        source="account.number", allow_null=True, default=None, help_text="Customer number."
    )
    hold_reasons = HoldReasonOutput(many=True, read_only=True)
    computed_cost_excl_vat = DigitsField(allow_null=True)
    reviewed_cost_excl_vat = DigitsField(allow_null=True)
    retail_cost_excl_vat = DigitsField(allow_null=True)

    class Meta:
        model = CDR
        fields = PROVIDER_FIELDS


class _Parts(serializers.Serializer[CDR]):
    energy_cost = PriceOutput("energy_cost")
    time_cost = PriceOutput("time_cost")
    parking_cost = PriceOutput("parking_cost")
    fixed_cost = PriceOutput("fixed_cost")
    reservation_cost = PriceOutput("reservation_cost")


class PeerCdrDetail(_Parts, PeerCdrListItem):
    """One CDR for a roaming peer."""

    class Meta:
        model = CDR
        fields = [*PEER_FIELDS, *DETAIL_FIELDS]


class CdrDetail(_Parts, CdrListItem):
    """One CDR with everything that was sent, and what we made of it."""

    class Meta:
        model = CDR
        fields = [*PROVIDER_FIELDS, *DETAIL_FIELDS]


class SessionOutput(serializers.ModelSerializer[ChargingSession]):
    """A live session as the operator last told it."""

    provider = serializers.SlugField(source="provider.slug", allow_null=True, default=None)
    account = serializers.CharField(source="account.number", allow_null=True, default=None)
    location_id = serializers.CharField(source="location_id_sent")
    kwh = DigitsField()
    total_cost = PriceOutput("total_cost")

    class Meta:
        model = ChargingSession
        fields = [
            "id", "country_code", "party_id", "session_id", "status", "provider", "account",
            "contract_id", "token_uid", "location_id", "evse_uid", "evse_id", "connector_id",
            "authorization_reference", "started_at", "ended_at", "kwh", "currency", "total_cost",
            "last_updated",
        ]  # fmt: skip
