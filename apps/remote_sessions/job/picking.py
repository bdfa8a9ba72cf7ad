"""Which open remote sessions can change now, said in SQL: most only charge, and are not read.

A superset of those that `decide` changes or for whom something may have come; what is picked is
decided on in memory.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import DecimalField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest

from apps.payments.states import State as PaymentState
from apps.remote_sessions.decision import Rules
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.running_charges import RunningCharges
from apps.remote_sessions.states import State

CHARGES: Final = Q(state=State.ACTIVE, session__status="ACTIVE", session__deleted_at=None)
_AMOUNT: Final = DecimalField(max_digits=30, decimal_places=10)
_NOTHING: Final = Value(Decimal(0), _AMOUNT)


def pick(rules: Rules, running: RunningCharges, *, now: datetime) -> QuerySet[RemoteSession]:
    """All but those that charge, below the limit and for less than the longest time.

    So starts (open for minutes), stops on their way, and what waits for its CDR.
    """
    too_old = Q(requested_at__lte=now - rules.active_max)
    nears_limit = Q(payment__state=PaymentState.PREAUTH_ACCEPTED) & (
        _needs_tariff(running) | Q(most__gt=F("limit"))
    )
    rows = RemoteSession.objects.watched().alias(
        most=_most(running.vat.highest),
        limit=F("payment__authorized_amount") * Value(rules.limit_percent / 100, _AMOUNT),
    )
    picked: QuerySet[RemoteSession] = rows.filter(~CHARGES | too_old | nears_limit)
    return picked


def _needs_tariff(running: RunningCharges) -> Q:
    """What the driver pays is said by a tariff, which SQL can't read."""
    owners = running.tariff_owners
    nothing_sent = Q(session__total_cost_incl_vat=None, session__total_cost_excl_vat=None)
    return Q(provider__in=owners.providers) | (Q(operator__in=owners.operators) & nothing_sent)


def _most(highest_vat: Decimal) -> Any:
    """The most it can have come to by what is known without a tariff, in any currency."""
    gross = Value(1 + highest_vat / 100, _AMOUNT)
    retail = F("provider__retail_price_per_kwh") * F("session__kwh")
    known = [
        F("session__total_cost_incl_vat"), F("session__total_cost_excl_vat") * gross,
        retail * gross,
    ]  # fmt: skip
    return Greatest(*(Coalesce(each, _NOTHING, output_field=_AMOUNT) for each in known))
