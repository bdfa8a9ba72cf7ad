"""One run of the minute job over 100,000 open remote sessions of which 2,000 change.

    createdb bench_remote_sessions
    DEBUG=1 DATABASE_URL=postgresql://root@127.0.0.1:5432/bench_remote_sessions \
        .venv/bin/python benchmarks/remote_sessions_job.py [sessions] [sample of the plain way]

Prints seconds, peak memory and queries of the run (in a process of its own), and in the same run
the straightforward way: one query per step per session, one transaction per change, over a
sample of the same mix, scaled to the same number. The database is filled anew each time.
"""

# ruff: noqa: E402 - Django is set up before its models are imported

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
# Tasks are only sent here; nobody works on them.
os.environ["BROKER_DIR"] = tempfile.mkdtemp(prefix="bench_remote_sessions_")

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from apps.accounts.models import Account, Token
from apps.audit.context import Actor, acting
from apps.cdrs.models import CDR, ChargingSession
from apps.core.ids import new_id
from apps.core.inserting import insert_many
from apps.locations.models import Evse, Location, Operator
from apps.payments.models import Payment
from apps.remote_sessions.decision import NOTHING, decide
from apps.remote_sessions.job.reading import facts_of
from apps.remote_sessions.job.rules import current_rules
from apps.remote_sessions.job.runner import run
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.attaching import attach_cdr_to, attach_session_to
from apps.remote_sessions.services.candidates import match_all
from apps.remote_sessions.services.changes import Changes
from apps.remote_sessions.services.locking import locked
from apps.remote_sessions.services.running_charges import RunningCharges
from apps.remote_sessions.services.settling import settle
from apps.remote_sessions.states import State

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CHANGING = 50  # one session in so many changes
TOKENS, EVSES = 1000, 120
MOST_SECONDS, MOST_MEGABYTES = 30, 300


def fill(number: int) -> None:
    """The usual mix: most charge, some wait for a nightly CDR, a fiftieth changes now.

    Without the trail: this is the furniture, not the work that is measured.
    """
    # Not at the top: the measured process is as large as a worker, which has no factories.
    from tests.accounts.factories import AccountFactory, TokenFactory, VatRegistrationFactory
    from tests.locations.factories import EvseFactory, LocationFactory, OperatorFactory

    account = AccountFactory(provider__country="NL", country="NL")
    VatRegistrationFactory(provider=account.provider)
    location = LocationFactory(operator=OperatorFactory())
    evses = EvseFactory.build_batch(EVSES, location=location)
    tokens = TokenFactory.build_batch(TOKENS, account=account)
    insert_many(evses)
    insert_many(tokens)
    for first in range(0, number, 5000):
        rows = [
            charge(n, account, location, evses, tokens)
            for n in range(first, min(first + 5000, number))
        ]
        insert_many([payment for _, payment, _, _ in rows if payment])
        insert_many([session for _, _, session, _ in rows if session])
        insert_many([cdr for _, _, _, cdr in rows if cdr])
        insert_many([row for row, _, _, _ in rows])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def charge(n: int, account: Account, location: Location, evses: list, tokens: list) -> tuple:
    """One remote session with what belongs to it; every fiftieth is one that changes."""
    case = (n // CHANGING) % 4 if n % CHANGING == 0 else None
    token, evse = tokens[n % TOKENS], evses[(n // TOKENS) % EVSES]
    asked = NOW - timedelta(minutes=11 + n % 600)
    row = RemoteSession(
        provider=account.provider, account=account, token=token, operator=location.operator,
        location=location, evse=evse, requested_at=asked, state_changed_at=asked,
        authorization_reference=f"{n:032X}", state=State.ACTIVE, active_at=asked,
    )  # fmt: skip
    payment = paid(row, account) if n % 2 == 0 else None
    session = session_of(row, token, evse, n)
    if case == 0:  # no session came: is given up
        row.state, session = State.STARTING, None
    elif case == 1:  # its session came and was not attached
        row.state = State.STARTING
    elif case == 2 and payment:  # nears the blocked amount
        session.total_cost_incl_vat = Decimal(49)
    cdr = cdr_of(session, n) if case == 3 else None
    if case == 3 or n % 20 == 1:
        session.status, session.ended_at = "COMPLETED", NOW
    if n % 20 == 1:
        row.state = State.STOPPING
    if session is not None and case != 1:
        row.session, row.operator_session_id = session, session.session_id
    return row, payment, session, cdr


def paid(row: RemoteSession, account: Account) -> Payment:
    row.payment = Payment(
        provider=account.provider, account=account, reference=str(row.pk), psp="sandbox",
        currency="EUR", authorized_amount=50, state="PREAUTH_ACCEPTED", state_changed_at=NOW,
        psp_payment_id=str(new_id()),
    )  # fmt: skip
    return row.payment


def session_of(row: RemoteSession, token: Token, evse: Evse, n: int) -> ChargingSession:
    operator: Operator = row.operator
    return ChargingSession(
        country_code=operator.country_code, party_id=operator.party_id, session_id=f"S-{n}",
        token=token, account=row.account, provider=row.provider, operator=operator,
        location=row.location, evse_uid=evse.uid, evse_id=evse.evse_id, source="OCPI",
        authorization_reference=row.authorization_reference, currency="EUR", kwh=3,
        status="ACTIVE", started_at=row.requested_at, last_updated=NOW,
        total_cost_incl_vat=Decimal(4),
    )  # fmt: skip


def cdr_of(session: ChargingSession, n: int) -> CDR:
    same = (
        "country_code", "party_id", "session_id", "token", "account", "provider", "operator",
        "location", "evse_uid", "evse_id", "authorization_reference", "currency", "kwh",
        "started_at",
    )  # fmt: skip
    return CDR(
        **{name: getattr(session, name) for name in same}, cdr_id=f"C-{n}", source="OCPI",
        ended_at=NOW, total_cost_excl_vat=Decimal("9.90"), location_country="NL",
        content_hash=f"{n:064x}",
    )  # fmt: skip


def measure_run() -> None:
    """In a process of its own, so that the memory is the job's."""
    queries = 0

    def count(execute, *args):
        nonlocal queries
        queries += 1
        return execute(*args)

    connection.ensure_connection()
    begin, processor = time.perf_counter(), time.process_time()
    with acting(Actor.job("benchmark")), connection.execute_wrapper(count):
        log = run(now=NOW)
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = log.counts if log else None
    print(f"{seconds:.2f} {processor:.2f} {megabytes:.0f} {queries} {counts}")


def plain_way(ids: list) -> tuple[float, int]:
    """One query per step per session, each change in its own transaction; how many changed."""
    running, rules, changed = RunningCharges(now=NOW), current_rules(), 0
    begin = time.perf_counter()
    for pk in ids:
        with transaction.atomic():
            row = locked(pk)
            changes = Changes(NOW)
            reference = row.authorization_reference
            sessions = ChargingSession.objects.filter(authorization_reference=reference)
            if row.session_id is None and (session := sessions.first()):
                for _, match in match_all([session]):
                    attach_session_to(changes, row, session, match)
            cdr = CDR.objects.filter(authorization_reference=reference).first()
            if row.cdr_id is None and cdr is not None:
                for _, match in match_all([cdr]):
                    attach_cdr_to(changes, row, cdr, match)
            decision = decide(facts_of(row, running), rules=rules, now=NOW)
            if decision != NOTHING and decision.to:
                changes.move(row, decision.to, reason=decision.reason, message=decision.message)
            if decision.ask_stop:
                changes.ask_stop(row, by="LIMIT")
            changes.save("brought on")
            settle(list(changes.touched.values()), now=NOW)
            changed += bool(changes.touched)
    return time.perf_counter() - begin, changed


def main() -> None:
    if connection.vendor != "postgresql" or "bench" not in connection.settings_dict["NAME"]:
        sys.exit("Set DATABASE_URL to a PostgreSQL database of its own named bench...")
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    sample = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    with acting(Actor.job("benchmark")):
        fill(number + sample)
        ids = list(RemoteSession.objects.order_by("id").values_list("pk", flat=True)[:sample])
        plain, plain_changed = plain_way(ids)
    answer = subprocess.run(
        [sys.executable, __file__, "--run-job"], capture_output=True, text=True, check=True
    )
    last = answer.stdout.strip().split("\n")[-1]
    seconds, processor, megabytes, queries, counts = last.split(" ", 4)
    scaled = plain * number / sample
    print(f"{number:,} open remote sessions: {counts}")
    print(f"job:       {float(seconds):8.1f} s ({processor} s of processor time), "
          f"{megabytes} MB, {queries} queries")  # fmt: skip
    print(f"plain way: {scaled:8.1f} s (scaled from {sample:,}, of which {plain_changed} changed)")
    print(f"ratio:     {scaled / float(seconds):8.1f}")
    met = float(seconds) < MOST_SECONDS and int(megabytes) < MOST_MEGABYTES
    print(f"goal (under {MOST_SECONDS} s and {MOST_MEGABYTES} MB): {'met' if met else 'MISSED'}")
    sys.exit(not met)


if __name__ == "__main__":
    # DEBUG keeps the text of each query, which is no cost of the job.
    settings.DEBUG = False
    try:
        measure_run() if "--run-job" in sys.argv else main()
    finally:
        shutil.rmtree(os.environ["BROKER_DIR"], ignore_errors=True)
