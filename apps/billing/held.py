"""Why a charge is not billed but put before a person."""

from typing import Any


class Held(Exception):
    """A charge that can't be billed without a guess.

    `code` is for programs and filters, `message` for people, `details` (JSON-ready) hold what a
    person needs to mend it. Not an error of whoever asked: the charge waits, others go on.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
