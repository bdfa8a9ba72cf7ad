"""The price of a CDR as partners see it."""

from typing import Any

from rest_framework import serializers

from apps.cdrs.models import CDR
from apps.cdrs.services.review import book_for, margin_of, price_cdr
from apps.tariffs.priced import show


class SidesOutput(serializers.Serializer[Any]):
    """An amount with four decimals as text; null where that side of the tax isn't known."""

    excl_vat = serializers.CharField(allow_null=True)
    incl_vat = serializers.CharField(allow_null=True)


class LineOutput(serializers.Serializer[Any]):
    """One volume and what it costs."""

    period = serializers.IntegerField(allow_null=True)
    start_date_time = serializers.DateTimeField(allow_null=True)
    dimension = serializers.CharField()
    part = serializers.CharField(allow_null=True)
    volume = serializers.CharField()
    billed_volume = serializers.CharField(help_text="After step sizes.")
    unit = serializers.CharField(allow_null=True, help_text="kWh or h.")
    tariff_id = serializers.CharField(allow_null=True)
    element = serializers.IntegerField(allow_null=True, help_text="Of the tariff, from 1.")
    price = serializers.CharField(allow_null=True)
    vat = serializers.CharField(allow_null=True, help_text="Per cent.")
    step_size = serializers.IntegerField(allow_null=True, help_text="Wh or seconds.")
    why = serializers.CharField(help_text="Which restrictions held.")
    excl_vat = serializers.CharField(allow_null=True)
    incl_vat = serializers.CharField(allow_null=True)


class PricedOutput(serializers.Serializer[Any]):
    """A price by a tariff."""

    id = serializers.CharField()
    currency = serializers.CharField()
    total_cost = SidesOutput()
    total_energy_cost = SidesOutput(allow_null=True)
    total_time_cost = SidesOutput(allow_null=True)
    total_parking_cost = SidesOutput(allow_null=True)
    total_fixed_cost = SidesOutput(allow_null=True)
    total_reservation_cost = SidesOutput(allow_null=True)
    lines = LineOutput(many=True)
    sent_total_cost = SidesOutput(allow_null=True)
    difference = SidesOutput(allow_null=True, help_text="Sent less ours.")
    differences = serializers.DictField(child=SidesOutput())
    explanation = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField(), help_text="Codes.")
    time_zone = serializers.CharField()


class CdrPriceOutput(serializers.Serializer[Any]):
    """Our price of a CDR, the driver's, and what lies between."""

    purchase = PricedOutput(allow_null=True, help_text="What we owe the operator by its tariff.")
    problem = serializers.CharField(help_text="Why there is no price; empty when there is one.")
    retail = PricedOutput(allow_null=True, help_text="What the driver pays by our tariff.")
    retail_problem = serializers.CharField()
    margin_excl_vat = serializers.CharField(
        allow_null=True, help_text="Retail less what we pay; null where either isn't known."
    )


def show_price(cdr: CDR) -> dict[str, Any]:
    """Computed at this moment from what was sent and from the tariff book."""
    prices = price_cdr(cdr, book_for([cdr]))
    return {
        "purchase": prices.purchase.as_json() if prices.purchase else None,
        "problem": prices.problem,
        "retail": prices.retail.as_json() if prices.retail else None,
        "retail_problem": prices.retail_problem,
        "margin_excl_vat": show(margin_of(cdr, prices)),
    }
