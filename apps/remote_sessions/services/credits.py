"""Credit CDRs that stand against the CDRs of remote sessions.

OCPI 2.2.1 mod_cdrs, "Credit CDRs": a credit takes back the whole CDR, and a corrected one may
follow. Some operators send credits of a part all the same; the rest of the CDR then stands.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Upper

from apps.billing.charges import UNUSED_FIELDS
from apps.cdrs.models import CDR
from apps.remote_sessions.models import RemoteSession

Identity = tuple[str, str, str]


def credits_of(remote_sessions: Sequence[RemoteSession]) -> dict[UUID, list[CDR]]:
    """Those that were not refused, oldest first, by remote session; one query where any came."""
    told = [row for row in remote_sessions if row.credit_cdr_id and row.cdr]
    owners = {identity_of(row.cdr, row.cdr.cdr_id): row.pk for row in told if row.cdr}
    found: dict[UUID, list[CDR]] = defaultdict(list)
    for credit in _standing(owners):
        owner = owners.get(identity_of(credit, credit.credit_reference_id))
        if owner is not None:
            found[owner].append(credit)
    return found


def cancelled_among(cdrs: Sequence[CDR]) -> set[UUID]:
    """Those that credits on record take back as a whole: no charge is left of them."""
    bills = {identity_of(cdr, cdr.cdr_id): cdr for cdr in cdrs}
    return _cancelled(bills, _standing(bills))


def cancelled_in(delivery: Sequence[CDR]) -> set[UUID]:
    """Those that a credit of the same delivery takes back as a whole."""
    bills = {identity_of(cdr, cdr.cdr_id): cdr for cdr in delivery if not cdr.is_credit}
    return _cancelled(bills, [cdr for cdr in delivery if cdr.is_credit])


def _cancelled(bills: dict[Identity, CDR], credits: Iterable[CDR]) -> set[UUID]:
    pairs = [(bills.get(identity_of(one, one.credit_reference_id)), one) for one in credits]
    return {bill.pk for bill, credit in pairs if bill and credit.cancels(bill)}


def _standing(bills: Iterable[Identity]) -> QuerySet[CDR] | list[CDR]:
    wanted = {number for *_, number in bills}
    if not wanted:
        return []
    credits = CDR.objects.live().filter(is_credit=True).exclude(status=CDR.Status.REJECTED)
    named = credits.alias(back=Upper("credit_reference_id")).filter(back__in=wanted)
    found: QuerySet[CDR] = named.defer(*UNUSED_FIELDS).order_by("id")
    return found


def identity_of(cdr: CDR, number: str) -> Identity:
    """The identity of the CDR with this number and of the same party as `cdr`."""
    return cdr.country_code.upper(), cdr.party_id.upper(), number.upper()
