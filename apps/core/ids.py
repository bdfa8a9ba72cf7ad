"""Primary keys: UUIDv7 (RFC 9562), time-ordered and not guessable."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()
