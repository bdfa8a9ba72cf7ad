"""What is logged shows no secrets, and nobody's card."""

import io
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from django.test import Client, RequestFactory

from evcharge import logs


@pytest.fixture(autouse=True)
def configuration_as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail() -> None:
    token = "-".join(["very", "secret"])
    raise ValueError(f"a token of {len(token)} characters is refused")


@contextmanager
def process_logs(tmp_path: Path, *, as_json: bool = True) -> Iterator[io.StringIO]:
    """What a process of ours would write, with its real configuration."""
    written, root = io.StringIO(), logging.getLogger()
    names = [*logging.root.manager.loggerDict]
    before = {
        name: (logger.level, logger.handlers[:], logger.propagate)
        for name in names
        if isinstance(logger := logging.getLogger(name), logging.Logger)
    }
    root_before = root.level, root.handlers[:]
    config = logs.configure(as_json=as_json, level="INFO", events_file=tmp_path / "events.log")
    _apply(config)
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
    try:
        yield written
    finally:
        root.level, root.handlers[:] = root_before
        for name, (level, handlers, propagate) in before.items():
            logger = logging.getLogger(name)
            logger.level, logger.handlers[:], logger.propagate = level, handlers, propagate


def _apply(config: dict[str, Any]) -> None:
    """As dictConfig(), which would close the handlers that this process has for good."""
    configurator = logging.config.DictConfigurator(config)
    parts = configurator.config
    for name, formatter in parts["formatters"].items():
        parts["formatters"][name] = configurator.configure_formatter(formatter)
    for name, each in parts["filters"].items():
        parts["filters"][name] = configurator.configure_filter(each)
    for name, handler in parts["handlers"].items():
        parts["handlers"][name] = configurator.configure_handler(handler)
        parts["handlers"][name].name = name
    for name, logger in parts["loggers"].items():
        configurator.configure_logger(name, logger)
    configurator.configure_root(parts["root"])


CARD = "04E2F5A2C46D80"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/ocpi/2.2.1/tokens/{CARD}/authorize", "/ocpi/{version}/tokens/{uid}/authorize"),
        (f"/ocpi/2.2.1/tokens/NL/EFL/{CARD}?type=RFID", "/tokens/{country_code}/{party_id}/"),
        (f"/api/v1/cdrs/?contract_id={CARD}", "/api/v1/cdrs/"),
        (f"/ocpi/9.9/cards/{CARD}", "/ocpi/"),
        (f"/nothing/{CARD}", "/nothing/..."),
        (f"/admin/cdrs/cdr/?q={CARD}", "/admin/cdrs/cdr/"),
    ],
)
def test_a_request_is_logged_without_the_card_in_its_address(
    path: str, shown: str, tmp_path: Path
) -> None:
    with process_logs(tmp_path) as written:
        Client().post(path, data="{}", content_type="application/json")
    lines = written.getvalue()
    assert "request_started" in lines
    assert "request_finished" in lines
    assert shown in lines
    assert CARD not in lines


@pytest.mark.parametrize("as_json", [False, True])
def test_what_django_says_of_a_request_names_the_normalized_path(
    as_json: bool, tmp_path: Path
) -> None:
    request = RequestFactory().get(f"/ocpi/2.2.1/tokens/{CARD}/authorize")
    with process_logs(tmp_path, as_json=as_json) as written:
        logging.getLogger("django.request").error("Internal Server Error: %s", request.path,
                                                  extra={"request": request})  # fmt: skip
        logging.getLogger("django.security").warning("Forbidden (%s): %s", "why", request.path,
                                                     extra={"request": request})  # fmt: skip
    assert written.getvalue().count("/ocpi/{version}/tokens/{uid}/authorize") == 2
    assert CARD not in written.getvalue()


def test_an_address_that_we_call_is_not_logged(tmp_path: Path) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with process_logs(tmp_path) as written, httpx.Client(transport=transport) as client:
        client.put(f"https://peer.example/ocpi/2.2.1/tokens/NL/EFL/{CARD}")
    assert written.getvalue() == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_a_logged_exception_shows_no_local_variables(as_json: bool, tmp_path: Path) -> None:
    written = io.StringIO()
    config = logs.configure(as_json=as_json, level="INFO", events_file=tmp_path / "events.log")
    configurator = logging.config.DictConfigurator(config)
    handler = logging.StreamHandler(written)
    handler.setFormatter(configurator.configure_formatter(config["formatters"]["line"]))
    logger = logging.Logger("test of logs")
    logger.addHandler(handler)
    try:
        fail()
    except ValueError:
        logger.exception("failed")
    assert "a token of 11 characters is refused" in written.getvalue()
    assert "in fail" in written.getvalue()
    assert "very-secret" not in written.getvalue()
