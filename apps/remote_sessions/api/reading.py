"""What partners and apps send."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.accounts.models import Provider
from apps.remote_sessions.services import Preauthorization
from apps.remote_sessions.services.finding import find_connector, find_evse, find_token


class PreauthorizationInput(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=15, decimal_places=3, min_value=Decimal("0.001"))
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217: EUR.")
    payment_method = serializers.CharField(
        max_length=100, help_text="The payment service provider's token of the card or wallet."
    )
    customer_reference = serializers.CharField(max_length=100, required=False, default="")


class StartInput(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=36, help_text="Contract id or uid of a token.")
    evse_id = serializers.CharField(
        max_length=48, help_text="EVSE id (NL*EFL*E0012*1), or the operator's uid."
    )
    location_id = serializers.CharField(
        max_length=36, required=False, default="", help_text="Needed when `evse_id` is a uid."
    )
    connector_id = serializers.CharField(max_length=36, required=False, default="")
    preauthorization = PreauthorizationInput(
        required=False, allow_null=True, default=None,
        help_text="Blocked before the start; captured up to it afterwards.",
    )  # fmt: skip

    def wish(self, provider: Provider) -> dict[str, Any]:
        """The arguments of `request_start`. Raises what the lookups raise."""
        values = self.validated_data
        evse = find_evse(text=values["evse_id"], location_id=values["location_id"])
        blocked = values["preauthorization"]
        return {
            "provider": provider,
            "token": find_token(text=values["token"], provider=provider),
            "evse": evse,
            "connector": find_connector(evse=evse, text=values["connector_id"]),
            "preauthorization": Preauthorization(**blocked) if blocked else None,
        }


class StopInput(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)
