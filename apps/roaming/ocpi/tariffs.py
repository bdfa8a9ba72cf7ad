"""Tariffs: checked for form and kept as sent; the pricing engine reads each version by itself."""

from typing import Any

from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef


def check_tariff(fields: Fields) -> None:
    """The form that all three versions share. Raises InvalidMessage.

    `last_updated` is required by the specification, but missing from its own example of a PUT.
    """
    fields.identifier("id")
    fields.text("currency", longest=3)
    fields.opt_time("last_updated")
    if not fields.items("elements"):
        fields.text("elements")
    for element in fields.objects("elements"):
        for component in element.objects("price_components"):
            component.text("type")
            component.number("price")
        element.opt_object("restrictions")


def target_of(tariff: dict[str, Any]) -> PartyRef | None:
    """The eMSP that a tariff is for; None: for all.

    Gireve's differentiated tariffs (GIREVE_Tech_OCPI_V2.2.1, cpo_tariffs): one id may come several
    times, each for one eMSP and once for all others.
    """
    country = str(tariff.get("target_operator_country_code") or "").strip()
    party = str(tariff.get("target_operator_party_id") or "").strip()
    return PartyRef.of(country, party) if country or party else None
