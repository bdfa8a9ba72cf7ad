"""Locations as their operators publish them: the newest word is what stands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models.functions import Upper

from apps.audit.context import Actor
from apps.audit.models import AuditedModel, Change, change_of
from apps.locations.messages import ConnectorMessage, EvseMessage, LocationMessage
from apps.locations.models import Connector, Evse, Location, Operator

_TIME_ZONES = available_timezones()
_LOCATION_FIELDS = (
    "name", "street", "postcode", "city", "country", "time_zone", "latitude", "longitude",
    "is_published",
)  # fmt: skip
_EVSE_FIELDS = ("evse_id", "status")
_CONNECTOR_FIELDS = ("standard", "power_type", "max_power_watt")


def get_or_add_operator(
    *, country_code: str, party_id: str, name: str, actor: Actor | None = None
) -> Operator:
    """The operator of an OCPI party, added under this name when it is new.

    When two add it at the same moment, the database lets one of them; both get that one.
    """
    country, party = country_code.upper(), party_id.upper()
    if known := _find_operator(country, party):
        return known
    operator = Operator(country_code=country, party_id=party, name=name or f"{country}*{party}")
    try:
        with transaction.atomic():
            operator.save(audit_change=change_of("added operator", actor=actor))
    except IntegrityError:
        added = _find_operator(country, party)
        if added is None:
            raise
        return added
    return operator


def _find_operator(country: str, party: str) -> Operator | None:
    known = Operator.objects.alias(c=Upper("country_code"), p=Upper("party_id"))
    found: Operator | None = known.filter(c=country, p=party).first()
    return found


def publish_locations(
    *, operator: Operator, messages: Sequence[LocationMessage], actor: Actor | None = None
) -> None:
    """Make the operator's locations be as the messages say, in a fixed number of queries.

    A charging point that a message leaves out is REMOVED, and so is a plug of one that it names.
    What we can't use (an unknown time zone or status) is left empty or UNKNOWN.
    """
    newest = {message.location_id.upper(): message for message in messages}
    change = change_of("published location", actor=actor)
    with transaction.atomic():
        locations = _write_locations(operator, newest, change)
        points = {
            (locations[key].pk, evse.uid.upper()): evse
            for key, message in newest.items()
            for evse in message.evses
        }
        evses = _write_evses(locations.values(), points, change)
        plugs = {
            (evses[key].pk, plug.connector_id.upper()): plug
            for key, evse in points.items()
            for plug in evse.connectors
        }
        _write_connectors([evses[key] for key in points], plugs, change)


def _write_locations(
    operator: Operator, messages: Mapping[str, LocationMessage], change: Change
) -> dict[str, Location]:
    rows = Location.objects.alias(key=Upper("location_id")).filter(
        operator=operator, key__in=list(messages)
    )
    known: dict[str, Location] = {row.location_id.upper(): row for row in rows.select_for_update()}
    for key, message in messages.items():
        if key not in known:
            known[key] = Location(operator=operator, location_id=message.location_id)
        _assign(known[key], _LOCATION_FIELDS, message)
        if known[key].time_zone not in _TIME_ZONES:
            known[key].time_zone = ""
    _write(Location, known.values(), _LOCATION_FIELDS, change)
    return known


def _write_evses(
    locations: Iterable[Location],
    messages: Mapping[tuple[Any, str], EvseMessage],
    change: Change,
) -> dict[tuple[Any, str], Evse]:
    rows = Evse.objects.filter(location__in=[location.pk for location in locations])
    known = {(row.location_id, row.uid.upper()): row for row in rows}
    for key, row in known.items():
        if key not in messages:
            row.status = Evse.Status.REMOVED
    for key, message in messages.items():
        if key not in known:
            known[key] = Evse(location_id=key[0], uid=message.uid)
        known[key].evse_id = message.evse_id
        known[key].status = (
            message.status if message.status in Evse.Status.values else Evse.Status.UNKNOWN
        )
    _write(Evse, known.values(), _EVSE_FIELDS, change)
    return known


def _write_connectors(
    evses: Sequence[Evse],
    messages: Mapping[tuple[Any, str], ConnectorMessage],
    change: Change,
) -> None:
    by_id = {evse.pk: evse for evse in evses}
    rows = Connector.objects.filter(evse__in=list(by_id))
    known = {(row.evse_id, row.connector_id.upper()): row for row in rows}
    for key, row in known.items():
        row.is_removed = key not in messages
    for key, message in messages.items():
        if key not in known:
            known[key] = Connector(evse_id=key[0], connector_id=message.connector_id)
        _assign(known[key], _CONNECTOR_FIELDS, message)
        if known[key].power_type not in Connector.PowerType.values:
            known[key].power_type = ""
    for row in known.values():
        # Its name in the trail begins with that of its EVSE, which isn't to be read once more.
        row.evse = by_id[row.evse_id]
    _write(Connector, known.values(), (*_CONNECTOR_FIELDS, "is_removed"), change)


def _assign(row: AuditedModel, fields: Sequence[str], message: Any) -> None:
    for name in fields:
        setattr(row, name, getattr(message, name))


def _write(model: Any, rows: Iterable[Any], fields: Sequence[str], change: Change) -> None:
    """New rows are created; of the others those that differ are written."""
    new: list[Any] = []
    old: list[Any] = []
    for row in rows:
        (new if row._state.adding else old).append(row)
    if new:
        model.objects.bulk_create(new, batch_size=500, audit_change=change)
    if old:
        model.objects.bulk_update(old, list(fields), batch_size=200, audit_change=change)
