"""README tells the truth: its links lead somewhere, its commands exist, its examples work."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
    gone = [target for target in targets if not (page.parent / target).exists()]
    assert not gone


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_the_pages_name_exist(page):
    named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text()))
    assert named <= set(get_commands())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_benchmarks_that_the_pages_name_exist(page):
    named = set(re.findall(r"benchmarks/[a-z_]+\.(?:py|sh)", page.read_text()))
    assert not [name for name in named if not (ROOT / name).exists()]


def output_of(command: str, file: str) -> list[dict]:
    out = StringIO()
    call_command(command, str(ROOT / "docs" / "examples" / file), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_vat_example_shows_charged_reversed_and_held():
    decisions = output_of("decide_vat", "vat.jsonl")
    assert [(d["status"], d["category"]) for d in decisions] == [
        ("ok", "S"), ("ok", "AE"), ("hold", None),
    ]  # fmt: skip


def test_the_price_example_is_priced_and_explained():
    [priced] = output_of("price_cdrs", "price.jsonl")
    assert priced["total_cost"]["excl_vat"] == "6.5000"
    assert priced["explanation"]
