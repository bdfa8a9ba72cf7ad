"""The VAT of CDRs on both sides: decided when they are accepted, kept, and decided again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.cdrs.models import CDR
from apps.cdrs.vat_facts import Operating, purchase_facts, retail_facts
from apps.events.models import Event
from apps.vat.facts import DEFAULT_POLICY, Policy
from apps.vat.models import OperatorVatProfile, Side, VatDecision, VatPolicy
from apps.vat.services import (
    IdRegister,
    Question,
    current_decisions,
    keep_decisions,
    load_rate_book,
    withdraw,
)

SUBJECT: Final = "cdrs.cdr"
BATCH: Final = 500
# What no decision needs, and what makes a CDR large.
_UNUSED: Final = ("raw", "tariffs", "charging_periods", "search_text", "hold_reasons")


def decide_on_cdrs(*, cdr_ids: Sequence[UUID], now: datetime) -> int:
    """Decide the retail and the purchase VAT of these CDRs with what is known now.

    Returns how many CDRs were looked at. What was decided before on the same facts stays; what
    is new replaces it, and the old decision is kept. A billed CDR keeps its decisions.
    """
    done = 0
    for start in range(0, len(cdr_ids), BATCH):
        with transaction.atomic():
            done += _decide_batch(_locked(cdr_ids[start : start + BATCH]), now)
    return done


def decide_accepted_cdrs(*, now: datetime) -> int:
    """Decide on all accepted CDRs that nothing was decided for yet; returns how many."""
    done = 0
    while ids := list(_undecided().values_list("pk", flat=True)[:BATCH]):
        looked_at = decide_on_cdrs(cdr_ids=ids, now=now)
        done += looked_at
        if looked_at < len(ids):  # another process is at it, or they were billed meanwhile
            break
    return done


def on_cdr_accepted(event: Event) -> None:
    """Decide on the CDR of the event. Safe to be called twice."""
    on_cdrs_accepted([event])


def on_cdrs_accepted(events: Sequence[Event]) -> None:
    """As on_cdr_accepted, for those that were accepted together, and for others that wait, so
    that a bulk acceptance is done in batches."""
    ids = [UUID(event.aggregate_id) for event in events]
    decided = current_decisions(subject_type=SUBJECT, subject_ids=ids)
    known = {cdr_id for cdr_id, _ in decided}
    undecided = [cdr_id for cdr_id in ids if cdr_id not in known]
    if not undecided:
        return
    room = max(0, BATCH - len(undecided))
    others = _undecided().exclude(pk__in=undecided).values_list("pk", flat=True)[:room]
    decide_on_cdrs(cdr_ids=[*undecided, *others], now=events[-1].occurred_at)


def on_cdr_deleted(event: Event) -> None:
    """A deleted CDR is nobody's claim: its VAT waits for nobody."""
    withdraw(subject_type=SUBJECT, subject_ids=[UUID(event.aggregate_id)], now=event.occurred_at)


def settle_vat(*, cdr_ids: Sequence[UUID], now: datetime) -> dict[UUID, VatDecision]:
    """The retail decisions in force, by CDR, decided on what is known now: before CDRs are
    billed, so that what is kept says what is billed."""
    decide_on_cdrs(cdr_ids=cdr_ids, now=now)
    in_force = current_decisions(subject_type=SUBJECT, subject_ids=cdr_ids)
    return {
        cdr_id: decision for (cdr_id, side), decision in in_force.items() if side is Side.RETAIL
    }


def decide_again(cdr_ids: Sequence[UUID], now: datetime) -> None:
    """The decider that the queue of held decisions calls."""
    decide_on_cdrs(cdr_ids=cdr_ids, now=now)


def vat_decisions(cdr: CDR) -> dict[Side, VatDecision]:
    """The decisions in force on a CDR, for its page."""
    found = current_decisions(subject_type=SUBJECT, subject_ids=[cdr.pk])
    return {side: decision for (_, side), decision in found.items()}


def _undecided() -> QuerySet[CDR]:
    decided = VatDecision.objects.filter(
        subject_type=SUBJECT, subject_id=OuterRef("pk"), side=Side.RETAIL
    )
    rows: QuerySet[CDR] = CDR.objects.billable().filter(~Exists(decided)).order_by("pk")
    return rows


def _locked(cdr_ids: Iterable[UUID]) -> list[CDR]:
    """In the order of their keys, so that two deciders don't wait for each other."""
    rows = (
        CDR.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=list(cdr_ids))
        .exclude(status=CDR.Status.BILLED)
        .select_related("provider", "account", "location", "operator")
        .prefetch_related("provider__vat_registrations")
        .defer(*_UNUSED)
        .order_by("pk")
    )
    return list(rows)


def _decide_batch(cdrs: Sequence[CDR], now: datetime) -> int:
    questions = [question for pair in _questions(cdrs) for question in pair]
    if questions:
        keep_decisions(questions=questions, rates=load_rate_book(), now=now)
    return len(cdrs)


def _questions(cdrs: Sequence[CDR]) -> Iterable[tuple[Question, Question]]:
    register = IdRegister(
        vat_id for cdr in cdrs if cdr.account for vat_id in map(str, cdr.account.vat_ids)
    )
    policies = _policies(cdrs)
    profiles = _profiles(cdrs)
    for cdr in cdrs:
        ids = register.look_up(map(str, cdr.account.vat_ids) if cdr.account else ())
        policy = policies.get(cdr.provider_id, DEFAULT_POLICY)
        common: dict[str, Any] = {
            "subject_type": SUBJECT,
            "subject_id": cdr.pk,
            "subject_label": str(cdr),
            "provider_id": cdr.provider_id,
        }
        retail = retail_facts(cdr, policy=policy, ids=ids)
        purchase = purchase_facts(cdr, operating=_operating(cdr, profiles))
        yield (
            Question(side=Side.RETAIL, facts=retail, proofs=ids.proofs, **common),
            Question(side=Side.PURCHASE, facts=purchase, **common),
        )


def _policies(cdrs: Sequence[CDR]) -> dict[Any, Policy]:
    rows = VatPolicy.objects.filter(provider_id__in={cdr.provider_id for cdr in cdrs})
    return {row.provider_id: row.as_policy() for row in rows}


def _profiles(cdrs: Sequence[CDR]) -> dict[Any, OperatorVatProfile]:
    rows = OperatorVatProfile.objects.filter(operator_id__in={cdr.operator_id for cdr in cdrs})
    return {row.operator_id: row for row in rows}


def _operating(cdr: CDR, profiles: dict[Any, OperatorVatProfile]) -> Operating:
    """By the operator's profile, else seated where its OCPI party is registered."""
    profile = profiles.get(cdr.operator_id)
    if profile is None:
        return Operating(country=cdr.country_code.upper())
    return Operating(
        country=profile.country,
        registrations=tuple(profile.vat_registrations),
        is_dealer=profile.is_dealer,
    )
