"""Tariffs of the book for tests."""

from datetime import UTC, datetime
from typing import Any

from apps.accounts.models import Provider
from apps.locations.models import Operator
from apps.tariffs.models import TariffVersion
from apps.tariffs.services import add_version, create_tariff
from tests.tariffs.messages import Json, component, flat_tariff

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PER_KWH = flat_tariff(component("ENERGY", "0.25", vat="10"))


def make_version(
    *,
    operator: Operator | None = None,
    provider: Provider | None = None,
    at_operator: Operator | None = None,
    tariff_id: str = "12",
    content: Json | None = None,
    active_from: datetime = LONG_AGO,
    active_to: datetime | None = None,
    **fields: Any,
) -> TariffVersion:
    """A tariff of the owner with a version that charges 0.25 per kWh, if nothing else is said."""
    tariff = create_tariff(
        operator=operator, provider=provider, at_operator=at_operator, tariff_id=tariff_id
    )
    return add_version(
        tariff=tariff,
        content=content or PER_KWH,
        ocpi_version="2.2.1",
        active_from=active_from,
        active_to=active_to,
        reason="test",
        **fields,
    )
