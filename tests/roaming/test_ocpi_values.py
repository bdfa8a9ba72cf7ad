"""OCPI as values: times, numbers, headers, pages, patches, amounts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cdrs.messages import Price
from apps.roaming.ocpi import json
from apps.roaming.ocpi.countries import three_letters, two_letters
from apps.roaming.ocpi.errors import BrokenJson
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef, Routing, authorization, blanked, presented_tokens
from apps.roaming.ocpi.merging import merge_patch, merge_session_patch
from apps.roaming.ocpi.pages import Window, next_url
from apps.roaming.ocpi.prices import read_price, write_price
from apps.roaming.ocpi.times import read_time, write_time
from apps.roaming.ocpi.versions import Version, newest_mutual
from apps.roaming.profiles import profile_of, rfid_uid
from apps.roaming.secrets import SecretUnreadable, decrypt_token, encrypt_token

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
numbers = st.decimals(allow_nan=False, allow_infinity=False).map(abs) | st.integers()
values = st.recursive(
    st.none() | st.booleans() | texts | numbers,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_json_comes_back_with_every_digit(value: Any) -> None:
    assert json.read(json.write(value)) == value


def test_numbers_keep_the_digits_they_came_with() -> None:
    assert json.write(json.read('{"price": 0.10, "n": 1E+2}')) == '{"price": 0.10, "n": 1E+2}'


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "[" * 100_000, "{'a': 1}", ""])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(BrokenJson):
        json.read(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back_to_the_millisecond(time: datetime) -> None:
    read = read_time(write_time(time))
    assert read is not None
    assert abs((read - time).total_seconds()) < 0.001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-01T10:00:00Z", "2026-04-01T10:00:00+00:00"),
        ("2026-04-01T10:00:00", "2026-04-01T10:00:00+00:00"),
        ("2026-04-01T10:00:00.1234567Z", "2026-04-01T10:00:00.123456+00:00"),
        ("2026-04-01T12:00:00+02:00", "2026-04-01T10:00:00+00:00"),
        ("2026-04-01", None), ("01/04/2026 10:00", None), ("2026-02-30T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1970-1-1T00:00:00Z", "1970-01-01T00:00:00+00:00"), ("1971-1-1T00:00:00Z", None),
    ],
)  # fmt: skip
def test_times_are_read_as_the_specification_writes_them(text: str, expected: str | None) -> None:
    time = read_time(text)
    assert (time.isoformat() if time else None) == expected


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64))
def test_a_token_is_found_in_its_header_plain_or_base64(token: str) -> None:
    for as_base64 in (True, False):
        assert token in presented_tokens(authorization(token, as_base64=as_base64))


def test_secrets_are_blanked_whatever_the_case_of_their_header() -> None:
    assert blanked({"AUTHORIZATION": "Token x", "Accept": "y"}) == {
        "AUTHORIZATION": "***", "Accept": "y",
    }  # fmt: skip


def test_routing_is_read_without_case_and_turned_round() -> None:
    routing = Routing.read({"ocpi-from-country-code": "nl", "OCPI-From-Party-Id": "cpo"})
    assert routing == Routing(PartyRef("NL", "CPO"), None)
    assert routing.reversed().headers() == {
        "OCPI-to-country-code": "NL", "OCPI-to-party-id": "CPO",
    }  # fmt: skip


@given(st.integers(0, 300), st.integers(1, 50))
def test_pages_cover_the_list_once(total: int, limit: int) -> None:
    seen, url = [], f"http://x/?limit={limit}"
    while url:
        query = dict(pair.split("=") for pair in url.split("?")[1].split("&"))
        window = Window.read(query, max_limit=40)
        seen += list(range(total))[window.offset : window.offset + window.limit]
        url = next_url(window.next_link("http://x/", total=total)) or ""
    assert seen == list(range(total))


def test_a_link_keeps_the_filters() -> None:
    window = Window.read({"limit": "2", "date_from": "2026-01-01T00:00:00Z"}, max_limit=9)
    link = window.next_link("https://a/tokens", total=5)
    assert link == (
        '<https://a/tokens?offset=2&limit=2&date_from=2026-01-01T00:00:00Z>; rel="next"'
    )


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ('<https://a/?x=1>; rel="next"', "https://a/?x=1"), ("<https://a/>; rel=next", "https://a/"),
        ('<https://a/>; rel="prev", <https://b/>; rel="next"', "https://b/"),
        ('<https://a/>; rel="last"', None), ("nonsense", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_the_next_page_is_found_among_links(link: str | None, url: str | None) -> None:
    assert next_url(link) == url


@given(st.dictionaries(texts, values), st.dictionaries(texts, values))
def test_a_patch_twice_is_a_patch_once(stored: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch(stored, patch)
    assert merge_patch(once, patch) == once
    assert all(once[name] == value for name, value in patch.items() if value is not None)


def test_periods_are_appended_and_one_with_the_same_start_is_replaced() -> None:
    stored = {"charging_periods": [{"start_date_time": "a", "n": 1}]}
    patch = {"charging_periods": [{"start_date_time": "a", "n": 2}, {"start_date_time": "b"}]}
    merged = merge_session_patch(stored, patch)["charging_periods"]
    assert merged == [{"start_date_time": "a", "n": 2}, {"start_date_time": "b"}]


@pytest.mark.parametrize("version", list(Version))
def test_an_amount_comes_back_in_each_version(version: Version) -> None:
    price = Price(Decimal("4.60"), Decimal("5.57"))
    read = read_price(Fields({"cost": write_price(price, version)}), "cost")
    if version is Version.V2_1_1:
        assert read == Price(Decimal("4.60"), None), "2.1.1 can't say VAT"
    else:
        assert read == price


def test_the_newest_version_of_both_is_chosen() -> None:
    assert newest_mutual({"2.0": "", "2.1.1": "", "2.2.1": ""}) is Version.V2_2_1
    assert newest_mutual({"2.2": ""}) is None


@pytest.mark.parametrize(("three", "two"), [("NLD", "NL"), ("deu", "DE"), ("GB", "GB"), ("?", "")])
def test_countries_become_two_letters(three: str, two: str) -> None:
    assert two_letters(three) == two
    if two:
        assert two_letters(three_letters(two)) == two


@pytest.mark.parametrize(
    ("uid", "sent"),
    [("1a2b3c", "001A2B3C"), ("1A2B3C4D5E6F70", "1A2B3C4D5E6F70"), ("123456789", "00000123456789"),
     ("card 7", None), ("", None), ("1" * 15, None)],
)  # fmt: skip
def test_gireve_wants_8_or_14_hexadecimal_digits(uid: str, sent: str | None) -> None:
    assert rfid_uid(uid) == sent


def test_gireve_is_another_party_in_its_preproduction() -> None:
    assert str(profile_of("GIREVE", "2.2.1").hub) == "FR*007"
    assert str(profile_of("GIREVE_TEST", "2.1.1").hub) == "FR*107"


def test_a_stored_token_needs_the_key_it_was_stored_with(settings: Any) -> None:
    stored = encrypt_token("their-token")
    assert "their-token" not in stored
    assert decrypt_token(stored) == "their-token"
    settings.SECRET_KEY = "another"
    with pytest.raises(SecretUnreadable):
        decrypt_token(stored)
