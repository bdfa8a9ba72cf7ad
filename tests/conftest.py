"""What all tests share: someone who acts."""

from collections.abc import Iterator

import pytest

from apps.audit.context import Actor, acting


@pytest.fixture(autouse=True)
def test_actor() -> Iterator[Actor]:
    """Every change of a test is done by the job "test", unless the test says otherwise."""
    actor = Actor.job("test")
    with acting(actor):
        yield actor
