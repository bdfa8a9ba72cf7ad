"""A posted CDR is taken: its form is looked at, it is stored, the peer is told that we have it.

What costs time (looking up who and where, pricing, judging, the trail) is done for many at once by
`receiving_cdrs`, at a fifth of the cost; a CDR that a peer was told we have is never lost between.
"""

import time
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from kombu.exceptions import KombuError

from apps.audit.context import Actor, ActorKind, Context, current
from apps.cdrs.form import check_cdr_form
from apps.cdrs.messages import CdrMessage
from apps.cdrs.models import CDR
from apps.core.ids import new_id
from apps.roaming.models import Peer, WaitingCdr
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.services.keeping import Identity

logger = structlog.get_logger(__name__)
# What comes within this time goes into one batch.
GATHER_SECONDS: Final = 0.5
_sleeps_until = 0.0


def take_cdr(*, peer: Peer, message: CdrMessage, now: datetime) -> UUID | None:
    """Store a CDR of which we know nothing yet; returns the id that it will have.

    None when one of this identity is there or waits: it has to be compared with that one. Posts of
    a CDR at the same moment, and one while a batch receives it, store it once.
    Raises the errors of check_cdr_form.
    """
    check_cdr_form(message)
    owner = PartyRef.of(message.country_code, message.party_id)
    identity = Identity("cdrs", owner, message.cdr_id).filters()
    identity.pop("module")
    row = WaitingCdr(
        id=new_id(), peer=peer, version=message.ocpi_version, message=message.raw,
        received_at=now, door=door_as_json(current()), **identity,
    )  # fmt: skip
    if not _insert_unless_known(row):
        return None
    transaction.on_commit(wake, robust=True)
    return row.id


def _insert_unless_known(row: WaitingCdr) -> bool:
    fields: Any = WaitingCdr._meta.concrete_fields
    quote = connection.ops.quote_name
    table = quote(WaitingCdr._meta.db_table)
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    known = (
        f"EXISTS (SELECT 1 FROM {quote(CDR._meta.db_table)} WHERE "  # noqa: S608
        "UPPER(country_code) = %s AND UPPER(party_id) = %s AND UPPER(cdr_id) = %s)"
    )
    identity = [row.country_code, row.party_id, row.key]
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {places} WHERE NOT {known} ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":  # One writes at a time: nothing comes in between.
            cursor.execute(statement, [*values, *identity])
            return bool(cursor.rowcount == 1)
        # The insert waits for a batch that removes the row of the same CDR, but does not see the
        # CDR that the batch then committed. The second look does; both go in one message, which is
        # one transaction.
        again = f"DELETE FROM {table} WHERE id = %s AND {known}"  # noqa: S608
        cursor.execute(f"{statement}; {again}", [*values, *identity, row.pk, *identity])
        inserted = cursor.rowcount
        cursor.nextset()
        return bool(inserted - cursor.rowcount == 1)


def wake() -> None:
    """Have what waits received soon, once for all that comes until then; beat does it anyway."""
    global _sleeps_until
    if time.monotonic() < _sleeps_until:
        return
    _sleeps_until = time.monotonic() + GATHER_SECONDS
    from apps.roaming.tasks import receive_cdrs

    try:
        # It begins when nothing more of this half second can come.
        receive_cdrs.apply_async(countdown=2 * GATHER_SECONDS, retry=False, expires=30)
    except (OSError, KombuError) as error:
        logger.warning("receiving_not_woken", reason=f"{type(error).__name__}: {error}")


def door_as_json(context: Context) -> dict[str, Any]:
    """By whom and through which request, until the entry is written."""
    return asdict(context)


def door_from_json(door: dict[str, Any]) -> Context:
    """What door_as_json made a value of."""
    actor = door["actor"]
    known = Actor(**{**actor, "kind": ActorKind(actor["kind"])}) if actor else None
    return Context(**{**door, "actor": known})
