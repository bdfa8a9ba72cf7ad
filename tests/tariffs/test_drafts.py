"""A tariff in rows: what the form shows, and that nothing else is lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tariffs.admin.rows import write_json
from apps.tariffs.drafts import (
    MOST_COMPONENTS,
    MOST_ELEMENTS,
    NotTabular,
    change_rows,
    content_of,
    draft_of,
    kept_names,
)
from apps.tariffs.problems import Problem, problems_of
from tests.tariffs.messages import Json, component, element, flat_tariff, tariff

# A tariff with everything that the form has no field for.
RICH: Json = {
    "country_code": "NL", "party_id": "DLT", "id": "12", "currency": "EUR", "type": "REGULAR",
    "tariff_alt_text": [{"language": "en", "text": "<b>dear</b>"}],
    "min_price": {"excl_vat": "0.50", "hint": "x"}, "max_price": 40,
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.4900", "step_size": 1.0,
                 "price_round": {"round_granularity": "TENTH", "round_rule": "ROUND_UP"}},
                {"type": "SUNSHINE", "price": 1},
            ],
            "restrictions": {"start_time": "24:00", "day_of_week": ["monday", "HOLIDAY"],
                             "max_kwh": Decimal("20.5"), "moon": "full"},
            "vendor": {"a": [1]},
        },
        {"price_components": [{"type": "FLAT", "price": 0}], "restrictions": None},
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_untouched_tariff_comes_back_as_it_was(version: str) -> None:
    again = content_of(draft_of(RICH), version=version)
    assert again == RICH
    assert str(again["elements"][0]["price_components"][0]["price"]) == "0.4900"


_TEXT = st.one_of(st.none(), st.text(max_size=8), st.integers(), st.decimals(allow_nan=False))
_VALUES = st.dictionaries(st.text(min_size=1, max_size=6), st.lists(st.integers(), max_size=2))


@given(head=_VALUES, price=_TEXT, more=_VALUES)
def test_unknown_fields_are_never_lost(head: Json, price: object, more: Json) -> None:
    part = {**more, "type": "ENERGY", "price": price, "vat": None, "step_size": 1}
    told = {**head, "currency": "EUR", "elements": [{**more, "price_components": [part]}]}
    for name in ("min_price", "max_price", "tax_included", "restrictions"):
        told.pop(name, None)
        told["elements"][0].pop(name, None)
    assert content_of(draft_of(told), version="2.2.1") == told


def test_changed_fields_are_numbers_and_emptied_ones_are_gone() -> None:
    draft = draft_of(RICH)
    first = draft.elements[0]
    first.components[0].texts.update(price="0.39", vat="21", step_size="")
    first.texts.update(start_time="", max_kwh="30")
    first.days = ["SATURDAY"]
    draft.texts.update(min_price_excl="", max_price_incl="50")
    told = content_of(draft, version="2.3.0")
    part = told["elements"][0]["price_components"][0]
    assert (part["price"], part["vat"], "step_size" in part) == (Decimal("0.39"), 21, False)
    assert part["price_round"]["round_rule"] == "ROUND_UP"
    assert told["elements"][0]["restrictions"] == {
        "day_of_week": ["SATURDAY"], "max_kwh": 30, "moon": "full",
    }  # fmt: skip
    assert "min_price" not in told
    assert told["max_price"] == {"before_taxes": 40, "after_taxes": 50}


@pytest.mark.parametrize("text", ["1e999999999", "-1E5000", "9" * 5000, "1e-999999999", "Infinity"])
def test_number_that_takes_too_long_to_write_stays_as_it_was_typed(text: str) -> None:
    draft = draft_of(flat_tariff(component("ENERGY", "0.49")))
    draft.elements[0].components[0].texts["price"] = text
    told = content_of(draft, version="2.2.1")
    assert told["elements"][0]["price_components"][0]["price"] == text


def test_number_of_the_json_that_takes_too_long_to_write_is_shown_as_it_is() -> None:
    vast = Decimal("1E+999999999")
    told = tariff(element({**component("ENERGY", "0"), "price": vast}))
    assert draft_of(told).elements[0].components[0].texts["price"] == "1E+999999999"
    assert "1E+999999999" in write_json(told)


def test_what_has_no_field_is_named() -> None:
    assert kept_names(draft_of(RICH)) == [
        "country_code", "party_id", "type", "tariff_alt_text", "elements[0].vendor",
        "elements[0].restrictions.moon", "elements[0].price_components[0].price_round",
    ]  # fmt: skip


def test_rows_move_with_all_that_belongs_to_them() -> None:
    draft = draft_of(RICH)
    assert change_rows(draft, "down:0")
    told = content_of(draft, version="2.2.1")
    assert told["elements"][1]["vendor"] == {"a": [1]}
    assert change_rows(draft, "up:0")
    assert content_of(draft, version="2.2.1")["elements"][0]["vendor"] == {"a": [1]}
    change_rows(draft, "copy-element:0")
    change_rows(draft, "remove-element:0")
    again = content_of(draft, version="2.2.1")
    assert again["elements"][0] == RICH["elements"][0]
    assert len(again["elements"]) == 2


def test_rows_are_added_and_removed() -> None:
    draft = draft_of(flat_tariff(component("ENERGY", "0.25")))
    change_rows(draft, "add-element")
    change_rows(draft, "add-component:1")
    change_rows(draft, "remove-component:0:0")
    assert [[part.texts["type"] for part in row.components] for row in draft.elements] == [
        [],
        ["ENERGY", "FLAT"],
    ]
    assert not change_rows(draft, "save")
    assert change_rows(draft, "up:nobody")


def test_rows_are_bounded() -> None:
    draft = draft_of(tariff(*[element(component("ENERGY", "1"))] * MOST_ELEMENTS))
    with pytest.raises(NotTabular):
        change_rows(draft, "add-element")
    for _ in range(MOST_COMPONENTS - 1):
        change_rows(draft, "add-component:0")
    with pytest.raises(NotTabular):
        change_rows(draft, "add-component:0")
    assert len(draft.elements) == MOST_ELEMENTS


@pytest.mark.parametrize(
    "terms",
    [
        {"elements": 5},
        {"elements": ["x"]},
        {"elements": [{"price_components": [{"type": ["ENERGY"]}]}]},
        {"elements": [{"restrictions": [1]}]},
        {"elements": [{}] * (MOST_ELEMENTS + 1)},
        {"elements": [], "min_price": {"excl_vat": {}}},
        {"elements": [], "currency": True},
    ],
)
def test_what_rows_can_not_show_is_left_to_the_json(terms: Json) -> None:
    with pytest.raises(NotTabular):
        draft_of(terms)


def test_all_problems_are_told_each_at_its_place() -> None:
    terms = tariff(
        element(component("ENERGY", "1"), {"type": "FLAT", "price": "a"}, start_time="25:00",
                min_kwh="x"),
        element({"type": "TIME"}),
        min_price={"excl_vat": "much"},
    )  # fmt: skip
    assert problems_of(terms, version="2.2.1") == [
        Problem("min_price.excl_vat", "'much' is no number"),
        Problem("elements[0].restrictions.min_kwh", "'x' is no number"),
        Problem("elements[0].restrictions.start_time", "'25:00' is no time of day like 13:30"),
        Problem("elements[0].price_components[1].price", "'a' is no number"),
        Problem("elements[1].price_components[0].price", "is missing"),
    ]
    assert problems_of({}, version="2.2.1") == [Problem("elements", "is missing")]
    assert "9.9" in problems_of(terms, version="9.9")[-1].text
    assert problems_of(flat_tariff(component("ENERGY", "1")), version="2.2.1") == []


@pytest.mark.parametrize("elements", [[5], [{"price_components": 5}], [{"restrictions": "x"}], "x"])
def test_any_shape_of_problem_comes_to_an_end(elements: object) -> None:
    found = problems_of({"elements": elements}, version="2.2.1")
    assert 1 <= len(found) <= 3
