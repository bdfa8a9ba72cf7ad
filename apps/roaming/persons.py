"""Whose a message is: what of it is kept lies under that person's key.

Looked up in the text, because most messages are kept without being parsed a second time. A driver
is known by the contract (`contract_id`, `auth_id` in 2.1.1), else by the card's `uid`.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from apps.audit.personal import (
    Keyring,
    keyring,
    person_of_card,
    person_of_contract,
    protect_jointly,
)
from apps.core.errors import DomainError
from apps.roaming.ocpi import json as ocpi_json

# Only their objects name a driver; locations have uids too, of EVSEs.
MODULES: Final = frozenset({"tokens", "sessions", "cdrs", "commands"})
_TEXT: Final = r'\s*:\s*("(?:[^"\\]|\\.)*")'
_CONTRACT: Final = re.compile(r'"(?:contract_id|auth_id)"' + _TEXT)
_CARD: Final = re.compile(r'"uid"' + _TEXT)
_CARD_IN_URL: Final = re.compile(r"/tokens/(?:[A-Za-z]{2}/[^/]{3}/)?([^/?]+)")


def drivers_in(module: str, text: str) -> set[UUID]:
    """All that a message of this module names."""
    if module not in MODULES:
        return set()
    contracts = {person_of_contract(contract) for contract in contracts_in(text)} - {None}
    found = contracts or {person_of_card(_read(found)) for found in _CARD.findall(text)}
    return {person for person in found if person is not None}


def contracts_in(text: str) -> list[str]:
    """The contract ids that a message names, as it writes them."""
    return [_read(found) for found in _CONTRACT.findall(text)]


def drivers_of_exchange(module: str, url: str, bodies: Iterable[str]) -> set[UUID]:
    """All that a request and its answer name; else the card whose address was asked."""
    found = {person for body in bodies for person in drivers_in(module, body)}
    if found or module != "tokens":
        return found
    return drivers_in_url(url)


def drivers_in_url(url: str) -> set[UUID]:
    """Whose card an address of the tokens names."""
    card = _CARD_IN_URL.search(url)
    person = person_of_card(card[1]) if card else None
    return {person} if person else set()


def is_list(text: str) -> bool:
    """Is the message an answer with many objects?"""
    try:
        answer = ocpi_json.read(text)
    except DomainError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("data"), list)


def protect_page(module: str, text: str, drivers: set[UUID], *, limit: int) -> str:
    """A list of many drivers' objects, each object under its own driver's key.

    Objects beyond `limit` characters are left out; the text says so, as that of a long body does.
    """
    keys = keyring(drivers)
    try:
        answer = ocpi_json.read(text)
        objects = answer["data"]
        pieces = [ocpi_json.write(each) for each in objects]
    except (DomainError, KeyError, TypeError):
        return f"({len(text)} characters of several drivers, not kept)"
    kept: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > limit:
            rest = f"… ({len(text)} characters)"
            return f'{{"data":[{",".join(kept)}{rest}'
        kept.append(_protect_object(module, piece, keys))
    rest = "".join(
        f",{ocpi_json.write(name)}:{ocpi_json.write(value)}"
        for name, value in answer.items()
        if name != "data"
    )
    return f'{{"data":[{",".join(kept)}]{rest}}}'


def _protect_object(module: str, text: str, keys: Keyring) -> str:
    return str(protect_jointly(text, drivers_in(module, text), keys))


def _read(found: str) -> str:
    """The text that a JSON text stands for; as it is written when nobody can store it."""
    try:
        value: Any = json.loads(found)
        value.encode()  # Half of a surrogate pair is JSON, and no text.
    except ValueError:
        return found.strip('"')
    return str(value).strip()
