"""The client of VIES, the European Commission's register of VAT ids.

Speaks its REST service: POST /check-vat-number with the country code and number, and in whose
name we ask; a valid answer then carries the consultation number that proves the check. VIES
relays to the member states' registers: that one of them doesn't answer is an ordinary day.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

import httpx

from apps.vat.vat_ids import compact

OFFICIAL_URL: Final = "https://ec.europa.eu/taxation_customs/vies/rest-api"

_LARGEST_ANSWER: Final = 64 * 1024

# The number itself is refused: asking again gives the same answer.
_REFUSED: Final = frozenset({"INVALID_INPUT", "INVALID"})


class RegisterUnavailable(Exception):
    """No answer that can be trusted; `code` says why, as VIES does where it said so itself."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def is_of_one_country(self) -> bool:
        """Whether only the register of the asked country is at fault."""
        return self.code.startswith("MS_")


@dataclass(frozen=True, slots=True)
class ViesAnswer:
    """What the register said; name and address are empty where the country keeps them back."""

    is_valid: bool
    consultation_number: str = ""
    trader_name: str = ""
    trader_address: str = ""


@dataclass(frozen=True, slots=True)
class ViesClient:
    """`requester` is our own VAT id (empty: no consultation numbers); `timeout` in seconds bounds
    the whole consultation."""

    url: str = OFFICIAL_URL
    requester: str = ""
    timeout: float = 15.0

    def check(self, vat_id: str) -> ViesAnswer:
        """Ask whether an EU or Northern Irish id is registered. Raises RegisterUnavailable."""
        bare = compact(vat_id)
        answer = self._post({**_split(bare, "countryCode", "vatNumber"), **self._asking()})
        if "valid" not in answer:
            return _refusal(answer)
        _require_same(answer, bare)
        return ViesAnswer(
            is_valid=_require_bool(answer["valid"]),
            consultation_number=_text(answer.get("requestIdentifier")),
            trader_name=_text(answer.get("name")),
            trader_address=_text(answer.get("address")),
        )

    def _asking(self) -> dict[str, str]:
        if not self.requester:
            return {}
        return _split(compact(self.requester), "requesterMemberStateCode", "requesterNumber")

    def _post(self, question: dict[str, str]) -> dict[str, Any]:
        deadline = time.monotonic() + self.timeout
        try:
            with (
                httpx.Client(timeout=self.timeout) as client,
                client.stream("POST", f"{self.url}/check-vat-number", json=question) as response,
            ):
                body = _read(response, deadline)
        except httpx.TimeoutException as error:
            raise RegisterUnavailable("TIMEOUT", f"No answer in {self.timeout:g} s.") from error
        except httpx.HTTPError as error:
            raise RegisterUnavailable("UNREACHABLE", f"{type(error).__name__}: {error}") from error
        return _parse(response.status_code, body)


def _read(response: httpx.Response, deadline: float) -> bytes:
    """The body, however slowly it drips, within the deadline and a sane size."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise RegisterUnavailable("GARBAGE", "The answer is far too long.")
        if time.monotonic() > deadline:
            raise RegisterUnavailable("TIMEOUT", "The answer did not end in time.")
    return bytes(body)


def _parse(status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = httpx.Response(status, content=body).json()
    except ValueError as error:
        code = "SERVICE_UNAVAILABLE" if status >= 500 else "GARBAGE"
        raise RegisterUnavailable(code, f"HTTP {status} without JSON.") from error
    if not isinstance(answer, dict):
        raise RegisterUnavailable("GARBAGE", f"HTTP {status} with JSON that is no object.")
    if status >= 400 and "errorWrappers" not in answer:
        raise RegisterUnavailable("SERVICE_UNAVAILABLE", f"HTTP {status}.")
    return answer


def _refusal(answer: dict[str, Any]) -> ViesAnswer:
    """An error answer: {"actionSucceed": false, "errorWrappers": [{"error": CODE}]}."""
    wrappers = answer.get("errorWrappers")
    first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
    code = first.get("error") if isinstance(first, dict) else None
    if not isinstance(code, str):
        raise RegisterUnavailable("GARBAGE", "The answer says neither valid nor what is wrong.")
    if code in _REFUSED:
        return ViesAnswer(is_valid=False)
    raise RegisterUnavailable(code[:50], f"VIES answers {code[:50]}.")


def _require_same(answer: dict[str, Any], bare: str) -> None:
    """An answer about another number is no proof for this one."""
    answered = f"{answer.get('countryCode', '')}{answer.get('vatNumber', '')}"
    if compact(answered) != bare:
        raise RegisterUnavailable("GARBAGE", "The answer is about another number.")


def _require_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise RegisterUnavailable("GARBAGE", "The answer says neither true nor false.")
    return value


def _split(bare: str, country_key: str, number_key: str) -> dict[str, str]:
    return {country_key: bare[:2], number_key: bare[2:]}


def _text(value: object) -> str:
    """A text of the answer; VIES writes --- for what a country keeps back."""
    text = value.strip() if isinstance(value, str) else ""
    return "" if text == "---" else text[:300]
