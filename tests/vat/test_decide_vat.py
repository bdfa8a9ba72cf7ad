"""The command decide_vat: JSON lines in, JSON lines out, without a database."""

import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

GOOD = {
    "id": "a",
    "supply": "charging_session",
    "date": "2026-05-01",
    "supplier_country": "NL",
    "customer_kind": "private",
    "station_country": "NL",
    "net": 10.005,
}


def run(path: Path, *lines: str | bytes) -> list[dict[str, Any]]:
    """Decide a file; no test here has a database, so that a query would fail."""
    path.write_bytes(b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines))
    out = StringIO()
    call_command("decide_vat", str(path), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_line_gets_its_decision(tmp_path: Path) -> None:
    first, second = run(
        tmp_path / "in", json.dumps(GOOD), "", json.dumps({**GOOD, "id": 2, "currency": "JPY"})
    )
    assert (first["id"], first["vat"], first["gross"]) == ("a", "2.10", "12.11")
    assert (second["id"], second["vat"], second["gross"]) == (2, "2", "12")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = BytesIO(json.dumps(GOOD).encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    out = StringIO()
    call_command("decide_vat", stdout=out)
    assert json.loads(out.getvalue())["status"] == "ok"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", "INVALID_INPUT"),
        (b'{"id": "\xff"}', "INVALID_INPUT"),
        ("[" * 100_000, "INVALID_INPUT"),
        ("[]", "INVALID_FACTS"),
        ("{}", "INVALID_FACTS"),
        (json.dumps({**GOOD, "supply": "lottery"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "date": "1 May"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "session_end_utc": 5}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "session_end_utc": "0001-01-01T00:00:00Z"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "net": "ten"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "net": True}), "INVALID_FACTS"),
        ('{"supply": "subscription", "net": NaN}', "INVALID_FACTS"),
        ('{"supply": "subscription", "net": 1e999}', "INVALID_FACTS"),
        (json.dumps({**GOOD, "currency": "EURO"}), "UNKNOWN_CURRENCY"),
        (json.dumps({**GOOD, "currency": 978}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "customer_vat_ids": "DE1"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "station_country": 49}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "supplier_is_dealer": "yes"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "policy": "art45"}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "policy": {"rc_scope": {"DE": "all"}}}), "INVALID_FACTS"),
        (json.dumps({**GOOD, "policy": {"rc_scope": [1]}}), "INVALID_FACTS"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_run_goes_on(
    tmp_path: Path, line: str | bytes, code: str
) -> None:
    bad, good = run(tmp_path / "in", line, json.dumps(GOOD))
    assert bad["error"]["code"] == code
    assert good["status"] == "ok"


def test_an_error_keeps_the_id_of_its_line(tmp_path: Path) -> None:
    (bad,) = run(tmp_path / "in", json.dumps({**GOOD, "supply": None}))
    assert bad["id"] == "a"
    assert bad["error"]["message"] == "supply is missing."


def test_half_a_surrogate_pair_does_not_stop_the_run(tmp_path: Path) -> None:
    (answer,) = run(tmp_path / "in", '{"id": "\\ud800", "supply": "subscription"}')
    assert answer["id"] == "\ud800"


def test_notes_come_in_the_language_of_the_invoice(tmp_path: Path) -> None:
    reversed_in = {
        **GOOD, "station_country": "BE", "customer_kind": "business",
        "customer_vat_ids": ["BE0403019261"], "vat_id_status": "valid",
    }  # fmt: skip
    lines = [json.dumps({**reversed_in, "language": code}) for code in ("nl", "de-AT", "mt")]
    assert [answer["note"] for answer in run(tmp_path / "in", *lines)] == [
        "Btw verlegd", "Steuerschuldnerschaft des Leistungsempfängers", "Reverse charge",
    ]  # fmt: skip


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("decide_vat", str(tmp_path / "missing"))
