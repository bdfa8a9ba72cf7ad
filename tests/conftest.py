"""What all tests share: someone who acts, and tables that can be emptied after a test."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import TransactionTestCase

from apps.audit.context import Actor, acting
from apps.core import triggers


def pytest_configure() -> None:
    settings.TRIGGERS_MAY_BE_LIFTED = True
    # Each test process counts for itself: a shared cache would be emptied by another one's tests.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    _lift_triggers_while_tables_are_emptied()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a server runs when the environment names one."""
    for item in items:
        for marker, name in (("redis", "REDIS_URL"), ("nats", "NATS_URL")):
            if item.get_closest_marker(marker) and not os.environ.get(name):
                item.add_marker(pytest.mark.skip(reason=f"{name} is not set"))


def _lift_triggers_while_tables_are_emptied() -> None:
    """Tests of real transactions end with a flush, which append-only tables would refuse."""
    teardown = TransactionTestCase._fixture_teardown

    def lifted_teardown(case: Any) -> None:
        with triggers.lifted():
            teardown(case)

    TransactionTestCase._fixture_teardown = lifted_teardown


@pytest.fixture(autouse=True)
def test_actor() -> Iterator[Actor]:
    """Every change of a test is done by the job "test", unless the test says otherwise."""
    actor = Actor.job("test")
    with acting(actor):
        yield actor
