"""Whether two OCPI tariffs say the same, however they are written."""

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?")


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of what a tariff says. The time of its last update says nothing, nor does a null,
    nor how a number is spelled: 0.4, 0.40, 4e-1, or, as the database keeps a `Decimal`, "0.40"."""
    told = {name: value for name, value in content.items() if name != "last_updated"}
    text = json.dumps(_plainly(told), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plainly(value: Any) -> Any:
    """The same JSON with each number in its one spelling, and without nulls."""
    if isinstance(value, Mapping):
        return {name: _plainly(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plainly(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return value
    digits = str(value)
    return str(Decimal(digits).normalize() + 0) if _NUMBER.fullmatch(digits) else value
