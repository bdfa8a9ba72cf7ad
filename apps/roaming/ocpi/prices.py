"""Amounts of the three versions as the platform's Price.

2.1.1 has a number without VAT, 2.2.1 `{excl_vat, incl_vat}`, 2.3.0 `{before_taxes, taxes}`.
"""

from decimal import Decimal
from typing import Any

from apps.cdrs.messages import Price
from apps.roaming.ocpi.errors import InvalidMessage
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.versions import Version


def read_price(fields: Fields, name: str) -> Price:
    """The amount of this name, told apart by its form; an empty Price when it is left out.

    Raises InvalidMessage.
    """
    value = fields.members.get(name)
    if value is None:
        return Price()
    if not isinstance(value, dict):
        return Price(excl_vat=fields.number(name))
    price = fields.object(name)
    if "before_taxes" in value:
        return _with_taxes(price)
    if "excl_vat" not in value:
        raise InvalidMessage(f"Missing required field: {price.path}.excl_vat.", field=price.path)
    return Price(excl_vat=price.number("excl_vat"), incl_vat=price.opt_number("incl_vat"))


def _with_taxes(price: Fields) -> Price:
    """Without a list of taxes nothing is said of the sum including them."""
    net = price.number("before_taxes")
    if price.members.get("taxes") is None:
        return Price(excl_vat=net)
    taxes = sum((tax.number("amount") for tax in price.objects("taxes")), Decimal(0))
    return Price(excl_vat=net, incl_vat=net + taxes)


def write_price(price: Price, version: Version) -> Any:
    """The amount in a version's form; None when there is none.

    2.3.0 wants the taxes by name: a difference between both amounts is called VAT.
    """
    if price.excl_vat is None:
        return None
    if version is Version.V2_1_1:
        return price.excl_vat
    if version is Version.V2_2_1:
        incl = {} if price.incl_vat is None else {"incl_vat": price.incl_vat}
        return {"excl_vat": price.excl_vat, **incl}
    if price.incl_vat is None:
        return {"before_taxes": price.excl_vat}
    tax = price.incl_vat - price.excl_vat
    return {"before_taxes": price.excl_vat, "taxes": [{"name": "VAT", "amount": tax}]}
