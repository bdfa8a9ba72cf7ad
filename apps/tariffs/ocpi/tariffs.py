"""Reads an OCPI tariff and prepares it for pricing (mod_tariffs of 2.1.1, 2.2.1 and 2.3.0)."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from apps.core.errors import InvalidInput
from apps.tariffs.notes import Note, capped
from apps.tariffs.ocpi.fields import (
    UnreadableField,
    read_instant,
    read_list,
    read_mapping,
    read_number,
    read_optional_number,
    read_text,
    shorten,
)
from apps.tariffs.ocpi.hub import read_rounding, read_start_restrictions
from apps.tariffs.ocpi.prices import read_limit
from apps.tariffs.ocpi.restrictions import read_restrictions
from apps.tariffs.restrictions import (
    SECONDS_PER_HOUR,
    compile_checks,
    describe_restrictions,
)
from apps.tariffs.session import ENERGY, FLAT, PARKING_TIME, SESSION_TIME, TIME
from apps.tariffs.tariff import (
    CHARGING,
    RESERVATION,
    RESERVATION_EXPIRES,
    Component,
    Limit,
    PreparedTariff,
)

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
DIMENSIONS = (ENERGY, TIME, PARKING_TIME, SESSION_TIME, FLAT)
MOST_ELEMENTS = 20_000
MOST_COMPONENTS = 100_000
DEFAULT_STEP_SIZE = 1
FEE_OF_PARKING = {FLAT, PARKING_TIME}

# How the prices of a tariff stand to tax.
NET_ONLY = "NET_ONLY"  # 2.1.1: excluding VAT, the VAT isn't told
NET = "NET"  # excluding, the component's VAT comes on top
GROSS = "GROSS"  # including the component's VAT
UNTAXED = "UNTAXED"  # no tax applies


class UnknownVersion(InvalidInput):
    """The OCPI version is none that the engine reads."""

    code = "UNKNOWN_OCPI_VERSION"


class TariffTooLarge(InvalidInput):
    """The tariff has more elements or prices than a tariff can reasonably have."""

    code = "TARIFF_TOO_LARGE"


class _Reading(NamedTuple):
    """What reading the parts of one tariff shares."""

    tariff_id: str
    version: str
    tax_mode: str
    vat_is_told: bool
    notes: list[Note]


def check_version(version: object) -> str:
    """The version when the engine reads it. Raises UnknownVersion."""
    if version in VERSIONS:
        return str(version)
    raise UnknownVersion(f"OCPI version {shorten(version)} is none of {', '.join(VERSIONS)}.")


def prepare_tariff(raw: object, *, version: str) -> PreparedTariff:
    """Compiles an OCPI tariff for pricing; about 30 microseconds for a small one.

    Raises UnreadableField, UnknownVersion, TariffTooLarge.
    """
    check_version(version)
    try:
        return _prepare(read_mapping(raw, "tariff"), version)
    except UnreadableField as error:
        raise error.inside("tariff") if error.path != "tariff" else error from None


def _prepare(raw: Mapping[str, Any], version: str) -> PreparedTariff:
    elements = read_list(raw.get("elements"), "elements")
    if not elements:
        raise UnreadableField("elements", "is missing")
    if len(elements) > MOST_ELEMENTS:
        raise TariffTooLarge(f"The tariff has {len(elements)} elements, above {MOST_ELEMENTS}.")
    notes: list[Note] = []
    mode = _tax_mode(raw, version, notes)
    tariff_id = read_text(raw.get("id"))
    reading = _Reading(tariff_id, version, mode, _vat_is_told(elements), notes)
    components = _read_elements(elements, reading)
    slots = _slots(components)
    start_restrictions, start_checks = read_start_restrictions(raw)
    return PreparedTariff(
        id=tariff_id,
        currency=read_text(raw.get("currency")).upper(),
        version=version,
        slots=slots,
        elements=len(elements),
        min_price=_read_limit(raw, "min_price", reading),
        max_price=_read_limit(raw, "max_price", reading),
        gross_known=mode != NET_ONLY,
        has_hub_rounding=any(each.price_round for each in components),
        needs_local_time=any(each.restrictions.needs_local_time for each in components)
        or start_restrictions is not None,
        unconditional=_unconditional(slots),
        valid_from=_optional_instant(raw, "start_date_time"),
        valid_until=_optional_instant(raw, "end_date_time"),
        start_restrictions=start_restrictions,
        start_checks=start_checks,
        notes=capped(notes),
        components=tuple(components),
        kind="" if version == "2.1.1" else read_text(raw.get("type")).upper(),
    )


def _tax_mode(raw: Mapping[str, Any], version: str, notes: list[Note]) -> str:
    """On which side of the tax the prices stand (2.3.0 mod_tariffs, TaxIncluded)."""
    if version == "2.1.1":
        return NET_ONLY
    if version == "2.2.1":
        return NET
    told = read_text(raw.get("tax_included")).upper()
    modes = {"YES": GROSS, "NO": NET, "N/A": UNTAXED}
    if told not in modes:
        text = "tax_included is missing or unknown: prices were taken as excluding taxes."
        notes.append(Note("TAX_INCLUDED_MISSING", text))
    return modes.get(told, NET)


def _vat_is_told(elements: list[Any]) -> bool:
    """Whether any component names a VAT, so that leaving it out means that none applies."""
    return any(
        isinstance(component, Mapping) and component.get("vat") is not None
        for element in elements
        if isinstance(element, Mapping) and isinstance(element.get("price_components"), list)
        for component in element["price_components"]
    )


def _check_size(elements: list[Any]) -> None:
    lists = (each.get("price_components") for each in elements if isinstance(each, Mapping))
    count = sum(len(parts) for parts in lists if isinstance(parts, list))
    if count > MOST_COMPONENTS:
        raise TariffTooLarge(f"The tariff has {count} price components, above {MOST_COMPONENTS}.")


def _read_elements(elements: list[Any], reading: _Reading) -> list[Component]:
    components: list[Component] = []
    _check_size(elements)
    for index, raw in enumerate(elements):
        try:
            components += _read_element(read_mapping(raw, "element"), index + 1, reading)
        except UnreadableField as error:
            raise error.inside(f"elements[{index}]") from None
    return components


def _read_element(raw: Mapping[str, Any], number: int, reading: _Reading) -> list[Component]:
    restrictions = read_restrictions(raw.get("restrictions"))
    for name in restrictions.unknown:
        text = f"Element {number} has the unknown restriction {name}: it was never applied."
        reading.notes.append(Note("RESTRICTION_UNKNOWN", text))
    shared = {
        "tariff_id": reading.tariff_id,
        "element": number,
        "restrictions": restrictions,
        "checks": compile_checks(restrictions),
        "why": f"element {number}: {describe_restrictions(restrictions)}",
    }
    found: dict[str, Component] = {}
    for index, part in enumerate(read_list(raw.get("price_components"), "price_components")):
        try:
            component = _read_component(read_mapping(part, "component"), shared, reading)
        except UnreadableField as error:
            raise error.inside(f"price_components[{index}]") from None
        if component and found.setdefault(component.dimension, component) is not component:
            text = f"Element {number} prices {component.dimension} twice: the first price counts."
            reading.notes.append(Note("COMPONENT_TWICE", text))
    if found.keys() == FEE_OF_PARKING:
        found[FLAT] = replace(found[FLAT], is_of_parking=True)
    return list(found.values())


def _read_component(
    raw: Mapping[str, Any], shared: dict[str, Any], reading: _Reading
) -> Component | None:
    dimension = read_text(raw.get("type")).upper()
    if not _is_usable(dimension, shared, reading):
        return None
    price = read_number(raw.get("price"), "price")
    vat = _read_vat(raw, reading)
    net, gross = _both_sides(price, vat, reading)
    _note_component(raw, dimension, price, shared["element"], reading.notes)
    net_rate = _rate(net, dimension)
    return Component(
        dimension=dimension,
        price=price,
        vat=vat,
        step_size=_read_step_size(raw, dimension, reading.notes),
        net_price=net,
        gross_price=gross,
        net_rate=net_rate,
        gross_rate=net_rate if gross is net else _rate(gross, dimension),
        price_round=read_rounding(raw, "price_round", reading.notes),
        step_round=read_rounding(raw, "step_round", reading.notes),
        **shared,
    )


def _is_usable(dimension: str, shared: dict[str, Any], reading: _Reading) -> bool:
    """Whether the engine prices this dimension here; a note says so when it doesn't. A reservation
    has FLAT and TIME alone (mod_tariffs, TariffRestrictions.reservation)."""
    element = shared["element"]
    if dimension not in DIMENSIONS:
        text = f"Element {element} prices {shorten(dimension)}, which OCPI doesn't know: ignored."
        reading.notes.append(Note("DIMENSION_UNKNOWN", text))
        return False
    if shared["restrictions"].reservation and dimension not in (FLAT, TIME):
        text = f"Element {element} is for reservations, which have no {dimension}: ignored."
        reading.notes.append(Note("DIMENSION_NOT_RESERVABLE", text))
        return False
    return True


def _read_vat(raw: Mapping[str, Any], reading: _Reading) -> Decimal | None:
    """The VAT in per cent (mod_tariffs, PriceComponent); 2.1.1 has none, and what is sent there is
    noted and left out."""
    vat = read_optional_number(raw, "vat")
    if vat is not None and reading.tax_mode == NET_ONLY:
        text = "The tariff names a VAT, which OCPI 2.1.1 doesn't have: it was ignored."
        reading.notes.append(Note("VAT_IGNORED", text))
        return None
    if vat is not None and vat <= -100:
        raise UnreadableField("vat", f"{shorten(vat)} is no percentage")
    return vat


def _both_sides(
    price: Decimal, vat: Decimal | None, reading: _Reading
) -> tuple[Decimal | None, Decimal | None]:
    """The price excluding and including tax; None for a side that the tariff doesn't tell.

    2.2.1: an absent VAT means that none applies (mod_tariffs, PriceComponent). 2.3.0 shows tariffs
    whose taxes nobody names because they are only known afterwards ("Simple Tariff with North
    American taxes"): when no component of the tariff names a VAT, the other side isn't known.
    """
    mode = reading.tax_mode
    if mode == NET_ONLY:
        return price, None
    if mode == UNTAXED or (vat is None and (reading.version == "2.2.1" or reading.vat_is_told)):
        return price, price
    if not price:
        return price, price
    if vat is None:
        return (price, None) if mode == NET else (None, price)
    factor = 1 + vat / 100
    return (price, price * factor) if mode == NET else (price / factor, price)


def _rate(price: Decimal | None, dimension: str) -> Decimal | None:
    """3600ths of the currency per kWh, per session or per second; prices of time are per hour
    (mod_tariffs, TariffDimensionType)."""
    if price is None or dimension in (TIME, PARKING_TIME, SESSION_TIME):
        return price
    return price * SECONDS_PER_HOUR


def _read_step_size(raw: Mapping[str, Any], dimension: str, notes: list[Note]) -> int:
    """Wh or seconds; a missing step is the default of 1 (mod_cdrs, CdrDimensionType), a negative
    or broken one is no step; a flat fee has none (mod_tariffs, TariffDimensionType)."""
    if dimension == FLAT:
        return 0
    if raw.get("step_size") is None:
        return DEFAULT_STEP_SIZE
    step = read_number(raw["step_size"], "step_size")
    if step < 0 or step != step.to_integral_value():
        notes.append(Note("STEP_SIZE_ODD", f"The step_size {step:f} is no step: ignored."))
        return 0
    return int(step)


def _note_component(
    raw: Mapping[str, Any], dimension: str, price: Decimal, element: int, notes: list[Note]
) -> None:
    if price < 0:
        text = f"Element {element} has a negative price for {dimension}: it lowers the total."
        notes.append(Note("PRICE_NEGATIVE", text))
    if raw.get("exact_price_component") is False:
        text = (
            f"The hub calls the price of {dimension} in element {element} an approximation "
            "of the operator's (exact_price_component is false)."
        )
        notes.append(Note("PRICE_APPROXIMATE", text))


def _read_limit(raw: Mapping[str, Any], name: str, reading: _Reading) -> Limit | None:
    limit = read_limit(raw.get(name), name)
    if limit is not None and reading.version == "2.1.1":
        text = f"The tariff has a {name}, which OCPI 2.1.1 doesn't have: it was ignored."
        reading.notes.append(Note("LIMIT_IGNORED", text))
        return None
    return limit


def _optional_instant(raw: Mapping[str, Any], name: str) -> Any:
    return read_instant(raw[name], name) if raw.get(name) is not None else None


def _unconditional(
    slots: dict[str, dict[str, tuple[Component, ...]]],
) -> dict[str, Component] | None:
    """The only component per dimension, None when any depends on anything."""
    if slots[RESERVATION] or slots[RESERVATION_EXPIRES]:
        return None
    first = {dimension: components[0] for dimension, components in slots[CHARGING].items()}
    return None if any(component.checks for component in first.values()) else first


def _slots(components: list[Component]) -> dict[str, dict[str, tuple[Component, ...]]]:
    """Components by purpose and dimension, up to the first that always applies."""
    lists: dict[str, dict[str, list[Component]]] = {
        CHARGING: {},
        RESERVATION: {},
        RESERVATION_EXPIRES: {},
    }
    for component in components:
        purpose = component.restrictions.reservation or CHARGING
        slot = lists[purpose].setdefault(component.dimension, [])
        if not slot or slot[-1].checks:
            slot.append(component)
    return {
        purpose: {dimension: tuple(found) for dimension, found in slots.items()}
        for purpose, slots in lists.items()
    }
