"""The VIES client against a register that answers, fails and talks nonsense."""

from collections.abc import Iterator

import pytest

from apps.vat.vies import RegisterUnavailable, ViesAnswer, ViesClient
from tests.vat.vies_server import ViesServer, running_vies


@pytest.fixture
def vies() -> Iterator[ViesServer]:
    with running_vies() as server:
        server.registered = {"DE136695976": "Strom GmbH", "EL094259216": "Reuma AE"}
        yield server


def test_a_registered_id_is_valid_with_a_consultation_number(vies: ViesServer) -> None:
    client = ViesClient(url=vies.url, requester="NL 0100 00446 B01")
    assert client.check("de 136.695.976") == ViesAnswer(
        is_valid=True, consultation_number="WAPIAAAAZ1", trader_name="Strom GmbH"
    )
    assert vies.asked == [
        {
            "path": "/rest-api/check-vat-number",
            "countryCode": "DE",
            "vatNumber": "136695976",
            "requesterMemberStateCode": "NL",
            "requesterNumber": "010000446B01",
        }
    ]


def test_an_id_that_is_not_registered_is_invalid(vies: ViesServer) -> None:
    assert ViesClient(url=vies.url).check("DE811569869") == ViesAnswer(is_valid=False)


def test_greece_is_asked_for_under_el(vies: ViesServer) -> None:
    assert ViesClient(url=vies.url).check("GR094259216").is_valid
    assert vies.asked[0]["countryCode"] == "EL"


def test_a_number_that_vies_refuses_is_invalid(vies: ViesServer) -> None:
    vies.mood = "INVALID_INPUT"
    assert not ViesClient(url=vies.url).check("DE136695976").is_valid


@pytest.mark.parametrize(
    "code",
    ["MS_UNAVAILABLE", "SERVICE_UNAVAILABLE", "TIMEOUT", "MS_MAX_CONCURRENT_REQ",
     "GLOBAL_MAX_CONCURRENT_REQ", "INVALID_REQUESTER_INFO", "VAT_BLOCKED", "IP_BLOCKED"],
)  # fmt: skip
def test_an_outage_is_no_verdict(vies: ViesServer, code: str) -> None:
    vies.mood = code
    with pytest.raises(RegisterUnavailable) as caught:
        ViesClient(url=vies.url).check("DE136695976")
    assert caught.value.code == code
    assert caught.value.is_of_one_country == code.startswith("MS_")


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("html", "GARBAGE"),
        ("empty", "GARBAGE"),
        ("list", "GARBAGE"),
        ("no verdict", "GARBAGE"),
        ("verdict is a word", "GARBAGE"),
        ("another number", "GARBAGE"),
        ("endless", "GARBAGE"),
        ("HTTP 500", "SERVICE_UNAVAILABLE"),
        ("HTTP 503 with JSON", "SERVICE_UNAVAILABLE"),
        ("HTTP 429", "SERVICE_UNAVAILABLE"),
    ],
)
def test_nonsense_is_no_verdict(vies: ViesServer, mood: str, code: str) -> None:
    vies.mood = mood
    with pytest.raises(RegisterUnavailable) as caught:
        ViesClient(url=vies.url).check("DE136695976")
    assert caught.value.code == code


@pytest.mark.parametrize("mood", ["silence", "dripping"])
def test_a_register_that_does_not_finish_is_left_in_time(vies: ViesServer, mood: str) -> None:
    vies.mood = mood
    with pytest.raises(RegisterUnavailable) as caught:
        ViesClient(url=vies.url, timeout=0.2).check("DE136695976")
    assert caught.value.code == "TIMEOUT"


def test_a_register_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(RegisterUnavailable) as caught:
        ViesClient(url="http://127.0.0.1:9", timeout=2).check("DE136695976")
    assert caught.value.code == "UNREACHABLE"
