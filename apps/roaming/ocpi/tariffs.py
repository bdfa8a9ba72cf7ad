"""Tariffs: checked for form and kept as sent; the pricing engine reads each version by itself."""

from apps.roaming.ocpi.fields import Fields


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
