"""Files of CDRs, through the command."""

import csv
import json
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import Account, Token
from apps.audit.models import Entry
from apps.cdrs.imports.mapping import MappingUnreadable, find_mapping, parse_mapping, read_mapping
from apps.cdrs.models import CDR, CdrConflict, CdrImport, ImportFinding
from apps.events.models import Event
from apps.locations.models import Connector, Evse, Location, Operator
from tests.accounts.factories import AccountFactory, ProviderFactory, TokenFactory

pytestmark = pytest.mark.django_db

HEADER = [
    "Charging event", "User ID", "CP ID", "Connector", "Start Date", "Start Time", "End Date",
    "End Time", "Total kWh", "Cost", "Site", "Group", "Model", "", "", "",
]  # fmt: skip
SITE = "Queen Street Car Park, Broughty Ferry, Dundee"


def line(id="100", user="6001", kwh="10.005", start="01/08/2018 10:00", end="01/08/2018 11:30",
         site=SITE):  # fmt: skip
    start_date, start_time = start.split(" ")
    end_date, end_time = end.split(" ") if end else ("", "")
    return [id, user, "50914", "1", start_date, start_time, end_date, end_time, kwh, "0", site,
            "CPS", "APT 22kW", "", "", "Nissan LEAF"]  # fmt: skip


@pytest.fixture
def provider():
    return ProviderFactory(slug="voltly", british=True)


@pytest.fixture
def write(tmp_path):
    def write_file(*lines, header=HEADER):
        path = tmp_path / "charges.csv"
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([header, *lines])
        return path

    return write_file


def run(path, *, mapping="dundee-2018", **options):
    out = StringIO()
    options.setdefault("create_missing", True)
    call_command(
        "import_cdrs", str(path), mapping=str(mapping), provider="voltly", stdout=out, **options
    )
    return CdrImport.objects.latest("created_at"), out.getvalue()


def findings(cdr_import):
    rows = cdr_import.findings.order_by("line", "id")
    return [(row.line, row.outcome, row.code) for row in rows]


def test_rows_become_cdrs_with_everything_they_need(provider, write):
    done, text = run(write(line(), line(id="101", user="6002")))
    assert (done.state, done.rows, done.created, done.refused, done.held) == (
        "FINISHED", 2, 2, 0, 0)  # fmt: skip
    assert "2 rows: 2 created, 0 unchanged, 0 refused" in text
    cdr = CDR.objects.get(cdr_id="100")
    assert (cdr.source, cdr.provider, cdr.currency) == ("IMPORT", provider, "GBP")
    assert cdr.started_at.isoformat() == "2018-08-01T09:00:00+00:00"
    assert cdr.kwh == Decimal("10.005")
    # 10.005 kWh at 0.19 is 1.90095: four decimals, half up.
    assert cdr.total_cost_excl_vat == cdr.energy_cost_excl_vat == Decimal("1.9010")
    assert cdr.raw == ",".join(['"' + c + '"' if "," in c else c for c in line()])
    assert (cdr.location.time_zone, cdr.location.country) == ("Europe/London", "GB")
    assert cdr.token.account.provider == provider
    assert cdr.token.account.kind == Account.Kind.PRIVATE
    assert Evse.objects.get().evse_id == cdr.evse_id
    assert [Operator.objects.count(), Location.objects.count(), Connector.objects.count()] == [
        1, 1, 1]  # fmt: skip
    assert Token.objects.count() == Account.objects.filter(provider=provider).count() == 2


def test_each_cdr_has_its_version_entry_and_event(provider, write):
    run(write(line(), line(id="101")))
    for cdr in CDR.objects.all():
        assert [version.activity for version in cdr.history.all()] == ["received CDR"]
        assert Entry.objects.filter(object_id=str(cdr.pk)).count() == 1
        assert Event.objects.of(cdr).get().type == "cdr.created"


def test_second_run_creates_nothing(provider, write):
    path = write(line(), line(id="101", kwh="-3"), line(id="102", end=""))
    run(path)
    counts = [m.objects.count() for m in (CDR, Token, Account, Location, Event)]
    again, _ = run(path)
    assert (again.created, again.unchanged, again.refused, again.held) == (0, 2, 1, 1)
    assert [m.objects.count() for m in (CDR, Token, Account, Location, Event)] == counts


def test_refused_and_held_rows_are_named_with_line_and_reason(provider, write, tmp_path):
    path = write(
        line(),
        line(id="101", end=""),
        line(id="102", kwh=""),
        line(id="103", kwh="much"),
        line(id="104", start="32/13/2018 10:00"),
        line(id="105", end="01/08/2018 09:00"),
        line(id="106", user=""),
        line(id="107", kwh="-3"),
        line()[:5],
        line(id=""),
    )
    done, _ = run(path, report=tmp_path / "report.csv")
    refused, held = ImportFinding.Outcome.REFUSED, ImportFinding.Outcome.HELD
    assert findings(done) == [
        (3, refused, "ROW_UNREADABLE"),
        (4, refused, "ROW_UNREADABLE"),
        (5, refused, "ROW_UNREADABLE"),
        (6, refused, "ROW_UNREADABLE"),
        (7, refused, "CDR_END_BEFORE_START"),
        (8, held, "TOKEN_MISSING"),
        (9, held, "ENERGY_NEGATIVE"),
        (9, held, "COST_NEGATIVE"),
        (10, refused, "ROW_UNREADABLE"),
        (11, refused, "ROW_UNREADABLE"),
    ]
    assert (done.created + done.refused, done.held) == (done.rows, 2)
    with (tmp_path / "report.csv").open() as file:
        report = list(csv.DictReader(file))
    assert report[0] == {"line": "3", "outcome": "REFUSED", "code": "ROW_UNREADABLE",
                         "message": "The end is missing.", "cdr": ""}  # fmt: skip
    assert report[5]["cdr"] == "GB*DCC 106"


def test_report_as_json(provider, write, tmp_path):
    run(write(line(), line(id="101", end="")), report=tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["rows"], report["created"], report["refused"]) == (2, 1, 1)
    assert report["findings"][0]["message"] == "The end is missing."


def test_rows_that_stand_twice_are_one_cdr_and_contradictions_are_refused(provider, write):
    done, _ = run(write(line(), line(), line(kwh="11")))
    assert (done.created, done.unchanged, done.refused) == (1, 1, 1)
    assert findings(done) == [(4, "REFUSED", "CDR_CONFLICT")]
    assert CdrConflict.objects.count() == 1


def test_records_over_several_lines_keep_count_of_lines(provider, write):
    done, _ = run(write(line(site="A\nB"), line(id="101", end="")))
    assert findings(done) == [(4, "REFUSED", "ROW_UNREADABLE")]
    assert "A\nB" in CDR.objects.get().raw


def test_without_create_missing_unknown_parties_are_held(provider, write):
    done, _ = run(write(line()), create_missing=False)
    assert {code for _, _, code in findings(done)} == {
        "OPERATOR_UNKNOWN", "LOCATION_UNKNOWN", "TOKEN_UNKNOWN"}  # fmt: skip
    assert Operator.objects.count() == 0


def test_parties_that_are_there_are_used(provider, write):
    account = AccountFactory(provider=provider, number="DCC-6001")
    token = TokenFactory(account=account, contract_id="gb-dcc-c6001")
    run(write(line(), line(id="101", user="6002")))
    assert CDR.objects.get(cdr_id="100").token == token
    assert Token.objects.count() == 2


def test_token_of_another_provider_is_left_with_it(provider, write):
    TokenFactory(contract_id="GB-DCC-C6001")
    done, _ = run(write(line()))
    assert findings(done) == [(2, "HELD", "TOKEN_OF_OTHER_PROVIDER")]
    assert CDR.objects.get().account is None


def test_nobody_is_created_for_a_refused_row(provider, write):
    run(write(line(end="01/08/2018 09:00")))
    assert [m.objects.count() for m in (Operator, Location, Token)] == [0, 0, 0]


def test_hour_that_the_clock_shows_twice(provider, write):
    run(write(
        line(id="1", start="28/10/2018 00:30", end="28/10/2018 02:30"),
        line(id="2", start="28/10/2018 01:50", end="28/10/2018 01:10"),
    ))  # fmt: skip
    over, back = CDR.objects.order_by("cdr_id")
    assert (over.ended_at - over.started_at).total_seconds() == 3 * 3600
    assert (back.ended_at - back.started_at).total_seconds() == 20 * 60


def test_interrupted_run_is_closed_by_the_next(provider, write, monkeypatch):
    from apps.cdrs.imports import running

    path = write(*(line(id=str(n)) for n in range(4)))
    monkeypatch.setattr(running, "BATCH", 2)
    finish = running._finish
    monkeypatch.setattr(running, "_finish", lambda *args, **fields: None)
    run(path)
    monkeypatch.setattr(running, "_finish", finish)
    done, _ = run(path)
    assert (done.created, done.unchanged) == (0, 4)
    assert list(CdrImport.objects.order_by("created_at").values_list("state", flat=True)) == [
        "FAILED", "FINISHED"]  # fmt: skip


def test_run_that_breaks_keeps_its_whole_batches_and_says_so(provider, write, monkeypatch):
    from apps.cdrs.imports import running

    monkeypatch.setattr(running, "BATCH", 2)
    receive, calls = running.receive_cdrs, []

    def break_at_third(**fields):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return receive(**fields)

    monkeypatch.setattr(running, "receive_cdrs", break_at_third)
    path = write(*(line(id=str(n), user=f"700{n}") for n in range(6)))
    with pytest.raises(RuntimeError):
        run(path)
    failed = CdrImport.objects.get()
    assert (failed.state, failed.created) == ("FAILED", 4)
    assert "the power went" in failed.error
    assert Token.objects.count() == CDR.objects.count() == 4
    done, _ = run(path)
    assert (done.created, done.unchanged) == (2, 4)


class TestFilesThatAreRefused:
    def refused(self, path, **options):
        with pytest.raises(CommandError) as error:
            run(path, **options)
        assert CdrImport.objects.count() == CDR.objects.count() == 0
        return str(error.value)

    def test_missing_file(self, provider, tmp_path):
        assert "IMPORT_FILE_UNREADABLE" in self.refused(tmp_path / "none.csv")

    def test_no_csv(self, provider, tmp_path):
        path = tmp_path / "picture.csv"
        path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
        assert "IMPORT_FILE_NOT_CSV" in self.refused(path)
        path.write_bytes(b"")
        assert "IMPORT_FILE_NOT_CSV" in self.refused(path)

    def test_column_that_is_not_there(self, provider, write):
        text = self.refused(write(line(), header=["Id", *HEADER[1:]]))
        assert "MAPPING_COLUMN_MISSING" in text
        assert "'Charging event'" in text
        assert "'Id'" in text

    def test_wrong_encoding_far_into_the_file(self, provider, write):
        path = write(*(line(id=str(n)) for n in range(2000)))
        path.write_bytes(path.read_bytes() + "1,Dünde".encode("latin-1"))
        assert "IMPORT_FILE_ENCODING" in self.refused(path)

    def test_quote_that_never_closes(self, provider, write):
        path = write(line())
        path.write_text(path.read_text() + '"open')
        assert "IMPORT_FILE_NOT_CSV" in self.refused(path)

    def test_unknown_provider(self, write):
        with pytest.raises(CommandError, match="voltly"):
            run(write(line()))

    def test_unknown_mapping(self, provider, write):
        assert "dundee-2018" in self.refused(write(line()), mapping="none")


GOOD = {
    "file": {"time_zone": "Europe/Berlin", "delimiter": ";", "decimal_comma": True,
             "date_format": "%d.%m.%Y %H:%M"},
    "cdr": {"cdr_id": "{Nr}", "started_at": "{Von}", "ended_at": "{Bis}", "currency": "EUR",
            "wh": "{Wh}", "contract_id": "{Karte}"},
    "cost": {"total_excl_vat": "{Netto}", "total_incl_vat": "{Brutto}"},
    "operator": {"country_code": "DE", "party_id": "ABC"},
}  # fmt: skip


def test_other_operators_files_by_their_own_mapping(provider, tmp_path):
    (tmp_path / "m.toml").write_text("""
[file]
time_zone = "Europe/Berlin"
delimiter = ";"
decimal_comma = true
date_format = "%d.%m.%Y %H:%M"
[cdr]
cdr_id = "{Nr}"
started_at = "{Von}"
ended_at = "{Bis}"
currency = "EUR"
wh = "{Wh}"
contract_id = "{Karte}"
[cost]
total_excl_vat = "{Netto}"
total_incl_vat = "{Brutto}"
[operator]
country_code = "DE"
party_id = "ABC"
""")
    (tmp_path / "f.csv").write_text(
        "Nr;Von;Bis;Wh;Karte;Netto;Brutto\n"
        "1;01.05.2026 10:00;01.05.2026 11:00;12.500,5;DE-ABC-C1;1.234,50;1.469,06\n"
    )
    run(tmp_path / "f.csv", mapping=tmp_path / "m.toml")
    cdr = CDR.objects.get()
    assert cdr.kwh == Decimal("12.5005")
    assert (cdr.total_cost_excl_vat, cdr.total_cost_incl_vat) == (
        Decimal("1234.50"), Decimal("1469.06"))  # fmt: skip


def test_prices_per_hour_and_session_are_added(provider, write, tmp_path):
    text = find_mapping("dundee-2018").read_text()
    mapping = tmp_path / "m.toml"
    mapping.write_text(text.replace('per_kwh = "0.19"', 'per_hour = "2"\nper_session = "0.5"'))
    run(write(line()), mapping=mapping)
    cdr = CDR.objects.get()
    assert (cdr.time_cost_excl_vat, cdr.fixed_cost_excl_vat, cdr.total_cost_excl_vat) == (
        Decimal(3), Decimal("0.5"), Decimal("3.5"))  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"nonsense": {}},
        {"cdr": {"cdr_id": "{Nr}"}},
        {"cdr": GOOD["cdr"] | {"kwh": "{kWh}"}},
        {"cdr": GOOD["cdr"] | {"colour": "{C}"}},
        {"cdr": GOOD["cdr"] | {"cdr_id": 1}},
        {"cost": {}},
        {"cost": {"per_kwh": "dear"}},
        {"cost": {"per_kwh": "-1"}},
        {"operator": {}},
        {"file": {}},
        {"file": {"time_zone": "Europe/Dundee"}},
        {"file": {"time_zone": "UTC", "encoding": "klingon"}},
        {"file": {"time_zone": "UTC", "delimiter": ";;"}},
        {"file": {"time_zone": "UTC", "decimal_comma": "yes"}},
        {"location": "x"},
    ],
)
def test_mapping_without_meaning_is_refused(change):
    parse_mapping(GOOD, name="good")
    with pytest.raises(MappingUnreadable) as error:
        parse_mapping(GOOD | change, name="bad")
    assert error.value.code == "MAPPING_INVALID"


def test_mapping_that_is_no_toml_is_refused(tmp_path):
    (tmp_path / "m.toml").write_text("[cdr")
    with pytest.raises(MappingUnreadable):
        read_mapping(tmp_path / "m.toml")


def test_bulk_acceptance_until_a_day(provider, write):
    run(write(line(), line(id="101", start="31/08/2018 22:00", end="01/09/2018 02:00"),
              line(id="102", kwh="-1")))  # fmt: skip
    out = StringIO()
    until = date(2018, 9, 1)
    call_command("accept_cdrs", provider="voltly", until=until, reason="August", stdout=out)
    assert out.getvalue() == "1 CDRs accepted; 1 stay held for a person.\n"
    assert dict(CDR.objects.values_list("cdr_id", "status")) == {
        "100": "ACCEPTED", "101": "PENDING", "102": "PENDING"}  # fmt: skip
    accepted = CDR.objects.get(cdr_id="100")
    assert accepted.history.latest().history_change_reason == "August"
    assert Event.objects.of(accepted).latest("sequence").type == "cdr.status.accepted"
