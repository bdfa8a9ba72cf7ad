"""Rows inserted in bulk are the rows that save() would have written."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.utils import timezone

from apps.accounts.models import Provider
from apps.core.inserting import insert_many
from tests.accounts.factories import ProviderFactory

pytestmark = pytest.mark.django_db


def test_inserted_rows_read_like_saved_ones(django_assert_num_queries):
    before = timezone.now()
    built = ProviderFactory.build_batch(
        3, host_names=["a.test", "é"], retail_price_per_kwh=Decimal("0.35"), iban=""
    )
    with django_assert_num_queries(1):
        insert_many(built)
    for one in built:
        stored = Provider.objects.get(pk=one.pk)
        assert not one._state.adding
        assert stored.host_names == ["a.test", "é"]
        assert stored.retail_price_per_kwh == Decimal("0.35")
        assert before <= stored.created_at <= timezone.now()


def test_nothing_is_inserted_of_rows_that_break_a_constraint():
    good, double = ProviderFactory.build_batch(2)
    double.slug = good.slug
    with pytest.raises(IntegrityError):
        insert_many([good, double])


def test_of_no_rows_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_many([])
