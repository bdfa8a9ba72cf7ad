"""The broker of files, which is the default: kombu's, with messages that are never half there."""

import os
import uuid
from pathlib import Path
from time import monotonic_ns
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """kombu opens a message's file under its last name and then writes it: a worker that looks in
    between takes it away empty, can't read it, and ends."""

    # kombu's two base classes disagree on the names.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """As kombu names the files: readers take those of the queue in order of name."""
        name = f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        ready = Path(self.data_folder_out) / name
        unfinished = ready.with_name(f"{name}.part")
        try:
            unfinished.write_text(dumps(payload))
            os.replace(unfinished, ready)
        except OSError as error:
            raise ChannelError(f"The message can't be written to {ready}.") from error


class Transport(filesystem.Transport):
    """What `filesystem://` stands for here (evcharge/celery.py)."""

    Channel = Channel
