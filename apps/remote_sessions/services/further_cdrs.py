"""CDRs beyond the first: a second bill for one charge, and credits that take the first one back.

The first CDR counts. One that was taken back before it was paid is replaced by the next; of one
that was taken back in part the rest is paid, where our price can follow (netting.py). All else is
put before a person: the CDR is held with the reason, the story says it, nothing is captured.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models.functions import Upper

from apps.billing.charges import chargeable_of, retail_of
from apps.billing.held import Held
from apps.billing.prices import price_all
from apps.cdrs.holds import HoldReason
from apps.cdrs.models import CDR
from apps.core.money import display
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.models.remote_session import UNSETTLED
from apps.remote_sessions.services.candidates import candidates_for, match_among
from apps.remote_sessions.services.changes import Changes, Kind
from apps.remote_sessions.services.credits import Identity, cancelled_in, identity_of
from apps.remote_sessions.services.netting import NEEDS_PERSON, WHAT_TO_DO


def object_to(cdrs: Sequence[CDR]) -> dict[UUID, HoldReason]:
    """Why a person must look, by CDR id; of CDRs that are not stored yet."""
    credits = {cdr.pk: cdr for cdr in cdrs if cdr.is_credit}
    credited = owners_of_credited(list(credits.values()))
    freed = {owner.pk for pk, owner in credited.items() if owner.takes_cdr_after(credits[pk])}
    cancelled = cancelled_in(cdrs)
    bills = [cdr for cdr in cdrs if not cdr.is_credit and cdr.pk not in cancelled]
    candidates = [
        replace(candidate, has_cdr=candidate.has_cdr and candidate.id not in freed)
        for candidate in candidates_for(bills)
    ]
    seconds = match_among(bills, candidates).seconds
    owners = _owners([match.candidate_id for _, match in seconds])
    found = {cdr.pk: _of_second(owners[match.candidate_id]) for cdr, match in seconds}
    for credit_id, owner in credited.items():
        if reason := _of_credit(credits[credit_id], owner):
            found[credit_id] = reason
    return found


def _of_credit(credit: CDR, owner: RemoteSession) -> HoldReason | None:
    if paid := _paid(owner):
        return HoldReason(
            "CREDIT_OF_PAID_CHARGE",
            f"{paid} was captured from the driver's card for the CDR that it takes back: give "
            "back what is due.",
        )
    if owner.cdr is None or owner.settlement not in UNSETTLED:
        return None
    charges = [chargeable_of(owner.cdr), chargeable_of(credit)]
    price = price_all(charges, retail=retail_of(owner.provider))[credit.pk]
    if isinstance(price, Held) and price.code in NEEDS_PERSON:
        return HoldReason(price.code, f"{price.message} {WHAT_TO_DO}")
    return None


def _of_second(owner: RemoteSession) -> HoldReason:
    first = owner.cdr.cdr_id if owner.cdr else "of the same delivery"
    paid = _paid(owner)
    if owner.credit_cdr_id and paid:
        return HoldReason(
            "CORRECTED_CDR_OF_PAID_CHARGE",
            f"It corrects CDR {first}, for which {paid} was captured from the driver's card before "
            "it was taken back: give the difference back, or claim it.",
        )
    return HoldReason(
        "SECOND_CDR_OF_CHARGE",
        f"The same charge has the CDR {first} already: the operator bills it twice, or has to "
        "take the first one back with a credit CDR.",
    )


def _paid(owner: RemoteSession) -> str:
    payment = owner.payment
    if payment is None or owner.settlement != RemoteSession.Settlement.DONE:
        return ""
    return display(payment.due_amount or payment.captured_amount, payment.currency)


def _owners(ids: Sequence[UUID]) -> dict[UUID, RemoteSession]:
    if not ids:
        return {}
    rows = RemoteSession.objects.select_related("cdr", "payment")
    return {row.pk: row for row in rows.filter(pk__in=ids)}


def owners_of_credited(credits: Sequence[CDR]) -> dict[UUID, RemoteSession]:
    """The remote sessions whose CDR is taken back, by the id of the credit; one query at most."""
    wanted = {_credited(credit): credit.pk for credit in credits if credit.credit_reference_id}
    if not wanted:
        return {}
    rows = RemoteSession.objects.select_related("cdr", "payment", "provider")
    rows = rows.alias(number=Upper("cdr__cdr_id"))
    owners = rows.filter(number__in=[number for *_, number in wanted])
    return {
        wanted[identity]: owner
        for owner in owners
        if owner.cdr and (identity := identity_of(owner.cdr, owner.cdr.cdr_id)) in wanted
    }


def _credited(credit: CDR) -> Identity:
    return identity_of(credit, credit.credit_reference_id)


def tell_second(changes: Changes, owner: RemoteSession, cdr: CDR) -> None:
    """Add it to the story of the charge."""
    changes.tell(
        owner, Kind.CDR,
        f"Another CDR came for this charge: {cdr.cdr_id}. Nothing more is captured; it is held "
        "for a person.",
        cdr=str(cdr.pk),
    )  # fmt: skip


def tell_credit(changes: Changes, owner: RemoteSession, credit: CDR) -> None:
    """Keep the credit, so that nothing is captured by what it takes back, and tell the story."""
    owner.credit_cdr = credit
    changes.touch(owner)
    paid = _paid(owner)
    text = f"The operator took the CDR back with credit CDR {credit.cdr_id}."
    then = "A corrected one is awaited."
    if not owner.is_taken_back:
        text = f"The operator took a part of the CDR back with credit CDR {credit.cdr_id}."
        then = "The driver pays the rest." if not credit.is_held else "It is held for a person."
    if paid:
        then = f"{paid} was paid for it; a person decides."
    changes.tell(owner, Kind.CDR, f"{text} {then}", cdr=str(credit.pk))
