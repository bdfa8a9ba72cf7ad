"""What CDRs and sessions hold of a person, for export and for erasing."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.personal import person_of_contract
from apps.audit.persons import Holding, Person, register_holding
from apps.cdrs.models import CDR, ChargingSession

_BATCH = 500


def register() -> None:
    """Called in CdrsConfig.ready(), after the tokens that lead to the contracts."""
    register_holding(Holding("cdrs", export_cdrs, erase_cdrs, _keys_of(CDR)))
    register_holding(
        Holding("sessions", export_sessions, erase_sessions, _keys_of(ChargingSession))
    )


def _keys_of(model: Any) -> Callable[[Person], set[UUID]]:
    """Also those of contracts that have no token any more."""

    def keys(person: Person) -> set[UUID]:
        contracts = model.objects.filter(account_id=person.id).values_list("contract_id", flat=True)
        found = {person_of_contract(contract) for contract in contracts.distinct()}
        return {key for key in found if key}

    return keys


def export_cdrs(person: Person) -> Iterator[dict[str, Any]]:
    """Where and when the person charged, and what it cost."""
    yield from CDR.objects.filter(account_id=person.id).values(
        "cdr_id", "contract_id", "token_uid", "started_at", "ended_at", "location_name",
        "evse_id", "kwh", "currency", "total_cost_excl_vat", "raw",
    )  # fmt: skip


def export_sessions(person: Person) -> Iterator[dict[str, Any]]:
    """The same, live."""
    yield from ChargingSession.objects.filter(account_id=person.id).values(
        "session_id", "contract_id", "token_uid", "started_at", "ended_at", "evse_id", "kwh", "raw"
    )


def erase_cdrs(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Energy, place and money stay, as invoices rest on them; who it was goes."""
    return _erase(CDR, "erased driver of CDR", person, reason, actor)


def erase_sessions(person: Person, *, reason: str, actor: Actor | None) -> int:
    return _erase(ChargingSession, "erased driver of session", person, reason, actor)


def _erase(model: Any, activity: str, person: Person, reason: str, actor: Actor | None) -> int:
    change = change_of(activity, reason=reason, actor=actor)
    named = model.objects.filter(account_id=person.id).exclude(token_uid="", contract_id="")
    erased = 0
    while rows := list(named.order_by("pk")[:_BATCH]):
        for row in rows:
            row.contract_id = row.token_uid = ""
        model.objects.bulk_update(rows, ["contract_id", "token_uid"], audit_change=change)
        erased += len(rows)
    return erased
