"""The public stations page: a list without JavaScript, and what the map asks for."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.tariffs.models import TariffNote
from apps.tariffs.services import save_note
from tests.accounts.factories import ProviderFactory
from tests.locations.factories import EvseFactory, LocationFactory
from tests.tariffs.factories import make_version

pytestmark = pytest.mark.django_db


def page(client, *, language: str = "en", **query) -> str:
    answer = client.get(reverse("stations"), query, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def note(place, text: str, **fields) -> None:
    values = {"channel": "MAP", "language": "en", "operator": place.operator, **fields}
    save_note(note=TariffNote(text=text, **values))


def test_station_with_its_prices_and_charging_points(client) -> None:
    place = LocationFactory(name="Stationsplein", city="Utrecht")
    EvseFactory(location=place, status="AVAILABLE")
    EvseFactory(location=place, status="CHARGING")
    EvseFactory(location=place, status="REMOVED")
    make_version(operator=place.operator)
    shown = page(client)
    assert "Stationsplein" in shown
    assert "1 of 2 charging points available" in shown
    assert "0.275 EUR per kWh" in shown


def test_notes_in_the_drivers_language_else_in_english(client) -> None:
    place, other = LocationFactory(), LocationFactory()
    note(place, "Parking is paid")
    note(place, "Parkeren kost geld", language="nl")
    note(place, "for the app", channel="APP")
    note(place, "for one provider", provider=ProviderFactory())
    note(other, "Elsewhere", location=other)
    dutch, french = page(client, language="nl-NL,nl;q=0.9"), page(client, language="fr")
    assert "Parkeren kost geld" in dutch
    assert "Parking is paid" not in dutch
    assert "Parking is paid" in french
    assert "for the app" not in french
    assert "for one provider" not in french


def test_what_is_said_of_one_location_in_english_only_is_shown_in_english(client) -> None:
    place = LocationFactory()
    note(place, "Overal geldig", language="nl")
    note(place, "Mind the step", location=place)
    shown = page(client, language="nl")
    assert '<p class="note" lang="nl">Overal geldig</p>' in shown
    assert '<p class="note" lang="en">Mind the step</p>' in shown


def test_notes_and_tariffs_stay_text(client) -> None:
    evil = "<script>alert(1)</script>"
    place = LocationFactory(name=evil)
    note(place, evil)
    version = make_version(operator=place.operator, tariff_id=evil)
    make_version(operator=place.operator, tariff_id="13")
    version.tariff.name = evil
    version.tariff.save()
    shown = page(client)
    assert "&lt;script&gt;alert" in shown
    assert "<script>alert" not in shown


def test_search_and_nothing_found(client) -> None:
    LocationFactory(name="Alpha", city="Breda")
    LocationFactory(name="Beta", city="Tilburg")
    assert "Beta" not in page(client, q="breda")
    assert "No station was found" in page(client, q="<script>")
    assert "<script>alert" not in page(client, q="<script>alert(1)</script>")


def test_list_has_a_fixed_number_of_queries(client, django_assert_max_num_queries) -> None:
    for _ in range(30):
        place = LocationFactory()
        make_version(operator=place.operator)
        note(place, "a note")
    with django_assert_max_num_queries(4):
        page(client)


def test_pages(client) -> None:
    for _ in range(51):
        LocationFactory()
    assert "Page 1 of 2" in page(client)
    assert 'rel="prev"' in page(client, page="2")
    assert "Page 2 of 2" in page(client, page="999")


def test_points_of_the_map_are_those_with_coordinates(client) -> None:
    place = LocationFactory(latitude=Decimal("52.09"), longitude=Decimal("5.11"))
    LocationFactory()
    (point,) = client.get(reverse("station-points")).json()["points"]
    assert (point["id"], point["lat"], point["lon"]) == (str(place.pk), 52.09, 5.11)


def test_no_tile_server_is_named_unless_it_is_set(client, settings) -> None:
    assert 'data-tiles=""' in page(client)
    settings.STATIONS_TILE_URL = "https://tiles.example.com/{z}/{x}/{y}.png"
    assert 'data-tiles="https://tiles.example.com/' in page(client)


def test_page_is_only_read(client) -> None:
    assert client.post(reverse("stations")).status_code == 405
