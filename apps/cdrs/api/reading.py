"""A posted body as a CdrMessage."""

from typing import Any

from rest_framework import serializers

from apps.cdrs.messages import CdrMessage, Price


class ExactDecimalField(serializers.DecimalField):
    """A JSON number or its text, every digit kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **kwargs)


class TextField(serializers.CharField):
    """Optional text, kept as sent; its length is judged with the rest of the form."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("default", "")
        super().__init__(allow_blank=True, trim_whitespace=False, **kwargs)


class RequiredTextField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)


class PriceInput(serializers.Serializer[Price]):
    """An amount in the CDR's currency."""

    excl_vat = ExactDecimalField(required=False, allow_null=True, default=None)
    incl_vat = ExactDecimalField(required=False, allow_null=True, default=None)

    def to_internal_value(self, data: Any) -> Price:
        return Price(**super().to_internal_value(data))


class LocationInput(serializers.Serializer[dict[str, str]]):
    """Where it was charged, as the operator knows it."""

    id = TextField(help_text="The operator's id of the location.")
    name = TextField()
    country = TextField(help_text="ISO 3166-1 alpha-2: NL, GB.")
    postcode = TextField()
    time_zone = TextField(help_text="IANA name: Europe/Amsterdam.")


class CdrInput(serializers.Serializer[CdrMessage]):
    """A charge detail record as an operator or a provider posts it."""

    country_code = RequiredTextField(help_text="Of the operator: NL.")
    party_id = RequiredTextField(help_text="Of the operator: EFL.")
    cdr_id = RequiredTextField(help_text="Unique at the operator, whatever the case of letters.")
    external_id = TextField()
    session_id = TextField()
    authorization_reference = TextField()
    contract_id = TextField(help_text="Of the token: NL-EFL-C00000001-X.")
    token_uid = TextField(help_text="What the station read.")
    location = LocationInput(required=False)
    evse_uid = TextField()
    evse_id = TextField(help_text="eMI3 form: NL*EFL*E0012*1.")
    connector_id = TextField()
    power_type = TextField(help_text="As OCPI: AC_1_PHASE, AC_3_PHASE, DC.")
    started_at = serializers.DateTimeField(help_text="ISO 8601; without a zone it is UTC.")
    ended_at = serializers.DateTimeField()
    kwh = ExactDecimalField(help_text="Energy in kWh.")
    currency = RequiredTextField(help_text="ISO 4217: EUR.")
    total_cost = PriceInput(required=False, default=Price())
    energy_cost = PriceInput(required=False, default=Price())
    time_cost = PriceInput(required=False, default=Price())
    parking_cost = PriceInput(required=False, default=Price())
    fixed_cost = PriceInput(required=False, default=Price())
    reservation_cost = PriceInput(required=False, default=Price())
    charging_periods = serializers.ListField(
        child=serializers.DictField(), required=False, default=list,
        help_text="As OCPI: start_date_time, dimensions of type and volume, tariff_id.",
    )  # fmt: skip
    tariffs = serializers.ListField(
        child=serializers.DictField(), required=False, default=list, help_text="As OCPI tariffs."
    )
    is_credit = serializers.BooleanField(
        required=False, default=False, help_text="Takes an earlier CDR back: a negative cost."
    )
    credit_reference_id = TextField(help_text="The CDR id that a credit takes back.")
    remark = TextField()

    def message(self, *, raw: str) -> CdrMessage:
        """What was posted; `raw` is the body as it came."""
        values = dict(self.validated_data)
        place = values.pop("location", {})
        values.update({f"location_{name}": text for name, text in place.items()})
        return CdrMessage(**values, raw=raw)
