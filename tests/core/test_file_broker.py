"""The broker of files: what a worker finds there is whole."""

import os
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from apps.core import file_broker
from evcharge.celery import app


def test_a_message_is_not_to_be_had_before_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that reads half a message ends, and nothing is worked on any more."""
    folders = {name: str(tmp_path) for name in ("data_folder_in", "data_folder_out")}
    with app.connection_for_write("filesystem://localhost/") as connection:
        assert isinstance(connection.transport, file_broker.Transport)
        connection = connection.clone(transport_options=folders)
        channel = connection.default_channel
        before: list[str] = []

        def finish(unfinished: Path, ready: Path) -> None:
            with pytest.raises(Empty):
                channel._get("work")
            before.append(unfinished.read_text())
            os.rename(unfinished, ready)

        monkeypatch.setattr(file_broker.os, "replace", finish)
        channel._put("work", {"task": "pull"})
        found: Any = channel._get("work")
    assert found == {"task": "pull"}
    assert before
    assert not list(tmp_path.glob("*.msg*"))
