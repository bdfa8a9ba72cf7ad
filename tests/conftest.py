"""What all tests share: someone who acts, and tables that can be emptied after a test."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from apps.audit.context import Actor, acting
from apps.core import triggers
from tests.audit import completeness, watching
from tests.audit.wholeness import faults


def pytest_configure() -> None:
    settings.TRIGGERS_MAY_BE_LIFTED = True
    # A million rounds for each member of staff that a test makes would be a tenth of its time.
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"
    settings.PASSWORD_HASHERS = [quick, *settings.PASSWORD_HASHERS]
    # Each test process counts for itself: a shared cache would be emptied by another one's tests.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    _lift_triggers_while_tables_are_emptied()
    watching.watch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a server runs when the environment names one."""
    for item in items:
        for marker, name in (("redis", "REDIS_URL"), ("nats", "NATS_URL")):
            if item.get_closest_marker(marker) and not os.environ.get(name):
                item.add_marker(pytest.mark.skip(reason=f"{name} is not set"))


def _lift_triggers_while_tables_are_emptied() -> None:
    """Tests of real transactions end with a flush, which append-only tables would refuse.

    It brings the VAT rates again, as each migrate does.
    """
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


@pytest.fixture(autouse=True)
def whole_trail(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test with a database, the trail tells of all that the test changed.

    Tests that break it on purpose say so with the marker `breaks_trail`.
    """
    uses_database = request.node.get_closest_marker("django_db") or (
        {"db", "transactional_db"} & set(request.fixturenames)
    )
    if not uses_database or request.node.get_closest_marker("breaks_trail"):
        yield
        return
    # Asked for first, so that the tables are looked at before they are emptied.
    request.getfixturevalue("_django_db_helper")
    watching.walking.clear()
    yield
    if not connection.needs_rollback:
        found = list(faults())
        assert not found, "\n".join(found[:20])
        watching.walked.update(watching.walking)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A full run fails when something that writes was walked through by no watched test."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["walked"] = sorted(watching.walked)
    elif _is_full_run(session) and list(completeness.forgotten(watching.walked)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist is done: what it walked through counts too."""
    watching.walked.update(getattr(node, "workeroutput", {}).get("walked", ()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _is_full_run(terminalreporter._session):
        for line in completeness.forgotten(watching.walked):
            terminalreporter.write_line(f"FORGOTTEN by the walk of the trail: {line}", red=True)


def _is_full_run(session: pytest.Session) -> bool:
    """All tests, none of them failed; a part of them walks through a part."""
    options = session.config.option
    return (
        session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not (options.keyword or options.markexpr or session.testsfailed)
        and session.testscollected > 0
    )
