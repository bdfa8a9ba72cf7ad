"""Keeping decisions as they were made, and the queue of those that wait for a person."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.audit.context import current_actor
from apps.audit.history import actor_label
from apps.core.errors import DomainError
from apps.vat.decision import Decision, decide
from apps.vat.decision_json import write_decision
from apps.vat.explanation import explain
from apps.vat.facts import Facts
from apps.vat.facts_json import write_facts
from apps.vat.models import HeldDecision, Side, VatDecision
from apps.vat.rates import RateBook
from apps.vat.rules import Status
from apps.vat.vat_ids import compact

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be decided: whose tax, on which side, on which facts and proofs."""

    subject_type: str
    subject_id: UUID
    subject_label: str
    side: Side
    facts: Facts
    provider_id: UUID | None = None
    proofs: tuple[dict[str, str], ...] = ()


class NobodyDecides(DomainError):
    """No app has said how to decide again on such a subject."""

    code = "VAT_NOBODY_DECIDES"


def keep_decisions(
    *, questions: Sequence[Question], rates: RateBook, now: datetime
) -> dict[tuple[UUID, Side], VatDecision]:
    """Decide all questions, which are of one subject type, and keep what is new.

    The same answer on the same facts as the one in force is not kept twice, so that deciding
    again is harmless. What is held enters the queue, what is settled leaves it. The caller holds
    the subjects' row locks.
    """
    kept: dict[tuple[UUID, Side], VatDecision] = {}
    for start in range(0, len(questions), _BATCH):
        with transaction.atomic():
            kept |= _keep_batch(questions[start : start + _BATCH], rates, now)
    return kept


def _keep_batch(
    questions: Sequence[Question], rates: RateBook, now: datetime
) -> dict[tuple[UUID, Side], VatDecision]:
    in_force = current_decisions(
        subject_type=questions[0].subject_type, subject_ids=[q.subject_id for q in questions]
    )
    decided_by = actor_label(current_actor())
    fresh: list[VatDecision] = []
    for question in questions:
        row = _snapshot(question, decide(question.facts, rates), now, decided_by)
        before = in_force.get((question.subject_id, question.side))
        if before is None or _differs(before, row):
            row.replaces = before
            fresh.append(row)
            in_force[question.subject_id, question.side] = row
    VatDecision.objects.bulk_create(fresh)
    _update_queue(fresh, now)
    return in_force


def current_decisions(
    *, subject_type: str, subject_ids: Iterable[UUID]
) -> dict[tuple[UUID, Side], VatDecision]:
    """The decisions in force, by subject and side; one query."""
    rows = VatDecision.objects.in_force(subject_type, list(subject_ids))
    return {(row.subject_id, Side(row.side)): row for row in rows}


def _snapshot(
    question: Question, decision: Decision, now: datetime, decided_by: str
) -> VatDecision:
    return VatDecision(
        subject_type=question.subject_type,
        subject_id=question.subject_id,
        subject_label=question.subject_label[:200],
        side=question.side,
        provider_id=question.provider_id,
        decided_at=now,
        decided_by=decided_by,
        status=decision.status.value,
        tax_country=decision.tax_country or "",
        rate=decision.rate,
        category=decision.category.value if decision.category else "",
        reporting=decision.reporting.value if decision.reporting else "",
        rule=decision.rule.row,
        flags=list(decision.flags),
        explanation=explain(decision),
        result=write_decision(decision),
        facts=write_facts(question.facts),
        rate_used=_rate_used(decision),
        proofs=list(question.proofs),
    )


def _rate_used(decision: Decision) -> dict[str, Any] | None:
    row = decision.rate_row
    if row is None:
        return None
    return {
        "territory": row.territory,
        "kind": row.kind.value,
        "rate": f"{row.rate:f}",
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "source": row.source,
    }


def _differs(before: VatDecision, after: VatDecision) -> bool:
    return before.result != after.result or before.facts != after.facts


def _update_queue(fresh: Sequence[VatDecision], now: datetime) -> None:
    """Close what these decisions settle or replace, and open what they hold.

    A subject that stays held waits since it was first.
    """
    if not fresh:
        return
    waiting = {
        (row.subject_id, row.side): row
        for row in HeldDecision.objects.waiting().filter(
            subject_type=fresh[0].subject_type,
            subject_id__in=[row.subject_id for row in fresh],
        )
    }
    opened, changed = [], []
    for row in fresh:
        held = waiting.get((row.subject_id, row.side))
        if row.status == Status.OK:
            if held:
                held.resolved_at = now
                changed.append(held)
        elif held:
            held.decision = row
            changed.append(held)
        else:
            opened.append(_held(row, now))
    HeldDecision.objects.bulk_update(changed, ["decision", "resolved_at"])
    HeldDecision.objects.bulk_create(opened)


def _held(row: VatDecision, now: datetime) -> HeldDecision:
    return HeldDecision(
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        subject_label=row.subject_label,
        side=row.side,
        provider_id=row.provider_id,
        decision=row,
        opened_at=now,
    )


def withdraw(*, subject_type: str, subject_ids: Iterable[UUID], now: datetime) -> None:
    """These subjects need no tax any more: nobody has to look at them."""
    HeldDecision.objects.waiting().filter(
        subject_type=subject_type, subject_id__in=list(subject_ids)
    ).update(resolved_at=now)


# How the owner of a subject decides on it anew: gets the subjects' ids and the time.
Decider = Callable[[Sequence[UUID], datetime], None]

_deciders: dict[str, Decider] = {}


def register_decider(subject_type: str, decider: Decider) -> None:
    """Say how subjects of a type are decided again; called from the owner's AppConfig.ready()."""
    _deciders[subject_type] = decider


def decide_again(*, held: Iterable[HeldDecision], now: datetime) -> int:
    """Decide on held subjects anew, with what is known now; returns how many are settled.

    Raises NobodyDecides.
    """
    rows = list(held)
    for subject_type in {row.subject_type for row in rows}:
        decider = _deciders.get(subject_type)
        if decider is None:
            raise NobodyDecides(f"Nobody knows how to decide on {subject_type} again.")
        ids = sorted({row.subject_id for row in rows if row.subject_type == subject_type})
        decider(ids, now)
    return _settled(rows)


def decide_again_on_vat_ids(*, values: Iterable[str], now: datetime) -> int:
    """Decide anew what waits and rests on these VAT ids; returns how many are settled."""
    changed = set(values)
    if not changed:
        return 0
    waiting = HeldDecision.objects.waiting().select_related("decision")
    rows = [row for row in waiting.iterator() if changed & _ids_of(row.decision)]
    return decide_again(held=rows, now=now)


def _ids_of(decision: VatDecision) -> set[str]:
    facts = decision.facts
    return {compact(value) for value in facts["customer_vat_ids"] + facts["supplier_vat_ids"]}


def _settled(rows: Sequence[HeldDecision]) -> int:
    keys = [row.pk for row in rows]
    return HeldDecision.objects.filter(pk__in=keys, resolved_at__isnull=False).count()
