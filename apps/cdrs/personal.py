"""What CDRs and sessions hold of a person, for export and for erasing."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Upper

from apps.accounts.personal import register_card_lookup
from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.personal import erased, person_of_token
from apps.audit.persons import Holding, Person, register_holding
from apps.audit.services import record
from apps.cdrs.models import CDR, CdrConflict, ChargingSession, ImportFinding

_BATCH: Final = 500
_NAMES: Final = ("contract_id", "token_uid", "authorization_reference")
# Free text of operators and staff, in which they may be named.
_TEXTS: Final = ("remark", "rejection_reason", "deletion_reason")


def register() -> None:
    """Called in CdrsConfig.ready(), after the tokens that lead to the contracts."""
    register_card_lookup(contracts_of_card)
    register_holding(Holding("cdrs", export_cdrs, erase_cdrs, _keys_of(CDR)))
    register_holding(
        Holding("sessions", export_sessions, erase_sessions, _keys_of(ChargingSession))
    )
    register_holding(Holding("cdr_conflicts", export_conflicts, erase_conflicts))
    register_holding(Holding("import_findings", export_findings))


def contracts_of_card(card: str) -> Iterator[str]:
    """Of charges that are none of our customers'."""
    for model in (CDR, ChargingSession):
        theirs = model.objects.alias(card=Upper("token_uid")).filter(card=card, account=None)
        yield from theirs.exclude(contract_id="").values_list("contract_id", flat=True).distinct()


def charges_of(model: Any, person: Person) -> Any:
    """Those of the account, and those of its contracts or cards that were never matched."""
    named = Q(account_id=person.id)
    if person.contracts or person.cards:
        named |= Q(contract__in=person.contracts) | Q(contract="", card__in=person.cards)
    return model.objects.alias(contract=Upper("contract_id"), card=Upper("token_uid")).filter(named)


def _keys_of(model: Any) -> Callable[[Person], set[UUID]]:
    """Also those of contracts that have no token any more."""

    def keys(person: Person) -> set[UUID]:
        tokens = charges_of(model, person).values_list("contract_id", "token_uid").distinct()
        found = {person_of_token(contract, uid) for contract, uid in tokens}
        return {key for key in found if key}

    return keys


def export_cdrs(person: Person) -> Iterator[dict[str, Any]]:
    """Where and when the person charged, and what it cost."""
    yield from charges_of(CDR, person).values(
        "cdr_id", *_NAMES, "started_at", "ended_at", "location_name", "evse_id", "kwh", "currency",
        "total_cost_excl_vat", *_TEXTS, "raw",
    )  # fmt: skip


def export_sessions(person: Person) -> Iterator[dict[str, Any]]:
    """The same, live."""
    yield from charges_of(ChargingSession, person).values(
        "session_id", *_NAMES, "started_at", "ended_at", "evse_id", "kwh", "raw"
    )


def export_conflicts(person: Person) -> Iterator[dict[str, Any]]:
    """Other content that came for their CDRs."""
    yield from _conflicts_of(person).values("received_at", "differences", "resolution", "raw")


def export_findings(person: Person) -> Iterator[dict[str, Any]]:
    """Rows of imports that were refused or held; they end with the key."""
    rows: Any = ImportFinding.objects.filter(person.is_in("message"))
    yield from rows.values("line", "code", "message")


def erase_cdrs(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Energy, place and money stay, as invoices rest on them; who it was goes."""
    return _erase(CDR, "erased driver of CDR", _TEXTS, person, reason, actor)


def erase_sessions(person: Person, *, reason: str, actor: Actor | None) -> int:
    return _erase(ChargingSession, "erased driver of session", (), person, reason, actor)


def erase_conflicts(person: Person, *, reason: str, actor: Actor | None) -> int:
    """What was sent ends with its key; what staff said of it goes."""
    conflicts = list(_conflicts_of(person).exclude(resolution=""))
    for conflict in conflicts:
        conflict.resolution = erased(conflict.resolution)
        record("erased driver of CDR conflict", conflict, reason=reason, actor=actor)
    return len(conflicts)


def _conflicts_of(person: Person) -> Any:
    return CdrConflict.objects.filter(person_id__in=person.all_keys)


def _erase(
    model: Any, activity: str, texts: tuple[str, ...], person: Person, reason: str,
    actor: Actor | None,
) -> int:  # fmt: skip
    change = change_of(activity, reason=reason, actor=actor)
    ids = list(charges_of(model, person).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _BATCH):
        rows = list(model.objects.filter(pk__in=ids[start : start + _BATCH]))
        for row in rows:
            for name in _NAMES:
                setattr(row, name, "")
            for name in texts:
                setattr(row, name, erased(getattr(row, name)))
        model.objects.bulk_update(rows, [*_NAMES, *texts], audit_change=change)
    return len(ids)
