"""The broker of files hands out whole messages only."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from evcharge import broker
from evcharge.celery import app


@pytest.fixture
def channel(tmp_path: Path) -> Any:
    options = {
        name: str(tmp_path) for name in ("data_folder_in", "data_folder_out", "control_folder")
    }
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection.channel()


def test_a_message_is_not_seen_before_it_is_whole(
    channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def look_first(draft: Path, target: Path) -> Path:
        with pytest.raises(Empty):
            channel._get("celery")
        return rename(draft, target)

    monkeypatch.setattr(Path, "replace", look_first)
    channel._put("celery", {"body": "é"})
    assert channel._get("celery") == {"body": "é"}
    with pytest.raises(Empty):
        channel._get("celery")


def test_the_app_uses_it() -> None:
    assert app.connection("filesystem://").transport_cls == "filesystem"
    assert app.connection("filesystem://").get_transport_cls() is broker.Transport
