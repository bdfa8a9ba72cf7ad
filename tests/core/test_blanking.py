"""What is kept or logged tells no secret."""

import logging

import pytest

from apps.core.blanking import without_secrets
from evcharge.logs import without_secrets_in_request

SECRET = "oj4Jy16GW4vBHuWCm0cKljCnMx_6C68S8a711SJXZyA"


@pytest.mark.parametrize(
    "text",
    [
        f"POST /ocpi/2.2.1/commands/STOP_SESSION/{SECRET}",
        f"https://cpo.example.com/x?response_url=https%3A%2F%2Fa.b%2Fcommands%2FSTOP%2F{SECRET}",
        f"https://cpo.example.com/x?response_url=https%3a%2f%2fa.b%2fcommands%2fSTOP%2f{SECRET}",
        f"/operators/simulated/commands/01a1fd2d-b869-7415-871d-a25fb4e407f7/{SECRET}",
        rf'{{"response_url": "https:\/\/a.b\/commands\/STOP\/{SECRET}"}}',
        f'{{"token": "{SECRET}"}}',
        f'{{"token" : "a\\"{SECRET}", "url": "x"}}',
        f'{{"TOKEN":"{SECRET}"}}',
        f'{{"token": "{SECRET}',
        f"https://a.b/versions?token={SECRET}&x=1",
    ],
)
def test_secrets_are_blanked(text: str) -> None:
    assert SECRET not in without_secrets(text)
    assert "***" in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"token": {"uid": "012345678901234567890123456789", "type": "RFID"}}',
        "https://a.b/ocpi/2.2.1/sessions/NL/CPO/012345678901234567890123456789",
        "https://a.b/ocpi/2.2.1/tokens?offset=0&limit=10",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_the_line_of_a_request_has_no_callback_secret() -> None:
    event = {"event": "request_started", "request": f"POST /ocpi/2.2.1/commands/STOP/{SECRET}"}
    line = without_secrets_in_request(logging.getLogger(), "info", event)
    assert line["request"] == "POST /ocpi/2.2.1/commands/STOP/***"
