"""Rows updated in bulk are the rows that save() would have written."""

from decimal import Decimal

import pytest
from django.db import IntegrityError

from apps.accounts.models import Provider
from apps.core.updating import update_many
from tests.accounts.factories import AccountFactory, ProviderFactory

# What calls update_many writes the trail; here nothing does.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_trail]


def test_each_row_gets_its_own_values_and_keeps_the_others(django_assert_num_queries):
    rows = ProviderFactory.create_batch(3)
    names = [row.name for row in rows]
    for number, row in enumerate(rows):
        row.host_names, row.retail_price_per_kwh = [f"{number}.é.test"], Decimal(number) / 4
        row.name = "not named"
    with django_assert_num_queries(1):
        assert update_many(rows, ["host_names", "retail_price_per_kwh"]) == 3
    for number, row in enumerate(rows):
        stored = Provider.objects.get(pk=row.pk)
        assert stored.host_names == [f"{number}.é.test"]
        assert stored.retail_price_per_kwh == Decimal(number) / 4
        assert stored.name == names[number]


def test_a_reference_is_named_like_its_field():
    account, other = AccountFactory(), ProviderFactory()
    account.provider = other

    update_many([account], ["provider"])

    account.refresh_from_db()
    assert account.provider_id == other.pk


def test_a_row_that_breaks_a_constraint_is_refused():
    good, double = ProviderFactory.create_batch(2)
    good.slug = "new-slug"
    double.slug = "new-slug"
    with pytest.raises(IntegrityError):
        update_many([good, double], ["slug"])


def test_of_no_rows_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert update_many([], ["name"]) == 0
