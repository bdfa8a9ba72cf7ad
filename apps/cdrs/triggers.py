"""What the database itself refuses about CDRs: the guards, against writes that pass by Python."""

from apps.cdrs.guards import COST_AS_SENT, IDENTITY, OUR_PRICES, OWNERSHIP, PRICE_BASIS
from apps.cdrs.models import CDR
from apps.core.triggers import Operation, Trigger, frozen_when, register


def register_triggers() -> None:
    """From AppConfig.ready()."""
    table = CDR._meta.db_table
    frozen_when(
        table, "OLD.status = 'BILLED'", *sorted(OUR_PRICES | OWNERSHIP),
        message="a billed CDR keeps its price and its account",
    )  # fmt: skip
    frozen_when(
        table, "1 = 1", *sorted(COST_AS_SENT | PRICE_BASIS | IDENTITY | {"started_at", "ended_at"}),
        message="a CDR stays as it was sent",
    )  # fmt: skip
    register(Trigger(table, Operation.UPDATE, "this CDR status can't follow", _wrong_move()))
    register(Trigger(table, Operation.TRUNCATE, "CDRs are kept"))


def _wrong_move() -> str:
    """True for a status that the table of states doesn't allow after the stored one."""
    allowed = " OR ".join(
        f"(OLD.status = '{before}' AND NEW.status = '{after}')"
        for before, targets in CDR.TRANSITIONS.items()
        for after in sorted(targets)
    )
    return f"OLD.status <> NEW.status AND NOT ({allowed})"
