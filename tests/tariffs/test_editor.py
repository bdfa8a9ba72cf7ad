"""The tariff editor's rows, through the browser's door and without any script."""

import json
import re
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.tariffs.models import Tariff, TariffVersion
from tests.accounts.factories import ProviderFactory, UserFactory
from tests.core.staff import staff_client
from tests.locations.factories import OperatorFactory
from tests.tariffs.factories import make_version
from tests.tariffs.forms import read_form
from tests.tariffs.messages import component, element, flat_tariff, tariff
from tests.tariffs.test_drafts import RICH

pytestmark = pytest.mark.django_db
DAY = {"start_time": "08:00", "end_time": "18:00"}


class Editor:
    """The editor in a browser without JavaScript: fields are typed, buttons pressed."""

    def __init__(self, client: Client, of: Tariff) -> None:
        self.client = client
        self.address = reverse("admin:tariffs_tariff_new_version", args=[of.pk])
        self.page = client.get(self.address).content.decode()

    @property
    def fields(self) -> dict[str, list[str]]:
        return read_form(self.page, 'class="tariff-editor"')

    def press(self, button: str, **typed: Any) -> str:
        told = {**self.fields, **{name.replace("_0", "-0"): value for name, value in typed.items()}}
        answer = self.client.post(self.address, {**told, "do": button}, follow=True)
        self.page = answer.content.decode()
        return self.page

    def save(self, **typed: Any) -> str:
        told = {"active_from": "2030-01-01T00:00", "reason": "new prices", **typed}
        return self.press("save", **told)


def edit(content: dict[str, Any] | None = None, role: Role = Role.ADMINISTRATOR) -> Editor:
    version = make_version(operator=OperatorFactory(), content=content)
    return Editor(staff_client(role), version.tariff)


def newest() -> TariffVersion:
    version: TariffVersion = TariffVersion.objects.order_by("-number").first()
    return version


def error_at(page: str, name: str) -> str:
    """What stands as the error of this field; the field must point to it."""
    found = re.search(rf'id="id_{name}-error"[^>]*>([^<]*)<', page)
    assert found
    assert re.search(rf'id="id_{name}"[^>]*aria-describedby="id_{name}-error"', page)
    return found[1]


def test_price_is_changed_in_a_row_and_all_else_is_kept() -> None:
    editor = edit(RICH)
    assert "tariff_alt_text" in editor.page
    page = editor.save(**{"e-0-c-0-price": "0.55"})
    assert "version 2 was added" in page
    told = newest().content
    first = told["elements"][0]
    assert first["price_components"][0]["price"] == "0.55"
    assert first["vendor"] == {"a": [1]}
    assert first["restrictions"]["day_of_week"] == ["monday", "HOLIDAY"]
    assert told["tariff_alt_text"] == RICH["tariff_alt_text"]
    assert told["max_price"] == 40


def test_saving_what_nobody_touched_adds_nothing() -> None:
    editor = edit(RICH)
    assert "nothing was added" in editor.save()
    assert TariffVersion.objects.count() == 1


def test_rows_are_added_moved_and_removed_by_buttons() -> None:
    editor = edit(flat_tariff(component("ENERGY", "0.25", vat="10")))
    editor.press("add-element", **{"e-0-c-0-price": "0.30"})
    editor.press("add-component:1", **{"e-1-c-0-price": "0.40", "e-1-days": ["SATURDAY"]})
    editor.press("up:1", **{"e-1-c-1-type": "FLAT", "e-1-c-1-price": "1"})
    assert "version 2 was added" in editor.save(**{"e-1-start_time": "07:00"})
    first, second = newest().content["elements"]
    assert [part["type"] for part in first["price_components"]] == ["ENERGY", "FLAT"]
    assert first["restrictions"] == {"start_time": "07:00", "day_of_week": ["SATURDAY"]}
    assert second["price_components"][0]["price"] == "0.30"
    editor = Editor(editor.client, newest().tariff)
    editor.press("remove-component:0:1")
    editor.press("remove-element:1")
    editor.save(active_from="2031-01-01T00:00")
    assert [len(each["price_components"]) for each in newest().content["elements"]] == [1]


def test_each_error_stands_at_its_field_and_nothing_typed_is_lost() -> None:
    editor = edit(tariff(element(component("ENERGY", "1"), **DAY), element(component("FLAT", "1"))))
    page = editor.save(**{
        "e-0-c-0-price": "cheap", "e-0-start_time": "25:00", "e-1-c-0-vat": "x",
        "t-currency": "EURO", "t-min_price_incl": "much", "reason": "",
    })  # fmt: skip
    assert "is no number" in error_at(page, "e-0-c-0-price")
    assert "is no time of day" in error_at(page, "e-0-start_time")
    assert "is no number" in error_at(page, "e-1-c-0-vat")
    assert "ISO 4217" in error_at(page, "t-currency")
    assert "is no number" in error_at(page, "t-min_price_incl")
    assert 'id="id_reason_error"' in page
    assert editor.fields["e-0-c-0-price"] == ["cheap"]
    assert editor.fields["e-0-start_time"] == ["25:00"]
    assert TariffVersion.objects.count() == 1


def test_overlap_is_told_at_the_beginning_of_the_version() -> None:
    editor = edit()
    page = editor.save(active_from="2019-01-01T00:00")
    assert "is in force from 1 Jan 2020" in page
    assert 'id="id_active_from_error"' in page
    assert "It ends before it begins" in editor.save(active_to="2029-01-01T00:00")


def test_warning_stands_at_its_row() -> None:
    editor = edit(tariff(element(component("ENERGY", "1")), element(component("ENERGY", "2"))))
    rows = editor.page.split('class="tariff-element"')
    assert "never reached" not in rows[1]
    assert "ENERGY is never reached: element 1 (no restrictions) comes first." in rows[2]


def test_sample_is_adjusted_and_priced() -> None:
    editor = edit(
        flat_tariff(component("ENERGY", "0.25", vat="10"), component("FLAT", "1", vat="10"))
    )
    assert "30 kWh on a Wednesday at 18:00: 2 h of charging at 50 kW costs" in editor.page
    assert "energy EUR 7.50" in editor.page
    page = editor.press(
        "preview", **{"sample-kwh": "10", "sample-day": "5", "sample-parking_minutes": 90}
    )
    assert (
        "10 kWh on a Saturday at 18:00: 2 h of charging at 50 kW, then 1 h 30 min of parking"
        in page
    )
    assert "EUR 3.85" in page
    page = editor.press("preview", **{"sample-kwh": "-1"})
    assert 'id="id_sample-kwh_error"' in page


def test_json_and_rows_are_two_ways_to_look_at_one_tariff() -> None:
    editor = edit()
    editor.press("as-json", **{"e-0-c-0-price": "0.31"})
    told = json.loads(editor.fields["content"][0])
    assert told["elements"][0]["price_components"][0]["price"] == 0.31
    told["elements"][0]["price_components"].append({"type": "FLAT", "price": 2})
    editor.press("as-rows", content=json.dumps(told))
    assert editor.fields["e-0-c-1-price"] == ["2"]
    editor.press("as-json")
    assert "This is no JSON" in editor.press("as-rows", content="{")
    assert editor.fields["mode"] == ["json"]


def test_row_whose_key_no_page_gave_is_left_out() -> None:
    editor = edit()
    assert "tariff-editor" in editor.press("add-element", element=["9" * 5000])
    assert newest().number == 1


def test_tariff_that_rows_can_not_show_opens_as_json() -> None:
    editor = edit(tariff(*[element(component("ENERGY", "1"), max_kwh=n + 1) for n in range(60)]))
    assert editor.fields["mode"] == ["json"]
    assert "more than 50 are edited as JSON" in editor.press("as-rows")
    assert editor.fields["mode"] == ["json"]


def test_what_is_typed_stays_text() -> None:
    evil = '"><script>alert(1)</script>'
    told = {**RICH, "tariff_alt_url": "javascript:alert(1)", "name<script>": evil,
            "tariff_alt_text": [{"language": "en", "text": evil}]}  # fmt: skip
    editor = edit(told)
    assert "<script>alert" not in editor.page
    assert 'href="javascript' not in editor.page
    typed = {"e-0-c-0-type": evil, "e-0-c-0-price": evil, "e-0-days": [evil], "t-currency": evil,
             "e-0-start_time": evil, "sample-kwh": evil, "ocpi_version": evil}  # fmt: skip
    for button in ("preview", "save", "as-json", evil, f"up:{evil}"):
        assert "<script>alert" not in editor.press(button, **typed)
    assert "<script>alert" not in editor.press("preview", element=[evil, "0"])


@pytest.mark.parametrize(
    "content",
    [
        flat_tariff(component("ENERGY", "1"), *[{"type": "X", "price": "a"}] * 3000),
        tariff(*[element(component("ENERGY", "1"), min_kwh=9, max_kwh=n) for n in range(3000)]),
        tariff(*[element({"type": "ENERGY", "price": "x"})] * 3000),
        {"elements": "x" * 100_000},
    ],
)
def test_enormous_tariffs_are_answered_in_bounded_time(content: Any) -> None:
    client = staff_client(Role.FINANCE)
    told = {"mode": "json", "content": json.dumps(content, default=str), "ocpi_version": "2.2.1"}
    began = time.process_time()
    assert client.post(reverse("admin:tariffs_preview"), told).status_code == 200
    assert time.process_time() - began < 3


def test_enormous_forms_are_refused() -> None:
    client = staff_client(Role.FINANCE)
    address = reverse("admin:tariffs_preview")
    rows = {"mode": "rows", "element": [str(n) for n in range(4000)], "base": "{}"}
    assert "edited as JSON" in client.post(address, rows).content.decode()
    assert client.post(address, {f"f{n}": "" for n in range(6000)}).status_code == 400


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.AUDITOR])
def test_who_may_only_look_changes_nothing(role: Role) -> None:
    version = make_version(operator=OperatorFactory())
    client = staff_client(role)
    page = client.get(reverse("admin:tariffs_tariff_change", args=[version.tariff.pk]))
    assert "Plan another version" not in page.content.decode()
    editor = reverse("admin:tariffs_tariff_new_version", args=[version.tariff.pk])
    withdraw = reverse("admin:tariffs_tariff_withdraw", args=[version.tariff.pk, 1])
    for address in (editor, withdraw):
        assert client.get(address).status_code == 403
        assert client.post(address, {"reason": "x", "do": "save"}).status_code == 403
    assert client.post(reverse("admin:tariffs_preview"), {"mode": "json"}).status_code == 200
    assert TariffVersion.objects.count() == 1


def test_strangers_see_nothing() -> None:
    version = make_version(provider=ProviderFactory())
    addresses = [
        reverse("admin:tariffs_tariff_change", args=[version.tariff.pk]),
        reverse("admin:tariffs_tariff_new_version", args=[version.tariff.pk]),
        reverse("admin:tariffs_tariff_withdraw", args=[version.tariff.pk, 1]),
        reverse("admin:tariffs_preview"),
    ]
    nobody = staff_client()
    assert {nobody.get(each).status_code for each in addresses} == {403}
    portal = Client()
    portal.force_login(UserFactory(provider=ProviderFactory()))
    assert {portal.get(each).status_code for each in addresses} == {302}
    assert {portal.post(each).status_code for each in addresses} == {302}


def test_validity_of_the_tariff_is_edited_in_rows_like_the_engine_reads_it() -> None:
    content = {**flat_tariff(component("ENERGY", "0.25")), "end_date_time": "2030-01-01T00:00:00Z"}
    editor = edit(content)
    assert editor.fields["t-end_date_time"] == ["2030-01-01T00:00"]
    assert 'type="datetime-local"' in editor.page
    page = editor.press("preview", **{"t-start_date_time": "2029-07-01T10:30"})
    assert "valid from 1 July 2029, 10:30 UTC until 1 January 2030, 00:00 UTC" in page
    page = editor.press("preview", **{"t-start_date_time": "soon"})
    assert "is no timestamp" in error_at(page, "t-start_date_time")
    assert "was added" not in editor.save()
    page = editor.press("preview", **{"t-start_date_time": "2031-07-01T10:30"})
    assert "The tariff ends before it starts." in page
    assert "not valid at this time" in page
    editor.save(**{"t-start_date_time": "2029-07-01T10:30"})
    told = newest().content
    assert told["start_date_time"] == "2029-07-01T10:30:00Z"
    assert told["end_date_time"] == "2030-01-01T00:00:00Z"


def test_spelling_of_a_validity_that_nobody_touched_is_kept() -> None:
    content = {
        **flat_tariff(component("ENERGY", "0.25")),
        "start_date_time": "2029-07-01T10:30:00+02:00", "end_date_time": "2030-01-01T00:00:00",
    }  # fmt: skip
    editor = edit(content)
    editor.save(**{"e-0-c-0-price": "0.30"})
    told = newest().content
    assert told["start_date_time"] == content["start_date_time"]
    assert told["end_date_time"] == content["end_date_time"]
    editor = Editor(editor.client, newest().tariff)
    editor.save(active_from="2031-01-01T00:00", **{"t-end_date_time": ""})
    assert "end_date_time" not in newest().content


def test_a_2_1_1_tariff_has_no_validity_to_edit() -> None:
    editor = edit(flat_tariff(component("ENERGY", "0.25")))
    assert "t-start_date_time" in editor.fields
    editor.press("preview", ocpi_version="2.1.1")
    assert "t-start_date_time" not in editor.fields
