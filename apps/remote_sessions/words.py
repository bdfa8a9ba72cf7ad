"""What operators and stations answer to commands, in words for people."""

from collections.abc import Mapping
from typing import Final

# OCPI 2.2.1 CommandResponseType and CommandResultType.
WORDS: Final = {
    "ACCEPTED": "accepted",
    "REJECTED": "rejected",
    "NOT_SUPPORTED": "not supported",
    "FAILED": "failed",
    "TIMEOUT": "the station did not answer in time",
    "UNKNOWN_SESSION": "session not known",
    "UNKNOWN_RESERVATION": "reservation not known",
    "CANCELED_RESERVATION": "reservation cancelled by the operator",
    "EVSE_OCCUPIED": "EVSE occupied",
    "EVSE_INOPERATIVE": "EVSE out of order",
}


def in_words(code: str, more: Mapping[str, str] = {}) -> str:
    """A code of a newer version, or of an operator's own, as it came."""
    return more.get(code) or WORDS.get(code, code)
