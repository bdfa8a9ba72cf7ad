"""Two processes that hear of an operator at the same moment add it once."""

import threading
from typing import Any

import pytest
from django.db import connection

from apps.audit.context import Actor, acting
from apps.audit.models import Entry
from apps.locations import publishing
from apps.locations.models import Operator
from apps.locations.publishing import get_or_add_operator

AT_ONCE = 4


@pytest.mark.django_db(transaction=True)
def test_an_operator_that_several_add_at_once_is_added_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = threading.Barrier(AT_ONCE)
    first_look = threading.local()
    find = publishing._find_operator

    def find_together(*party: str) -> Any:
        """Nobody adds it before all have seen that it is not there."""
        found = find(*party)
        if not getattr(first_look, "done", False):
            first_look.done = True
            looked.wait(timeout=20)
        return found

    monkeypatch.setattr(publishing, "_find_operator", find_together)
    got: list[Any] = []

    def add() -> None:
        try:
            with acting(Actor.job("test")):
                operator = get_or_add_operator(country_code="nl", party_id="new", name="New")
                got.append(operator.pk)
        except Exception as error:
            got.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [Operator.objects.get().pk] * AT_ONCE
    assert Entry.objects.filter(activity="added operator").count() == 1
