"""The root of all errors that the domain raises; each door turns them into its own form."""

from typing import Any


class DomainError(Exception):
    """Something the domain refuses, with a code for programs and a message for people.

    Subclasses set `code` and `http_status`; `details` holds what a program needs to react
    (JSON-ready values).
    """

    code = "DOMAIN_ERROR"
    http_status = 409

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class NotFound(DomainError):
    """The object does not exist, or not for the one who asks."""

    code = "NOT_FOUND"
    http_status = 404


class InvalidInput(DomainError):
    """The input can't be read or breaks a rule of form."""

    code = "INVALID_INPUT"
    http_status = 400
