"""Stations are kept as their operators publish them; the database refuses the impossible."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.audit.models import Entry
from apps.locations.messages import ConnectorMessage, EvseMessage, LocationMessage
from apps.locations.models import Location
from apps.locations.publishing import publish_locations
from apps.locations.services import (
    ConnectorDetails,
    LocationDetails,
    StationInvalid,
    upsert_connector,
    upsert_evse,
    upsert_location,
    upsert_operator,
)
from tests.locations.factories import (
    ConnectorFactory,
    EvseFactory,
    LocationFactory,
    OperatorFactory,
)

pytestmark = pytest.mark.django_db

DAM = LocationDetails(
    name="Dam", city="Amsterdam", country="NL", time_zone="Europe/Amsterdam",
    latitude=Decimal("52.373"), longitude=Decimal("4.893"),
)  # fmt: skip


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_whole_station_is_made_once():
    def publish():
        operator, a = upsert_operator(country_code="nl", party_id="efl", name="E-Flux")
        location, b = upsert_location(operator=operator, location_id="L1", details=DAM)
        evse, c = upsert_evse(location=location, uid="1", evse_id="NL*EFL*E1", status="AVAILABLE")
        connector, d = upsert_connector(
            evse=evse, connector_id="1", details=ConnectorDetails("IEC_62196_T2", "AC_3_PHASE")
        )
        assert operator.party == "NL*EFL"
        return connector.pk, (a, b, c, d)

    first, again = publish(), publish()
    assert first[1] == (True, True, True, True)
    assert again == (first[0], (False, False, False, False))
    assert Entry.objects.filter(object_type__startswith="locations.").count() == 4


def test_location_id_is_the_operators_and_has_no_case():
    one, other = OperatorFactory(), OperatorFactory()
    first, _ = upsert_location(operator=one, location_id="loc-a", details=DAM)
    same, created = upsert_location(operator=one, location_id="LOC-A", details=DAM)
    assert (same.pk, created) == (first.pk, False)
    assert upsert_location(operator=other, location_id="loc-a", details=DAM)[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Olympus"), ("country", "NLD"), ("latitude", Decimal(91))],
)
def test_impossible_place_is_refused_by_the_name_of_the_field(field, value):
    with pytest.raises(StationInvalid, match=field):
        upsert_location(
            operator=OperatorFactory(), location_id="x", details=LocationDetails(**{field: value})
        )
    assert not Location.objects.exists()


def test_unknown_status_of_an_evse_is_refused():
    with pytest.raises(StationInvalid, match="status"):
        upsert_evse(location=LocationFactory(), uid="1", status="ASLEEP")


def test_database_keeps_stations_apart_in_any_case():
    operator = OperatorFactory(country_code="NL", party_id="EFL")
    refused(lambda: OperatorFactory(country_code="nl", party_id="efl"))
    location = LocationFactory(operator=operator, location_id="a")
    refused(lambda: LocationFactory(operator=operator, location_id="A"))
    evse = EvseFactory(location=location, uid="a")
    refused(lambda: EvseFactory(location=location, uid="A"))
    ConnectorFactory(evse=evse, connector_id="a")
    refused(lambda: ConnectorFactory(evse=evse, connector_id="A"))


@pytest.mark.parametrize("field", [{"latitude": Decimal("90.1")}, {"longitude": Decimal("-180.1")}])
def test_database_knows_the_size_of_the_earth(field):
    refused(lambda: LocationFactory(**field))


def test_publishing_many_stations_takes_no_more_queries_than_few() -> None:
    operator = OperatorFactory()

    def publish(name: str, stations: int) -> int:
        plugs = (ConnectorMessage("1"), ConnectorMessage("2"))
        messages = [
            LocationMessage(
                location_id=f"{name}{number}", last_updated=datetime(2026, 1, 1, tzinfo=UTC),
                evses=(EvseMessage(f"{name}{number}", connectors=plugs),),
            )
            for number in range(stations)
        ]  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            publish_locations(operator=operator, messages=messages)
        # Rows of a batch go as one statement each or as one stream, by the database.
        return sum(query["sql"].startswith("SELECT") for query in queries)

    assert publish("few", 3) == publish("many", 30)
