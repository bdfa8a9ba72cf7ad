"""A name server for one run: names of the file HUB_SUITE_NAMES ({"name": ["address"]}), read anew
at each question. Python loads this module by itself when its folder is on PYTHONPATH; nothing
else of the processes is touched."""

import json
import os
import socket
from pathlib import Path
from typing import Any

_real = socket.getaddrinfo
_names = Path(os.environ["HUB_SUITE_NAMES"])


def _ask(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
    addresses = json.loads(_names.read_text()).get(host)
    if addresses is None:
        return _real(host, port, *args, **kwargs)
    return [entry for each in addresses for entry in _real(each, port, *args, **kwargs)]


socket.getaddrinfo = _ask
