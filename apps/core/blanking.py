"""Secrets blanked in texts that are kept or logged: addresses, bodies, queries."""

import re
from typing import Final

_SLASH: Final = r"(?:/|\\/|%2F)"
# The unguessable end of a callback address, also inside a query or JSON.
_CALLBACK: Final = re.compile(
    rf"({_SLASH}commands{_SLASH}[\w-]+{_SLASH})[\w-]{{20,}}", re.IGNORECASE
)
_QUERY: Final = re.compile(
    r"([?&](?:access_token|api_key|apikey|authorization|password|secret|token)=)[^&\s\"#]+",
    re.IGNORECASE,
)
# `"token": "..."`, broken off too; a charge token is an object and stays readable.
_TOKEN: Final = re.compile(r'("token"\s*:\s*")(?:[^"\\]|\\.)*("?)', re.IGNORECASE)


def without_secrets(text: str) -> str:
    """The text with *** in place of callback secrets, credentials and tokens of queries."""
    return _TOKEN.sub(r"\1***\2", _QUERY.sub(r"\1***", _CALLBACK.sub(r"\1***", text)))
