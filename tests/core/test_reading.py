"""A row read by its key is the row that a QuerySet would have read."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Provider
from apps.core.reading import read_locked
from tests.accounts.factories import ProviderFactory
from tests.audit.inventory import FACTORIES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", list(FACTORIES), ids=lambda model: model._meta.label)
def test_all_values_are_those_of_a_queryset(model):
    record = FACTORIES[model]()
    assert read_locked(model, record.pk) == model._base_manager.filter(pk=record.pk).values().get()


def test_row_that_is_not_there_is_said_so():
    with pytest.raises(Provider.DoesNotExist):
        read_locked(Provider, uuid4())


def test_row_is_locked_where_the_database_locks_rows():
    provider = ProviderFactory()
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        read_locked(Provider, provider.pk)
    [query] = asked
    assert query["sql"].endswith("FOR NO KEY UPDATE") is (connection.vendor == "postgresql")
