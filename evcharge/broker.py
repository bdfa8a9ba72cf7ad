"""The broker of files, which a fresh machine starts with, without its one gap.

kombu makes the file of a message and then fills it. A worker that looks in between reads an empty
message, and that ends the worker.
"""

from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """A message is there whole or not at all."""

    def _put(  # type: ignore[override]  # kombu's own two classes differ
        self, queue: str, payload: Any, **kwargs: Any
    ) -> None:
        file = Path(self.data_folder_out, f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg")
        # Nobody asks for files of this name.
        draft = file.with_suffix(".draft")
        try:
            draft.write_text(dumps(payload))
            draft.replace(file)
        except OSError as error:
            raise ChannelError(f"Cannot add file {str(file)!r} to directory") from error


class Transport(filesystem.Transport):
    """As kombu's, with that channel."""

    Channel = Channel
