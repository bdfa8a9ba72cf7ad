"""What CDRs and sessions can be searched by (DOMAIN: search)."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from apps.cdrs.models import CDR, ChargingSession
from apps.core.keyset import PARAMETERS


class UuidInFilter(django_filters.BaseInFilter, django_filters.UUIDFilter):
    pass


class StrictFilterSet(django_filters.FilterSet):
    """Refuses parameters that it doesn't know: a misspelt filter must not mean everything."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        known = {*self.filters, *PARAMETERS}
        if unknown := sorted(set(data or {}) - known):
            raise ValidationError(
                {name: [f"Unknown; there are {', '.join(sorted(known))}."] for name in unknown}
            )


class CdrFilter(StrictFilterSet):
    """Texts are compared whole and without case; `q` finds a phrase anywhere."""

    id = UuidInFilter(help_text="One or more ids, with commas.")
    cdr_id = django_filters.CharFilter(lookup_expr="iexact")
    external_id = django_filters.CharFilter(lookup_expr="iexact")
    contract_id = django_filters.CharFilter(lookup_expr="iexact")
    evse_id = django_filters.CharFilter(lookup_expr="iexact")
    session_id = django_filters.CharFilter()
    country_code = django_filters.CharFilter(lookup_expr="iexact")
    party_id = django_filters.CharFilter(lookup_expr="iexact")
    source = django_filters.MultipleChoiceFilter(choices=CDR.Source.choices)
    status = django_filters.MultipleChoiceFilter(choices=CDR.Status.choices)
    held = django_filters.BooleanFilter(field_name="is_held")
    credit = django_filters.BooleanFilter(field_name="is_credit")
    currency = django_filters.CharFilter(lookup_expr="iexact")
    cost = django_filters.NumberFilter(
        field_name="total_cost_excl_vat", help_text="Total cost excluding VAT, exactly."
    )
    cost_min = django_filters.NumberFilter(field_name="total_cost_excl_vat", lookup_expr="gte")
    cost_max = django_filters.NumberFilter(field_name="total_cost_excl_vat", lookup_expr="lte")
    ended_from = django_filters.IsoDateTimeFilter(
        field_name="ended_at", lookup_expr="gte", help_text="ISO 8601."
    )
    ended_before = django_filters.IsoDateTimeFilter(
        field_name="ended_at", lookup_expr="lt", help_text="ISO 8601, exclusive."
    )
    q = django_filters.CharFilter(
        method="filter_phrase",
        help_text="A phrase in the CDR id, external id, contract id, EVSE id, source, status or "
        "location name, without case; all characters mean themselves.",
    )

    def filter_phrase(self, queryset: Any, name: str, value: str) -> QuerySet[CDR]:
        matching: QuerySet[CDR] = queryset.matching(value)
        return matching


class SessionFilter(StrictFilterSet):
    session_id = django_filters.CharFilter(lookup_expr="iexact")
    contract_id = django_filters.CharFilter(lookup_expr="iexact")
    evse_id = django_filters.CharFilter(lookup_expr="iexact")
    status = django_filters.MultipleChoiceFilter(choices=ChargingSession.Status.choices)
    started_from = django_filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="gte")
    started_before = django_filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="lt")
