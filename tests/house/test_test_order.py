"""Tests find what migrations put into the database, whatever ran before them."""

import pytest

from apps.accounts.roles import Role
from apps.vat.models import VatRate
from apps.vat.rates import shipped_rates


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "after a flush"])
def test_rates_and_roles_are_there_after_a_test_of_real_transactions(time):
    from django.contrib.auth.models import Group

    assert VatRate.objects.count() == len(shipped_rates())
    assert set(Group.objects.values_list("name", flat=True)) >= {role.value for role in Role}
