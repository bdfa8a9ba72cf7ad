"""What is logged shows no secrets."""

import io
import logging.config
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from evcharge import logs


@pytest.fixture(autouse=True)
def configuration_as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail() -> None:
    token = "-".join(["very", "secret"])
    raise ValueError(f"a token of {len(token)} characters is refused")


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
