"""Stations for tests."""

import factory
from factory.django import DjangoModelFactory

from apps.locations.models import Connector, Evse, Location, Operator


class OperatorFactory(DjangoModelFactory):
    class Meta:
        model = Operator

    country_code = "NL"
    party_id = factory.Sequence(lambda n: f"{n % 1000:03}")
    name = factory.Sequence(lambda n: f"Operator {n}")


class LocationFactory(DjangoModelFactory):
    class Meta:
        model = Location

    operator = factory.SubFactory(OperatorFactory)
    location_id = factory.Sequence(lambda n: f"LOC{n}")
    name = factory.Sequence(lambda n: f"Station {n}")
    country = "NL"
    postcode = "1011 AB"
    city = "Amsterdam"
    time_zone = "Europe/Amsterdam"


class EvseFactory(DjangoModelFactory):
    class Meta:
        model = Evse

    location = factory.SubFactory(LocationFactory)
    uid = factory.Sequence(lambda n: f"EVSE{n}")
    evse_id = factory.Sequence(lambda n: f"NL*EFL*E{n:04}")


class ConnectorFactory(DjangoModelFactory):
    class Meta:
        model = Connector

    evse = factory.SubFactory(EvseFactory)
    connector_id = "1"
