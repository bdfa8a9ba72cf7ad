"""What operators push arrives in the platform and is given back as it was sent."""

from decimal import Decimal
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.test import Client

from apps.cdrs.models import CDR, CdrConflict, ChargingSession
from apps.locations.models import Connector, Evse, Location, Operator
from apps.remote_sessions.services.finding import ConnectorUnknown, find_connector
from apps.roaming.models import KeptObject
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory
from tests.roaming.messages import cdr, connector, evse, location, period, session, tariff

pytestmark = pytest.mark.django_db
LATER = "2026-04-01T12:00:00Z"


@pytest.fixture
def cpo() -> PeerClient:
    PeerFactory(token="secret")
    return PeerClient("secret")


def test_a_location_is_published_with_its_evses_and_connectors(cpo: PeerClient) -> None:
    assert status(cpo.put("locations/NL/CPO/LOC1", location())) == (201, 1000)
    stored = Location.objects.get()
    assert (stored.operator.party, stored.operator.name) == ("NL*CPO", "Operator")
    assert (stored.name, stored.country, stored.time_zone) == (
        "Harbour 1", "NL", "Europe/Amsterdam",
    )  # fmt: skip
    assert Evse.objects.get().evse_id == "NL*CPO*E1"
    assert Connector.objects.get().max_power_watt == 11040


def test_ids_compare_without_case(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    again = location(id="loc1", name="Renamed", last_updated=LATER)
    assert status(cpo.put("locations/nl/cpo/loc1", again)) == (200, 1000)
    assert Location.objects.get().name == "Renamed"


def test_an_evse_put_into_a_location_renews_its_parents(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    new = evse(2, last_updated=LATER)
    assert status(cpo.put("locations/NL/CPO/LOC1/E2", new)) == (201, 1000)
    kept = cpo.get("locations/NL/CPO/LOC1").json()["data"]
    assert [each["uid"] for each in kept["evses"]] == ["E1", "E2"]
    assert kept["last_updated"] == LATER
    assert Evse.objects.count() == 2


def test_a_connector_put_renews_evse_and_location(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    cpo.put("locations/NL/CPO/LOC1/E1/2", connector(id="2", last_updated=LATER))
    kept = cpo.get("locations/NL/CPO/LOC1").json()["data"]
    assert kept["last_updated"] == kept["evses"][0]["last_updated"] == LATER
    assert len(kept["evses"][0]["connectors"]) == 2


def test_an_evse_of_an_unknown_location_is_2003(cpo: PeerClient) -> None:
    assert status(cpo.put("locations/NL/CPO/NONE/E1", evse())) == (404, 2003)


def test_a_status_patch_reaches_the_platform(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    patch = {"status": "CHARGING", "last_updated": LATER}
    assert status(cpo.patch("locations/NL/CPO/LOC1/E1", patch)) == (200, 1000)
    assert Evse.objects.get().status == "CHARGING"
    assert cpo.get("locations/NL/CPO/LOC1/E1").json()["data"]["status"] == "CHARGING"


def test_an_evse_is_removed_by_its_status_and_by_being_left_out(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location(evses=[evse(1), evse(2)]))
    cpo.patch("locations/NL/CPO/LOC1/E1", {"status": "REMOVED", "last_updated": LATER})
    cpo.put("locations/NL/CPO/LOC1", location(evses=[evse(1)], last_updated=LATER))
    statuses = dict(Evse.objects.values_list("uid", "status"))
    assert statuses == {"E1": "AVAILABLE", "E2": "REMOVED"}


def test_a_connector_that_is_no_longer_listed_is_removed_and_comes_back(cpo: PeerClient) -> None:
    both = evse(connectors=[connector(), connector(id="2")])
    cpo.put("locations/NL/CPO/LOC1", location(evses=[both]))
    cpo.put("locations/NL/CPO/LOC1/E1", evse(last_updated=LATER))
    assert dict(Connector.objects.values_list("connector_id", "is_removed")) == {
        "1": False, "2": True,
    }  # fmt: skip
    with pytest.raises(ConnectorUnknown):
        find_connector(evse=Evse.objects.get(), text="2")
    cpo.put("locations/NL/CPO/LOC1/E1/2", connector(id="2", last_updated=LATER))
    assert find_connector(evse=Evse.objects.get(), text="2") is not None


def test_the_connectors_of_a_removed_evse_stay_as_they_were(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location(evses=[evse(1), evse(2)]))
    cpo.put("locations/NL/CPO/LOC1", location(evses=[evse(1)], last_updated=LATER))
    assert not Connector.objects.filter(is_removed=True).exists()


def test_a_location_that_a_status_overtook_says_the_rest_of_it(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    cpo.patch("locations/NL/CPO/LOC1/E1", {"status": "CHARGING", "last_updated": LATER})
    cpo.put("locations/NL/CPO/LOC1/E2", evse(2, last_updated=LATER))
    between = location(name="Renamed", last_updated="2026-04-01T11:00:00Z")
    assert status(cpo.put("locations/NL/CPO/LOC1", between)) == (200, 1000)
    kept = cpo.get("locations/NL/CPO/LOC1").json()["data"]
    assert (kept["name"], kept["last_updated"]) == ("Renamed", LATER)
    assert [evse["status"] for evse in kept["evses"]] == ["CHARGING", "AVAILABLE"]
    assert Location.objects.get().name == "Renamed"
    statuses = dict(Evse.objects.values_list("uid", "status"))
    assert statuses == {"E1": "CHARGING", "E2": "AVAILABLE"}
    cpo.patch("locations/NL/CPO/LOC1", {"name": "Old", "last_updated": "2026-04-01T10:30:00Z"})
    cpo.put("locations/NL/CPO/LOC1", location(name="Old"))
    assert cpo.get("locations/NL/CPO/LOC1").json()["data"] == kept


def test_an_older_message_is_ignored(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location(last_updated=LATER))
    assert status(cpo.put("locations/NL/CPO/LOC1", location(name="Old"))) == (200, 1000)
    old = {"name": "Old", "last_updated": "2026-01-01T00:00:00Z"}
    assert status(cpo.patch("locations/NL/CPO/LOC1", old)) == (200, 1000)
    assert cpo.get("locations/NL/CPO/LOC1").json()["data"]["name"] == "Harbour 1"
    assert Location.objects.get().name == "Harbour 1"


def test_a_patch_of_evses_and_connectors_leaves_the_others_as_they_are(cpo: PeerClient) -> None:
    both = evse(connectors=[connector(), connector(id="2")])
    cpo.put("locations/NL/CPO/LOC1", location(evses=[both, evse(2)]))
    plug = {"id": "2", "max_amperage": 32}
    patch = {"evses": [{"uid": "e1", "status": "CHARGING", "connectors": [plug]}, evse(3)]}
    sent = cpo.patch("locations/NL/CPO/LOC1", patch | {"last_updated": LATER})
    assert status(sent) == (200, 1000)
    first, second, third = cpo.get("locations/NL/CPO/LOC1").json()["data"]["evses"]
    assert first == both | {
        "uid": "e1", "status": "CHARGING",
        "connectors": [connector(), connector(id="2", max_amperage=32)],
    }  # fmt: skip
    assert (second, third) == (evse(2), evse(3))
    patch = {"connectors": [{"id": "1", "max_amperage": 20}], "last_updated": LATER}
    assert status(cpo.patch("locations/NL/CPO/LOC1/E1", patch)) == (200, 1000)
    plugs = cpo.get("locations/NL/CPO/LOC1/E1").json()["data"]["connectors"]
    assert [each["max_amperage"] for each in plugs] == [20, 32]
    assert set(Evse.objects.values_list("status", flat=True)) == {"AVAILABLE", "CHARGING"}


def test_an_id_with_spaces_around_it_makes_no_second_evse(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location())
    cpo.put("locations/NL/CPO/LOC1/E1", evse(uid=" E1 ", last_updated=LATER))
    assert len(cpo.get("locations/NL/CPO/LOC1").json()["data"]["evses"]) == 1


def test_a_2_1_1_patch_without_a_time_does_not_make_the_next_message_old() -> None:
    PeerFactory(token="old", version="2.1.1")
    peer = PeerClient("old", "2.1.1")
    peer.put("locations/NL/CPO/LOC1", location())
    assert status(peer.patch("locations/NL/CPO/LOC1/E1", {"status": "CHARGING"})) == (200, 1000)
    assert Evse.objects.get().status == "CHARGING"
    peer.put("locations/NL/CPO/LOC1", location(name="Renamed", last_updated=LATER))
    assert Location.objects.get().name == "Renamed"


def test_what_was_said_in_another_version_does_not_make_a_message_old(cpo: PeerClient) -> None:
    cpo.version = "2.1.1"
    cpo.put("locations/NL/CPO/LOC1", location(last_updated=LATER))
    cpo.version = "2.2.1"
    cpo.put("locations/NL/CPO/LOC1", location())
    assert cpo.get("locations/NL/CPO/LOC1").json()["data"] == location()


def test_ids_of_2_1_1_have_39_characters(cpo: PeerClient) -> None:
    cpo.version = "2.1.1"
    place = "L" * 39
    assert status(cpo.put(f"locations/NL/CPO/{place}", location(id=place))) == (201, 1000)
    assert Location.objects.get().location_id == place
    body = session(location=location(id=place), location_id=None, auth_id="NL-EVC-C1")
    assert status(cpo.put("sessions/NL/CPO/S1", body)) == (201, 1000)


@pytest.mark.parametrize("name", ["Stra\u00dfe", "\u0390" * 36, "tab\there"])
def test_an_id_that_is_no_printable_ascii_is_2001(cpo: PeerClient, name: str) -> None:
    path = f"locations/NL/CPO/{quote(name)}"
    for _ in range(2):
        assert status(cpo.put(path, location(id=name))) == (200, 2001)
    assert not KeptObject.objects.exists()


def test_what_cant_be_filled_is_empty_here_and_given_back_as_sent(cpo: PeerClient) -> None:
    body = location(postal_code="#NA", address="#NA", evses=[evse(evse_id="#NA")])
    assert status(cpo.put("locations/NL/CPO/LOC1", body)) == (201, 1000)
    stored = Location.objects.get()
    assert (stored.street, stored.postcode, stored.evses.get().evse_id) == ("", "", "")
    assert cpo.get("locations/NL/CPO/LOC1").json()["data"] == body


def test_two_phases_give_twice_the_power_of_one(cpo: PeerClient) -> None:
    plug = connector(power_type="AC_2_PHASE")
    cpo.put("locations/NL/CPO/LOC1", location(evses=[evse(connectors=[plug])]))
    assert Connector.objects.get().max_power_watt == 7360


def test_a_location_that_is_not_to_be_published_is_on_no_page_of_ours(
    cpo: PeerClient, client: Client
) -> None:
    cpo.put("locations/NL/CPO/LOC1", location(publish=False))
    cpo.put("locations/NL/CPO/LOC2", location(2))
    shown = client.get("/stations/").content.decode()
    assert "Harbour 1" not in shown
    assert "Harbour 2" in shown
    [point] = client.get("/stations/points.json").json()["points"]
    assert point["name"] == "Harbour 2"
    cpo.patch("locations/NL/CPO/LOC1", {"publish": True, "last_updated": LATER})
    cpo.patch("locations/NL/CPO/LOC2/E2", {"status": "REMOVED", "last_updated": LATER})
    shown = client.get("/stations/").content.decode()
    assert "Harbour 1" in shown
    assert "Harbour 2" not in shown


def test_what_was_sent_before_is_read_once_more(
    cpo: PeerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    cpo.put("locations/NL/CPO/LOC1", location(publish=False))
    cpo.put("locations/NL/CPO/LOC2", location(2))
    place = Location.objects.get(location_id="LOC1")
    place.is_published = True
    place.save()
    broken = KeptObject.objects.get(key="LOC2")
    broken.body = "{}"
    broken.save()
    for _ in range(2):
        call_command("publish_kept_locations")
        assert capsys.readouterr().out.strip() == "1 published, 1 not read"
    place.refresh_from_db()
    assert not place.is_published


def test_unknown_fields_survive_a_patch(cpo: PeerClient) -> None:
    cpo.put("locations/NL/CPO/LOC1", location(new_in_4_0={"deep": [1.10]}))
    cpo.patch("locations/NL/CPO/LOC1", {"name": "New", "last_updated": LATER})
    kept = cpo.get("locations/NL/CPO/LOC1")
    assert kept.json()["data"]["new_in_4_0"] == {"deep": [1.10]}
    assert b"1.1" in kept.content


def test_a_session_patch_appends_periods_and_a_put_replaces_them(cpo: PeerClient) -> None:
    cpo.put("sessions/NL/CPO/S1", session())
    more = period("2026-04-01T10:30:00Z", 3.0)
    patch = {"kwh": 4.5, "charging_periods": [more], "last_updated": LATER}
    assert status(cpo.patch("sessions/NL/CPO/S1", patch)) == (200, 1000)
    assert status(cpo.patch("sessions/NL/CPO/S1", patch)) == (200, 1000)
    kept = cpo.get("sessions/NL/CPO/S1").json()["data"]
    assert [each["start_date_time"] for each in kept["charging_periods"]] == [
        "2026-04-01T10:00:00Z", "2026-04-01T10:30:00Z",
    ]  # fmt: skip
    assert ChargingSession.objects.get().kwh == 4.5
    final = session(status="COMPLETED", last_updated="2026-04-01T13:00:00Z")
    cpo.put("sessions/NL/CPO/S1", final)
    assert len(cpo.get("sessions/NL/CPO/S1").json()["data"]["charging_periods"]) == 1
    assert ChargingSession.objects.get().status == "COMPLETED"


def test_a_session_that_a_command_started_may_lack_its_token(cpo: PeerClient) -> None:
    body = session(auth_method="COMMAND", cdr_token=None)
    assert status(cpo.put("sessions/NL/CPO/S1", body)) == (201, 1000)
    assert cpo.get("sessions/NL/CPO/S1").json()["data"] == body
    assert ChargingSession.objects.get().token is None
    assert status(cpo.put("sessions/NL/CPO/S2", session(2, cdr_token=None))) == (200, 2001)


def test_a_cdr_is_stored_once_and_read_back_at_its_address(cpo: PeerClient) -> None:
    sent = cpo.post("cdrs", cdr())
    assert status(sent) == (201, 1000)
    again = cpo.post("cdrs", cdr())
    assert status(again) == (200, 1000)
    assert again.headers["Location"] == sent.headers["Location"]
    assert CDR.objects.get().total_cost_excl_vat == Decimal("4.6")
    path = sent.headers["Location"].removeprefix("http://testserver")
    assert cpo.get(path).json()["data"] == cdr()
    assert cpo.get("cdrs/cdr1").json()["data"] == cdr()


def test_other_content_under_a_cdrs_id_is_refused_and_put_before_staff(cpo: PeerClient) -> None:
    cpo.post("cdrs", cdr())
    assert status(cpo.post("cdrs", cdr(total_energy=99))) == (200, 2001)
    assert CDR.objects.get().kwh == 11.5
    assert CdrConflict.objects.count() == 1


def test_a_tariff_comes_goes_and_comes_again(cpo: PeerClient) -> None:
    path = "tariffs/NL/CPO/T1"
    assert status(cpo.put(path, tariff())) == (201, 1000)
    assert status(cpo.delete(path)) == (200, 1000)
    assert status(cpo.get(path))[0] == 404
    assert status(cpo.delete(path))[0] == 404
    assert status(cpo.put(path, tariff())) == (201, 1000)
    assert status(cpo.patch(path, {"currency": "EUR", "last_updated": LATER}))[0] == 405


def test_a_2_1_1_tariff_can_be_patched() -> None:
    PeerFactory(token="old", version="2.1.1")
    peer = PeerClient("old", "2.1.1")
    peer.put("tariffs/NL/CPO/T1", tariff())
    assert status(peer.patch("tariffs/NL/CPO/T1", {"currency": "NOK"})) == (200, 1000)
    assert peer.get("tariffs/NL/CPO/T1").json()["data"]["currency"] == "NOK"


def test_a_patch_cant_give_a_tariff_another_id() -> None:
    PeerFactory(token="old", version="2.1.1")
    peer = PeerClient("old", "2.1.1")
    peer.put("tariffs/NL/CPO/T1", tariff())
    for patch in ({"id": "T2"}, {"party_id": "OTH"}):
        assert status(peer.patch("tariffs/NL/CPO/T1", patch)) == (200, 2001)
    assert peer.get("tariffs/NL/CPO/T1").json()["data"] == tariff()


def test_headers_come_back_and_routing_is_turned_round(cpo: PeerClient) -> None:
    routing = {
        "OCPI-from-country-code": "NL", "OCPI-from-party-id": "CPO",
        "OCPI-to-country-code": "nl", "OCPI-to-party-id": "evc",
    }  # fmt: skip
    answer = cpo.get("tokens", **{"X-Correlation-ID": "c7"}, **routing)
    assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == ("r1", "c7")
    assert answer.headers["OCPI-to-party-id"] == "CPO"
    assert answer.headers["OCPI-from-party-id"] == "EVC"
    assert "OCPI-to-party-id" not in cpo.get("credentials", **routing).headers


def test_a_message_to_a_party_that_we_are_not_is_4001(cpo: PeerClient) -> None:
    routing = {"OCPI-to-country-code": "DE", "OCPI-to-party-id": "XYZ"}
    assert status(cpo.get("tokens", **routing)) == (200, 4001)


def test_a_hub_pushes_for_its_operators_and_says_who_is_behind_it() -> None:
    PeerFactory(token="hub", hub=True)
    hub = PeerClient("hub")
    assert status(hub.put("locations/NL/CPO/LOC1", location())) == (201, 1000)
    assert Operator.objects.get().party == "NL*CPO"
    info = {
        "country_code": "NL", "party_id": "CPO", "role": "CPO", "status": "CONNECTED",
        "last_updated": LATER,
    }  # fmt: skip
    assert status(hub.put("hubclientinfo/NL/CPO", info)) == (201, 1000)
    assert hub.get("hubclientinfo/NL/CPO").json()["data"] == info


def test_a_peer_that_left_loses_its_objects_to_the_one_that_speaks_for_them_now() -> None:
    left = PeerFactory(token="old")
    PeerClient("old").put("tariffs/NL/CPO/T1", tariff())
    left.state = "UNREGISTERED"
    left.save()
    PeerFactory(token="new")
    newcomer = PeerClient("new")
    assert status(newcomer.put("tariffs/NL/CPO/T1", tariff(currency="NOK"))) == (200, 1000)
    assert KeptObject.objects.get().peer.name != left.name


@pytest.mark.parametrize("periods", [[], None])
def test_a_patch_takes_no_charging_period_away(cpo: PeerClient, periods: list[object]) -> None:
    """`mod_sessions`, PATCH: only a PUT does."""
    cpo.put("sessions/NL/CPO/S1", session())
    patch = {"kwh": 2, "charging_periods": periods, "last_updated": LATER}
    assert status(cpo.patch("sessions/NL/CPO/S1", patch)) == (200, 1000)
    kept = cpo.get("sessions/NL/CPO/S1").json()["data"]
    assert (kept["kwh"], kept["charging_periods"]) == (2, session()["charging_periods"])
    assert len(ChargingSession.objects.get().charging_periods) == 1


def test_a_period_that_is_sent_again_in_another_spelling_is_the_same(cpo: PeerClient) -> None:
    cpo.put("sessions/NL/CPO/S1", session())
    again = [period("2026-04-01T12:00:00.000+02:00", 2)]
    cpo.patch("sessions/NL/CPO/S1", {"charging_periods": again, "last_updated": LATER})
    assert cpo.get("sessions/NL/CPO/S1").json()["data"]["charging_periods"] == again


def test_a_charge_at_the_drivers_home_is_held(cpo: PeerClient) -> None:
    """Its cost has to be compensated to the driver, who must not be billed for it unseen."""
    cpo.post("cdrs", cdr(1, home_charging_compensation=True))
    cpo.post("cdrs", cdr(2, home_charging_compensation=False))
    held = {each.cdr_id: {r["code"] for r in each.hold_reasons} for each in CDR.objects.all()}
    assert held["CDR1"] - held["CDR2"] == {"HOME_CHARGING"}
    assert status(cpo.post("cdrs", cdr(2))) == (200, 1000), "left out means false"
    assert status(cpo.post("cdrs", cdr(3, home_charging_compensation="yes"))) == (200, 2001)


def test_location_ids_of_2_1_1_have_39_characters() -> None:
    PeerFactory(token="old", version="2.1.1")
    old = PeerClient("old", "2.1.1")
    name = "L" * 39
    plug = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "voltage": 230, "amperage": 16, "last_updated": LATER,
    }  # fmt: skip
    place = location(id=name, evses=[evse(connectors=[plug])])
    assert status(old.put(f"locations/NL/CPO/{name}", place)) == (201, 1000)
    charge = {
        "start_datetime": LATER, "auth_id": "NL-EVC-C1", "location": place, "total_cost": 1,
        "country_code": None, "party_id": None, "location_id": None, "cdr_token": None,
    }  # fmt: skip
    assert status(old.put("sessions/NL/CPO/S1", session(**charge))) == (201, 1000)
    bill = cdr(
        cdr_token=None, cdr_location=None, country_code=None, party_id=None, location=place,
        auth_id="NL-EVC-C1", total_cost=1, stop_date_time=LATER,
    )  # fmt: skip
    assert status(old.post("cdrs", bill)) == (201, 1000)
    assert CDR.objects.get().location == ChargingSession.objects.get().location
    assert Location.objects.get().location_id == name


def test_an_older_first_put_does_not_win_over_a_newer_one_of_the_same_moment(
    cpo: PeerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either was there; the newer one was written first."""
    newer = session(kwh=3, last_updated=LATER)
    cpo.put("sessions/NL/CPO/S1", newer)
    monkeypatch.setattr("apps.roaming.services.sessions.find_kept", lambda **names: None)
    assert status(cpo.put("sessions/NL/CPO/S1", session())) == (200, 1000)
    monkeypatch.undo()
    assert cpo.get("sessions/NL/CPO/S1").json()["data"] == newer
    assert ChargingSession.objects.get().kwh == 3
