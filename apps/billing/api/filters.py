"""What invoices can be searched by."""

import django_filters

from apps.billing.models import Invoice
from apps.cdrs.api.filters import StrictFilterSet


class InvoiceFilter(StrictFilterSet):
    """Texts are compared whole and without case."""

    number = django_filters.CharFilter(lookup_expr="iexact")
    account = django_filters.CharFilter(
        field_name="account__number", lookup_expr="iexact", help_text="Customer number."
    )
    kind = django_filters.MultipleChoiceFilter(choices=Invoice.Kind.choices)
    currency = django_filters.CharFilter(lookup_expr="iexact")
    tax_country = django_filters.CharFilter(lookup_expr="iexact")
    issued_from = django_filters.DateFilter(field_name="issue_date", lookup_expr="gte")
    issued_before = django_filters.DateFilter(
        field_name="issue_date", lookup_expr="lt", help_text="Exclusive."
    )
    period_start = django_filters.DateFilter()
