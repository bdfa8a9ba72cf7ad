"""The world of a story, with an operator that answers as told."""

from collections.abc import Iterator

import pytest

from tests.remote_sessions.factories import World, end_world, make_world


@pytest.fixture
def world(db) -> Iterator[World]:
    made = make_world()
    yield made
    end_world(made)
