"""Staff screens of the tariff book, through the browser's door."""

import json

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.tariffs.models import Tariff, TariffNote, TariffVersion
from tests.core.staff import staff_client
from tests.locations.factories import LocationFactory, OperatorFactory
from tests.tariffs.factories import PER_KWH, make_version
from tests.tariffs.messages import component, flat_tariff

pytestmark = pytest.mark.django_db


def editor_of(tariff: Tariff) -> str:
    return reverse("admin:tariffs_tariff_new_version", args=[tariff.pk])


def posted(content: object, **fields: str) -> dict[str, str]:
    text = content if isinstance(content, str) else json.dumps(content, default=str)
    return {
        "mode": "json", "content": text, "ocpi_version": "2.2.1", "do": "save",
        "active_from": "2030-01-01T00:00",
        "active_to": "", "reason": "new year",
        "sample-kwh": "30", "sample-day": "2", "sample-start": "18:00",
        "sample-charging_minutes": "120", "sample-kw": "50", "sample-parking_minutes": "0",
        **fields,
    }  # fmt: skip


def test_new_version_is_added_through_the_editor() -> None:
    first = make_version(operator=OperatorFactory())
    client = staff_client(Role.ADMINISTRATOR)
    page = client.get(editor_of(first.tariff)).content.decode()
    assert "30 kWh on a weekday evening, 2 h, 50 kW" in page
    assert "EUR 7.50" in page
    assert "<svg" in page
    same = client.post(editor_of(first.tariff), posted(PER_KWH), follow=True)
    assert "nothing was added" in same.content.decode()
    dearer = flat_tariff(component("ENERGY", "0.30"))
    answer = client.post(editor_of(first.tariff), posted(dearer), follow=True)
    assert "version 2 was added" in answer.content.decode()
    assert TariffVersion.objects.filter(tariff=first.tariff).count() == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "This is no JSON"),
        ('{"remark": NaN}', "NaN is no number of JSON"),
        ('{"remark": "\\u0000"}', "null character"),
        ({"currency": "EUR", "elements": []}, "elements: is missing"),
        ({**PER_KWH, "currency": "XXX"}, "currency: An ISO 4217 currency code"),
        ({**PER_KWH, "id": "OTHER"}, "The JSON is of the tariff OTHER; this is 12."),
    ],
)
def test_content_that_can_not_be_kept_stays_in_the_editor_with_the_reason(
    content: object, words: str
) -> None:
    tariff = make_version(operator=OperatorFactory()).tariff
    page = staff_client(Role.ADMINISTRATOR).post(editor_of(tariff), posted(content))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert TariffVersion.objects.filter(tariff=tariff).count() == 1


def test_preview_warns_while_it_is_typed() -> None:
    client = staff_client(Role.FINANCE)
    content = {**PER_KWH, "elements": [*PER_KWH["elements"], *PER_KWH["elements"]]}
    answer = client.post(reverse("admin:tariffs_preview"), posted(content, do=""))
    assert "Element 2:" in answer.content.decode()
    assert "never reached" in answer.content.decode()
    broken = client.post(reverse("admin:tariffs_preview"), posted("nonsense"))
    assert "This is no JSON" in broken.content.decode()


def test_finance_sees_tariffs_and_does_not_change_them() -> None:
    tariff = make_version(operator=OperatorFactory()).tariff
    client = staff_client(Role.FINANCE)
    page = client.get(reverse("admin:tariffs_tariff_change", args=[tariff.pk]))
    assert page.status_code == 200
    assert "Version 1" in page.content.decode()
    assert client.get(editor_of(tariff)).status_code == 403
    assert client.get(reverse("admin:tariffs_tariff_add")).status_code == 403


def test_tariff_is_entered_for_one_owner() -> None:
    operator = OperatorFactory()
    client = staff_client(Role.ADMINISTRATOR)
    add = reverse("admin:tariffs_tariff_add")
    fields = {"tariff_id": "DAY", "name": "Day tariff", "operator": operator.pk}
    assert client.post(add, fields).status_code == 302
    assert Tariff.objects.get().owner == operator
    assert client.post(add, {"tariff_id": "X", "name": ""}).status_code == 200
    assert Tariff.objects.count() == 1


def test_note_of_a_foreign_location_is_refused() -> None:
    client = staff_client(Role.SUPPORT)
    add = reverse("admin:tariffs_tariffnote_add")
    fields = {
        "text": "Dear drivers", "language": "en", "channel": "MAP", "priority": "0",
        "operator": OperatorFactory().pk, "location": LocationFactory().pk,
    }  # fmt: skip
    page = client.post(add, fields, follow=True)
    assert "is no location of" in page.content.decode()
    assert TariffNote.objects.count() == 0
    assert client.post(add, {**fields, "location": ""}).status_code == 302
    assert TariffNote.objects.get().text == "Dear drivers"
