"""`manage.py price_cdrs`: lines of JSON in, lines of JSON out, no database."""

import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.tariffs.batch import MOST_CHARACTERS
from tests.tariffs.messages import Json, Session, component, element, flat_tariff, tariff

ENERGY = component("ENERGY", "0.25", vat="10.0")


def line_of(
    session: Session | None = None, terms: Json | None = None, version: str = "2.2.1", **more: Any
) -> Json:
    cdr = (session or Session().charge(60, 20)).cdr()
    line = {"id": "x", "ocpi_version": version, "cdr": cdr, "tariff": terms, "time_zone": "UTC"}
    return {**line, **more}


def price(*lines: object, monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    texts = [line if isinstance(line, str) else json.dumps(line, default=str) for line in lines]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(texts) + "\n"))
    out = io.StringIO()
    call_command("price_cdrs", stdout=out)
    return [json.loads(text) for text in out.getvalue().splitlines()]


def test_answer_has_the_documented_form(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(total_cost={"excl_vat": 5, "incl_vat": 5.5}).charge(60, 20)
    (answer,) = price(line_of(session, flat_tariff(ENERGY)), monkeypatch=monkeypatch)
    assert answer["id"] == "x"
    assert answer["currency"] == "EUR"
    five = {"excl_vat": "5.0000", "incl_vat": "5.5000"}
    assert answer["total_cost"] == answer["total_energy_cost"] == answer["sent_total_cost"] == five
    assert answer["difference"] == {"excl_vat": "0.0000", "incl_vat": "0.0000"}
    assert answer["total_parking_cost"] is None
    assert answer["total_fixed_cost"] is None
    assert answer["total_reservation_cost"] is None
    assert answer["total_time_cost"] == {"excl_vat": "0.0000", "incl_vat": "0.0000"}
    assert answer["lines"][0] == {
        "period": 1,
        "start_date_time": "2024-03-13T09:00:00Z",
        "dimension": "ENERGY",
        "part": "total_energy_cost",
        "volume": "20.0000",
        "billed_volume": "20.0000",
        "unit": "kWh",
        "tariff_id": "12",
        "element": 1,
        "price": "0.25",
        "vat": "10.0",
        "step_size": 1,
        "why": "element 1: no restrictions",
        "excl_vat": "5.0000",
        "incl_vat": "5.5000",
    }
    assert "The sent total is the same as ours." in answer["explanation"]


def test_id_that_is_a_fraction_comes_back_as_its_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    (answer,) = price(line_of(terms=flat_tariff(ENERGY), id=1.5), monkeypatch=monkeypatch)
    assert answer["id"] == "1.5"


def test_tariff_of_the_cdr_wins_over_the_one_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(tariffs=[flat_tariff(component("ENERGY", "1"))]).charge(60, 20)
    (answer,) = price(line_of(session, flat_tariff(ENERGY)), monkeypatch=monkeypatch)
    assert answer["total_cost"]["excl_vat"] == "20.0000"


@pytest.mark.parametrize(
    ("country", "words"),
    [("NLD", "Europe/Amsterdam"), ("US", "several time zones"), ("ZZZ", "UTC"), (None, "UTC")],
)
def test_missing_time_zone_is_told(
    country: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(cdr_location={"country": country}).charge(60, 20)
    line = line_of(session, flat_tariff(ENERGY), time_zone=None)
    (answer,) = price(line, monkeypatch=monkeypatch)
    assert any(words in sentence for sentence in answer["explanation"])


def test_country_decides_the_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = tariff(
        element(component("ENERGY", "1"), start_time="10:00", end_time="11:00"),
        element(component("ENERGY", "2")),
    )
    (answer,) = price(line_of(None, terms, time_zone=None), monkeypatch=monkeypatch)
    assert answer["total_cost"]["excl_vat"] == "20.0000"


BROKEN = [
    ("{", "INVALID_JSON"),
    ("[1]", "INVALID_JSON"),
    ("9" * 5000, "INVALID_JSON"),
    ("[" * 100_000, "INVALID_JSON"),
    ({"id": 1}, "UNKNOWN_OCPI_VERSION"),
    (line_of(version="3.0"), "UNKNOWN_OCPI_VERSION"),
    ({"id": 1, "ocpi_version": "2.2.1"}, "UNREADABLE_FIELD"),
    ({"id": 1, "ocpi_version": "2.2.1", "cdr": []}, "UNREADABLE_FIELD"),
    ({"id": 1, "ocpi_version": "2.2.1", "cdr": {}}, "UNREADABLE_FIELD"),
    (line_of(terms={}), "UNREADABLE_FIELD"),
    (line_of(terms={"elements": [{}], "currency": 5, "id": []}), "CURRENCY_MISMATCH"),
    (line_of(terms={"elements": "x"}), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff({"type": "ENERGY"})), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff({"type": "ENERGY", "price": "x"})), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff({"type": "ENERGY", "price": True})), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff({"type": "ENERGY", "price": float("nan")})), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff({"type": "ENERGY", "price": "1e999"})), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff({"type": "ENERGY", "price": "1e-999999"})), None),
    (line_of(terms=tariff(element(ENERGY, start_time="25:00"))), "UNREADABLE_FIELD"),
    (line_of(terms=tariff(element(ENERGY, start_date="2024-02-30"))), "UNREADABLE_FIELD"),
    (line_of(terms=flat_tariff(ENERGY, currency="USD")), "CURRENCY_MISMATCH"),
    (line_of(terms=flat_tariff(ENERGY), time_zone="Mars/Base"), "UNKNOWN_TIME_ZONE"),
    (line_of(terms=flat_tariff(ENERGY), time_zone="../../etc/passwd"), "UNKNOWN_TIME_ZONE"),
    (line_of(terms=flat_tariff(ENERGY), time_zone=5), "UNREADABLE_FIELD"),
    (line_of(Session().period(60, ENERGY="x"), flat_tariff(ENERGY)), "UNREADABLE_FIELD"),
    (line_of(Session(charging_periods=[]), flat_tariff(ENERGY)), "UNREADABLE_FIELD"),
    (line_of(Session(charging_periods=[5]), flat_tariff(ENERGY)), "UNREADABLE_FIELD"),
    (line_of(Session(charging_periods=[{}]), flat_tariff(ENERGY)), "UNREADABLE_FIELD"),
    (line_of(Session(start_date_time="now").charge(1), flat_tariff(ENERGY)), "UNREADABLE_FIELD"),
    (line_of(Session(total_cost={"excl_vat": "x"}).charge(1), flat_tariff(ENERGY)),
     "UNREADABLE_FIELD"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code"), BROKEN)
def test_line_that_can_not_be_priced_gives_a_code_and_the_run_goes_on(
    line: object, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = price(line, line_of(terms=flat_tariff(ENERGY)), monkeypatch=monkeypatch)
    assert len(answers) == 2
    assert answers[0].get("error", {}).get("code") == code
    assert code is None or answers[0]["error"]["message"]
    assert answers[1]["total_cost"]["excl_vat"] == "5.0000"


def test_error_names_the_path_to_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session().charge(30, 1).period(60, ENERGY="x")
    (answer,) = price(line_of(session, flat_tariff(ENERGY)), monkeypatch=monkeypatch)
    assert "cdr.charging_periods[1].dimensions.volume" in answer["error"]["message"]


def test_tariff_of_ten_thousand_elements_is_priced_in_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elements = [element(component("ENERGY", "1"), min_kwh=1000 + n) for n in range(10_000)]
    session = Session()
    for _ in range(50):
        session.charge(5, 1)
    terms = tariff(*elements, element(ENERGY))
    started = time.process_time()
    (answer,) = price(line_of(session, terms), monkeypatch=monkeypatch)
    assert answer["total_cost"]["excl_vat"] == "12.5000"
    assert time.process_time() - started < 5


def long_session(periods: int) -> Session:
    session = Session()
    for _ in range(periods):
        session.period(1, ENERGY=1)
    return session


LONG = "9" * (MOST_CHARACTERS + 1)
DEEP = '{"a":' * 900 + "1" + "}" * 900
TINY = flat_tariff(component("ENERGY", "1e-999999999"))
RESTRICTED = [element(ENERGY, min_kwh=1000, start_time="10:00") for _ in range(10_000)]


def deep(line: Json) -> str:
    return json.dumps(line, default=str).replace('"@"', DEEP)


HOSTILE = [
    (LONG, "LINE_TOO_LONG"),
    ('{"id": "' + LONG + '"}', "LINE_TOO_LONG"),
    (line_of(terms=TINY), None),
    (line_of(terms=tariff(element(*[ENERGY] * 100_001))), "TARIFF_TOO_LARGE"),
    (line_of(terms=tariff(*[element(ENERGY)] * 20_001)), "TARIFF_TOO_LARGE"),
    (line_of(long_session(600), tariff(*RESTRICTED)),
     "CDR_TOO_LARGE"),
    (line_of(long_session(20_001), TINY), "CDR_TOO_LARGE"),
    (line_of(terms=TINY, id=float("nan")), None),
    (line_of(terms=TINY, id=float("-inf")), None),
    (line_of(Session().period(60, ENERGY=float("inf")), TINY), "UNREADABLE_FIELD"),
    (deep(line_of(terms=TINY, remark="@")), None),
    (deep(line_of(terms=TINY, id="@")), None),
    (deep(line_of(terms=tariff(element(ENERGY, moon="@")))), None),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_line_is_answered_in_bounded_time_and_size(
    case: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, code = HOSTILE[case]
    started = time.process_time()
    refused, priced = price(line, line_of(terms=flat_tariff(ENERGY)), monkeypatch=monkeypatch)
    assert time.process_time() - started < 10
    assert refused.get("error", {}).get("code") == code
    assert len(json.dumps(refused)) < 20_000
    assert priced["total_cost"]["excl_vat"] == "5.0000"


def test_a_line_of_100_megabytes_takes_little_memory_and_the_run_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    with file.open("w") as written:
        for _ in range(100):
            written.write("x" * 1_000_000)
        written.write("\n" + json.dumps(line_of(terms=flat_tariff(ENERGY)), default=str))
    out = io.StringIO()
    tracemalloc.start()
    try:
        call_command("price_cdrs", str(file), stdout=out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    refused, priced = map(json.loads, out.getvalue().splitlines())
    assert refused["error"]["code"] == "LINE_TOO_LONG"
    assert priced["total_cost"]["excl_vat"] == "5.0000"
    assert peak < 4 * MOST_CHARACTERS + 10_000_000


def test_file_is_read_and_a_missing_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "cdrs.jsonl"
    path.write_text(json.dumps(line_of(terms=flat_tariff(ENERGY)), default=str) + "\n\n")
    out = io.StringIO()
    call_command("price_cdrs", str(path), stdout=out)
    assert json.loads(out.getvalue())["total_cost"]["incl_vat"] == "5.5000"
    with pytest.raises(CommandError, match="can't be read"):
        call_command("price_cdrs", str(tmp_path / "none.jsonl"))


def test_command_survives_odd_bytes_and_a_reader_that_leaves_without_a_database(
    tmp_path: Path,
) -> None:
    line = json.dumps(line_of(terms=flat_tariff(ENERGY), id="\ud800"), default=str).encode()
    odd = b"\xef\xbb\xbf" + line + b'\n\n{"id": "\xff"}\n{"id": 1, "cdr": 1e99999999999999999999}\n'
    dead = {**os.environ, "DEBUG": "1", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/dead"}
    command = [sys.executable, "manage.py", "price_cdrs"]
    done = subprocess.run(command, input=odd, env=dead, capture_output=True, check=True)
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    assert answers[0]["total_cost"]["excl_vat"] == "5.0000"
    assert [each.get("error", {}).get("code") for each in answers[1:]] == [
        "UNKNOWN_OCPI_VERSION",
        "INVALID_JSON",
    ]
    file = tmp_path / "many.jsonl"
    file.write_bytes((line + b"\n") * 1000)
    with subprocess.Popen(
        [*command, str(file)], env=dead, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith(b"{")
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0
