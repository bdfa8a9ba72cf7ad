"""Reading the members of a message: the right JSON type or InvalidMessage, which names the member.

Values of enumerations are read as text: one that we don't know is of a newer version (or of a
partner's own), is kept, and is no error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.times import read_time
from apps.tariffs.ocpi.cdrs import NOT_AVAILABLE

# Numbers of OCPI have at most 4 decimals and are small; what is far beyond is no amount.
_LARGEST_EXPONENT = 12
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of one JSON object; `path` says where it stands in the message."""

    members: dict[str, Any]
    path: str = ""

    @classmethod
    def of(cls, value: Any, path: str = "") -> "Fields":
        """Raises InvalidMessage when the value is no object."""
        if not isinstance(value, dict):
            raise InvalidMessage(f"{path or 'The message'} must be an object.", field=path)
        return cls(value, path)

    def text(self, name: str, *, longest: int | None = None) -> str:
        """A text that must be there, of at most `longest` characters."""
        value = self._needed(name)
        return self._checked_text(name, value, longest)

    def opt_text(self, name: str, *, longest: int | None = None) -> str:
        """A text; empty when it is left out or null."""
        value = self.members.get(name)
        return "" if value is None else self._checked_text(name, value, longest)

    def known_text(self, name: str, *, longest: int | None = None) -> str:
        """As opt_text; empty too when the peer says that it can't be filled."""
        value = self.opt_text(name, longest=longest)
        return "" if value.strip() == NOT_AVAILABLE else value

    def _checked_text(self, name: str, value: Any, longest: int | None) -> str:
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        if longest is not None and len(value) > longest:
            raise self._wrong(name, f"at most {longest} characters")
        return value

    def identifier(self, name: str, *, longest: int = 36) -> str:
        """An id that must be there and may not be empty: printable ASCII (`types`, CiString).

        Other letters compare without case in one way here and in another in the database.
        """
        value = self.text(name, longest=longest).strip()
        if not value or not value.isascii() or not value.isprintable():
            raise self._wrong(name, "an id of printable ASCII characters")
        return value

    def identifiers(self, name: str, *, longest: int = 36) -> tuple[str, ...]:
        """The ids of a list; none when it is left out."""
        path = self._at(name)
        items = ((f"{path}[{place}]", item) for place, item in enumerate(self.items(name)))
        return tuple(Fields({at: item}).identifier(at, longest=longest) for at, item in items)

    def number(self, name: str) -> Decimal:
        """A number that must be there."""
        self._needed(name)
        value = self.opt_number(name)
        assert value is not None  # noqa: S101 - it is there
        return value

    def opt_number(self, name: str) -> Decimal | None:
        """A number, or None when it is left out."""
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self._wrong(name, "a number")
        number = Decimal(value)
        if number.adjusted() > _LARGEST_EXPONENT or len(number.as_tuple().digits) > _MOST_DIGITS:
            raise self._wrong(name, "a number of a size that can be")
        return number

    def opt_int(self, name: str) -> int | None:
        """A whole number, or None."""
        value = self.opt_number(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        """A boolean; False when it is left out."""
        value = self.members.get(name, False)
        if not isinstance(value, bool | None):
            raise self._wrong(name, "true or false")
        return bool(value)

    def time(self, name: str) -> datetime:
        """A DateTime that must be there."""
        self._needed(name)
        value = self.opt_time(name)
        assert value is not None  # noqa: S101 - it is there
        return value

    def opt_time(self, name: str) -> datetime | None:
        """A DateTime, or None."""
        value = self.members.get(name)
        if value is None:
            return None
        time = read_time(value) if isinstance(value, str) else None
        if time is None:
            raise self._wrong(name, "a time like 2026-01-31T12:00:00Z")
        return time

    def object(self, name: str) -> "Fields":
        """An object that must be there."""
        return Fields.of(self._needed(name), self._at(name))

    def opt_object(self, name: str) -> "Fields | None":
        value = self.members.get(name)
        return None if value is None else Fields.of(value, self._at(name))

    def objects(self, name: str) -> Iterator["Fields"]:
        """The objects of a list; none when it is left out."""
        for position, value in enumerate(self.items(name)):
            yield Fields.of(value, f"{self._at(name)}[{position}]")

    def items(self, name: str) -> list[Any]:
        """A list as it stands; empty when it is left out."""
        value = self.members.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value

    def _needed(self, name: str) -> Any:
        value = self.members.get(name)
        if value is None:
            raise InvalidMessage(f"Missing required field: {self._at(name)}.", field=self._at(name))
        return value

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _wrong(self, name: str, wanted: str) -> InvalidMessage:
        return InvalidMessage(f"{self._at(name)} must be {wanted}.", field=self._at(name))
