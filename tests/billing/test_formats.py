"""Dates, numbers and amounts as each language writes them."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from string import Formatter

import pytest

from apps.billing.printing import colours
from apps.billing.printing.annex import LINES_PER_BLOCK, Row, blocks
from apps.billing.printing.formats import Formats
from apps.billing.printing.labels import LANGUAGES, labels_of


@pytest.mark.parametrize(
    ("language", "euros", "kroner", "day", "rate"),
    [
        ("en", "€1,234.50", "−NOK 1,234.50", "07/08/2018", "25.5%"),
        ("nl", "€ 1.234,50", "−NOK 1.234,50", "07-08-2018", "25,5 %"),
        ("de-AT", "1.234,50 €", "−1.234,50 NOK", "07.08.2018", "25,5 %"),
        ("fr", "1 234,50 €", "−1 234,50 NOK", "07/08/2018", "25,5 %"),
    ],
)
def test_each_language_writes_in_its_way(language, euros, kroner, day, rate):
    formats = Formats(language)
    written = [
        formats.money(Decimal("1234.5"), "EUR"),
        formats.money(Decimal("-1234.5"), "NOK"),
        formats.day(date(2018, 8, 7)),
        formats.percent(Decimal("25.500")),
    ]
    assert [text.replace("\u00a0", " ").replace("\u202f", " ") for text in written] == [
        euros, kroner, day, rate]  # fmt: skip


def test_unknown_language_is_written_in_english():
    assert Formats("pl").money(Decimal(1), "GBP") == "£1.00"
    assert labels_of("pl").invoice == "Invoice"


def test_amounts_have_the_digits_of_their_currency():
    assert Formats("en").money(Decimal("1234"), "JPY") == "¥1,234"
    assert Formats("en").amount(Decimal("1.5"), "TND") == "1.500"


def test_price_per_kwh_shows_the_digits_it_has():
    assert Formats("en").price(Decimal("0.450000"), "EUR") == "€0.45"
    assert Formats("en").price(Decimal("0.456700"), "EUR") == "€0.4567"


def test_time_is_the_stations():
    winter = datetime(2018, 1, 7, 23, 30, tzinfo=UTC)
    assert Formats("en").moment(winter, "Europe/Amsterdam") == "08/01/2018 00:30"


def test_every_language_has_every_word_with_the_same_gaps():
    gaps = {
        language: {
            word: {name for _, name, _, _ in Formatter().parse(text) if name}
            for word, text in asdict(labels_of(language)).items()
        }
        for language in LANGUAGES
    }
    assert all(gaps[language] == gaps["en"] for language in LANGUAGES)
    assert all(text for language in LANGUAGES for text in asdict(labels_of(language)).values())


@pytest.mark.parametrize("colour", ["#ffff00", "#ffffff", "#e4572e", "#000000", "#047857"])
def test_brand_colour_is_readable_on_paper(colour):
    readable = colours.on_white(colour)
    assert colours._contrast(colours._parse(readable), (255, 255, 255)) >= 4.5
    if colour in {"#000000", "#047857"}:
        assert readable == colour


def test_annex_keeps_every_row_and_its_columns():
    rows = [
        Row(str(n), "07/08/2018 10:00", "Station " * 9, "1.000", "€0.45", "21%", "0.45")
        for n in range(1, 130)
    ]
    pages = list(blocks(rows, heading=rows[0]))
    assert [len(page.text.splitlines()) for page in pages] == [
        LINES_PER_BLOCK, LINES_PER_BLOCK, 129 - 2 * LINES_PER_BLOCK]  # fmt: skip
    assert {len(line) for page in pages for line in page.text.splitlines()} == {
        len(pages[0].heading)}  # fmt: skip
