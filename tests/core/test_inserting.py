"""Rows inserted in bulk are the rows that save() would have written."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Provider
from apps.core.inserting import insert_many, insert_numbered, insert_together
from apps.events.models import Event
from tests.accounts.factories import ProviderFactory

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_trail]


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


def test_rows_of_several_models_come_together(django_assert_max_num_queries):
    provider, event = ProviderFactory.build(), an_event("a")
    with django_assert_max_num_queries(2):
        insert_together(provider, event)
    assert not provider._state.adding
    assert Provider.objects.get().name == provider.name
    assert Event.objects.get().data == event.data


def test_one_row_that_breaks_a_constraint_keeps_the_others_out():
    ProviderFactory(slug="taken")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_together(an_event("a"), ProviderFactory.build(slug="taken"))
    assert not Event.objects.exists()


def test_number_is_the_next_of_its_own_kind():
    numbers = []
    for subject in ("a", "b", "a", "a"):
        event = an_event(subject)
        insert_numbered(event, number="sequence", among=("aggregate_type", "aggregate_id"))
        assert Event.objects.get(pk=event.pk).sequence == event.sequence
        numbers.append((subject, event.sequence))
    assert numbers == [("a", 1), ("b", 1), ("a", 2), ("a", 3)]


def an_event(subject):
    return Event(
        type="x.happened", aggregate_type="x.y", aggregate_id=subject, sequence=1,
        data={"n": 1, "é": "%s"}, occurred_at=timezone.now(),
    )  # fmt: skip
