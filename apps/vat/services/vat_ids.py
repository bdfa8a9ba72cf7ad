"""Enrolling VAT ids, asking their registers, and keeping what they said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts.models import Account
from apps.audit.services import record
from apps.vat.facts import IdStatus
from apps.vat.models import Register, VatId, VatIdCheck, VatIdState
from apps.vat.vat_ids import EU_GOODS_ISSUERS, compact, is_well_formed, issuer
from apps.vat.vies import RegisterUnavailable, ViesAnswer, ViesClient

# Issuers whose numbers are judged by their form, because no register is asked.
FORM_ONLY: Final = frozenset({"CH", "NO", "GB"})

REFRESH_VALID: Final = timedelta(days=30)
REFRESH_INVALID: Final = timedelta(days=7)
# How long a proof outlives a register that doesn't answer.
PROOF_LASTS: Final = timedelta(days=90)
_FIRST_RETRY: Final = timedelta(minutes=5)
_LONGEST_RETRY: Final = timedelta(hours=24)
# So many failures of VIES itself in a row end a run: the service is down.
_GIVE_UP_AFTER: Final = 3


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """What a run did; `settled` are the ids that became valid or invalid."""

    valid: int = 0
    invalid: int = 0
    unavailable: int = 0
    settled: tuple[str, ...] = ()


def enrol_vat_ids(*, values: Iterable[str], now: datetime) -> None:
    """Have these ids checked, those that are not known yet; forms that are wrong are invalid."""
    wanted = {_key(value) for value in values} - {""}
    known = VatId.objects.filter(value__in=wanted).values_list("value", flat=True)
    for key in sorted(wanted - set(known)):
        VatId.objects.get_or_create(value=key, defaults={"issuer": issuer(key) or ""})
        _judge_form(key, now=now)


def _key(value: str) -> str:
    """Under which an id is kept; what is longer than any id is still one thing to call invalid."""
    return compact(value)[: VatId.MAX_LENGTH]


def enrol_account_ids(*, changed_since: datetime | None, now: datetime) -> None:
    """Enrol the VAT ids of business accounts that changed since then; of all when it is None."""
    accounts = Account.objects.filter(kind=Account.Kind.BUSINESS).exclude(vat_ids=[])
    if changed_since is not None:
        accounts = accounts.filter(updated_at__gte=changed_since)
    for vat_ids in accounts.values_list("vat_ids", flat=True).iterator(chunk_size=500):
        enrol_vat_ids(values=[str(value) for value in vat_ids], now=now)


def _judge_form(key: str, *, now: datetime) -> None:
    """Settle what needs no register, and have the rest asked for."""
    with transaction.atomic():
        vat_id = VatId.objects.select_for_update().get(value=key)
        if vat_id.state != VatIdState.UNCHECKED or vat_id.next_check_at is not None:
            return
        if not _has_register(vat_id):
            return
        if not is_well_formed(key):
            _keep(vat_id, VatIdState.INVALID, Register.FORM, now=now)
        elif vat_id.issuer in FORM_ONLY:
            _keep(vat_id, VatIdState.VALID, Register.FORM, now=now)
        else:
            vat_id.next_check_at = now
            _keep_times(vat_id)


def _has_register(vat_id: VatId) -> bool:
    """Whether its form can be judged: not that of a country we know nothing of."""
    return not vat_id.issuer or vat_id.issuer in FORM_ONLY | EU_GOODS_ISSUERS


def check_vat_id(*, vat_id_id: UUID, client: ViesClient, now: datetime) -> VatId:
    """Ask VIES about one id and keep the answer; an outage is kept too, with the next try.

    The register is asked outside of any transaction.
    """
    vat_id = VatId.objects.get(pk=vat_id_id)
    if vat_id.issuer not in EU_GOODS_ISSUERS or not is_well_formed(vat_id.value):
        return vat_id
    try:
        answer = client.check(vat_id.value)
    except RegisterUnavailable as error:
        return _keep_outage(vat_id_id, error, requester=client.requester, now=now)
    return _keep_answer(vat_id_id, answer, requester=client.requester, now=now)


def check_due_vat_ids(*, client: ViesClient, now: datetime, limit: int = 200) -> CheckCounts:
    """Check what is due. A country whose register is down, or VIES itself, is left for later."""
    counts = dict.fromkeys(VatIdState.values, 0)
    resting: set[str] = set()
    settled: list[str] = []
    failures = 0
    for vat_id in VatId.objects.due(now)[:limit]:
        if vat_id.issuer in resting:
            continue
        checked = check_vat_id(vat_id_id=vat_id.pk, client=client, now=now)
        if checked.attempts == 0:
            failures = 0
            counts[checked.state] += 1
            if checked.state != vat_id.state:
                settled.append(checked.value)
            continue
        counts[VatIdState.UNAVAILABLE] += 1
        if checked.last_error.startswith("MS_"):
            resting.add(vat_id.issuer)
        else:
            failures += 1
        if failures >= _GIVE_UP_AFTER:
            break
    return CheckCounts(
        valid=counts[VatIdState.VALID],
        invalid=counts[VatIdState.INVALID],
        unavailable=counts[VatIdState.UNAVAILABLE],
        settled=tuple(settled),
    )


def _keep_answer(pk: UUID, answer: ViesAnswer, *, requester: str, now: datetime) -> VatId:
    state = VatIdState.VALID if answer.is_valid else VatIdState.INVALID
    with transaction.atomic():
        vat_id = VatId.objects.select_for_update().get(pk=pk)
        vat_id.consultation_number = answer.consultation_number
        vat_id.trader_name = answer.trader_name
        vat_id.trader_address = answer.trader_address
        vat_id.next_check_at = now + (REFRESH_VALID if answer.is_valid else REFRESH_INVALID)
        return _keep(vat_id, state, Register.VIES, now=now, requester=requester)


def _keep_outage(pk: UUID, error: RegisterUnavailable, *, requester: str, now: datetime) -> VatId:
    """Try again later and later; a fresh proof is not unsaid by an outage."""
    with transaction.atomic():
        vat_id = VatId.objects.select_for_update().get(pk=pk)
        vat_id.attempts += 1
        vat_id.last_error = f"{error.code}: {error.message}"[:300]
        vat_id.next_check_at = now + min(_FIRST_RETRY * 2 ** min(vat_id.attempts - 1, 10),
                                         _LONGEST_RETRY)  # fmt: skip
        if not _has_fresh_proof(vat_id, now):
            vat_id.state = VatIdState.UNAVAILABLE
        vat_id.register, vat_id.checked_at = Register.VIES, now
        record("could not check VAT id", vat_id)
        _keep_times(vat_id)
        _log(vat_id, VatIdState.UNAVAILABLE, Register.VIES, requester, now, vat_id.last_error)
        return vat_id


def _has_fresh_proof(vat_id: VatId, now: datetime) -> bool:
    if vat_id.state == VatIdState.INVALID:
        return True
    confirmed = vat_id.confirmed_at
    return (
        vat_id.state == VatIdState.VALID
        and confirmed is not None
        and (confirmed > now - PROOF_LASTS)
    )


def _keep(
    vat_id: VatId, state: VatIdState, register: Register, *, now: datetime, requester: str = ""
) -> VatId:
    vat_id.state, vat_id.register, vat_id.checked_at = state, register, now
    vat_id.attempts, vat_id.last_error = 0, ""
    if state is VatIdState.VALID:
        vat_id.confirmed_at = now
    record(f"found VAT id {state.label.lower()}", vat_id)
    _keep_times(vat_id)
    _log(vat_id, state, register, requester, now, "")
    return vat_id


def _keep_times(vat_id: VatId) -> None:
    """When it was asked and will be again: no change of the record, so no version."""
    VatId.objects.filter(pk=vat_id.pk).update(
        **{name: getattr(vat_id, name) for name in VatId.audit_ignored}
    )


def _log(
    vat_id: VatId, state: VatIdState, register: Register, requester: str, now: datetime, error: str
) -> None:
    answered = state in (VatIdState.VALID, VatIdState.INVALID)
    VatIdCheck.objects.create(
        vat_id=vat_id,
        checked_at=now,
        state=state,
        register=register,
        requester=requester,
        consultation_number=vat_id.consultation_number if answered else "",
        trader_name=vat_id.trader_name if answered else "",
        trader_address=vat_id.trader_address if answered else "",
        error=error,
    )


@dataclass(frozen=True, slots=True)
class KnownIds:
    """The ids of a customer that may count, what is known of them together, and the proofs."""

    ids: tuple[str, ...]
    status: IdStatus | None
    proofs: tuple[dict[str, str], ...] = ()


class IdRegister:
    """What the registers said, loaded once for many customers; two thousand ids per query."""

    def __init__(self, values: Iterable[str]) -> None:
        wanted = sorted({_key(value) for value in values})
        self._known: dict[str, VatId] = {}
        for start in range(0, len(wanted), 2000):
            rows = VatId.objects.filter(value__in=wanted[start : start + 2000])
            self._known |= {row.value: row for row in rows}

    def look_up(self, vat_ids: Iterable[str]) -> KnownIds:
        """Ids that are invalid are left out, unless all are; the least known one decides."""
        states = {value: self._state(value) for value in vat_ids if _key(value)}
        if not states:
            return KnownIds((), None)
        standing = {v: s for v, s in states.items() if s is not VatIdState.INVALID}
        if not standing:
            return KnownIds(tuple(states), IdStatus.INVALID, self._proofs(states))
        for doubtful in (VatIdState.UNCHECKED, VatIdState.UNAVAILABLE):
            if doubtful in standing.values():
                return KnownIds(tuple(standing), doubtful.as_fact, self._proofs(states))
        return KnownIds(tuple(standing), IdStatus.VALID, self._proofs(states))

    def _state(self, value: str) -> VatIdState:
        row = self._known.get(_key(value))
        return VatIdState(row.state) if row else VatIdState.UNCHECKED

    def _proofs(self, values: Iterable[str]) -> tuple[dict[str, str], ...]:
        rows = (self._known.get(_key(value)) for value in values)
        return tuple(_proof(row) for row in rows if row is not None)


def _proof(row: VatId) -> dict[str, str]:
    return {
        "vat_id": row.value,
        "state": row.state,
        "register": row.register,
        "asked_at": row.checked_at.isoformat() if row.checked_at else "",
        "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else "",
        "consultation_number": row.consultation_number,
    }
