"""PATCH: what is named replaces what stands, the rest stays (`transport_and_format`, PATCH)."""

from collections.abc import Callable
from typing import Any

from apps.roaming.ocpi.times import read_time

Message = dict[str, Any]


def merge_patch(stored: Message, patch: Message) -> Message:
    """The stored object with the patch's members; a member that is null is removed."""
    merged = {**stored, **patch}
    return {name: value for name, value in merged.items() if value is not None}


def merge_location_patch(stored: Message, patch: Message) -> Message:
    """As merge_patch, but EVSEs are merged one by one, by their uid, and so are their connectors:
    what a PATCH doesn't name stays (`mod_locations`, PATCH: not suitable to remove information)."""
    merged = merge_patch(stored, patch)
    if isinstance(patch.get("evses"), list):
        merged["evses"] = _merged_items(
            stored.get("evses"), patch["evses"], "uid", merge_evse_patch
        )
    return merged


def merge_evse_patch(stored: Message, patch: Message) -> Message:
    """As merge_patch, but connectors are merged one by one, by their id."""
    merged = merge_patch(stored, patch)
    if isinstance(patch.get("connectors"), list):
        merged["connectors"] = _merged_items(
            stored.get("connectors"), patch["connectors"], "id", merge_patch
        )
    return merged


def _merged_items(
    stored: Any, patched: list[Any], id_name: str, merge: Callable[[Message, Message], Message]
) -> list[Any]:
    items = list(stored) if isinstance(stored, list) else []
    for patch in patched:
        named = isinstance(patch, dict) and patch.get(id_name)
        position = find_ci(items, id_name, str(named)) if named else None
        if position is None:
            items.append(patch)
        else:
            items[position] = merge(items[position], patch)
    return items


def merge_session_patch(stored: Message, patch: Message) -> Message:
    """As merge_patch, but charging periods are appended, and only a PUT takes some away
    (`mod_sessions`, PATCH).

    A period with the start of one that stands replaces it, so that the same patch twice
    changes nothing.
    """
    rest = {name: value for name, value in patch.items() if name != "charging_periods"}
    merged = merge_patch(stored, rest)
    if added := patch.get("charging_periods"):
        merged["charging_periods"] = _periods(stored.get("charging_periods") or [], added)
    return merged


def _periods(stored: list[Any], added: list[Any]) -> list[Any]:
    def start(period: Any) -> Any:
        said = period.get("start_date_time") if isinstance(period, dict) else None
        # The same moment in another spelling is the same start.
        return (read_time(said) or said) if isinstance(said, str) else None

    replaced = {start(period) for period in added} - {None}
    return [period for period in stored if start(period) not in replaced] + added


def find_ci(items: Any, name: str, wanted: str) -> int | None:
    """Where the object whose id `name` equals `wanted` without case stands in a list."""
    if not isinstance(items, list):
        return None
    for position, item in enumerate(items):
        if isinstance(item, dict) and _key(item.get(name)) == _key(wanted):
            return position
    return None


def _key(identifier: Any) -> str:
    return str(identifier or "").strip().upper()


def with_item(owner: Message, list_name: str, id_name: str, item: Message) -> Message:
    """The owner with the item put into its list, in place of the one with the same id."""
    raw = owner.get(list_name)
    items = list(raw) if isinstance(raw, list) else []
    position = find_ci(items, id_name, str(item.get(id_name, "")))
    if position is None:
        items.append(item)
    else:
        items[position] = item
    return {**owner, list_name: items}
