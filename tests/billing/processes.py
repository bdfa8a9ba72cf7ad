"""Run by test_processes.py in processes of their own, on a database of their own.

    python -m tests.billing.processes build run=7 run issue=20 state

Each step is done in turn; `run=7` kills its process (-9) at the seventh account, `issue=20` and
`state` print a line of JSON.
"""

import json
import multiprocessing
import os
import signal
import sys
from decimal import Decimal
from typing import Any

import django

ACCOUNTS = 30


def build() -> None:
    """A seller whose drivers have charged, some of them in two currencies."""
    from tests.billing import factories

    provider = factories.seller(slug="volt", invoice_prefix="VOL")
    for n in range(ACCOUNTS):
        account = factories.driver(provider, number=f"C{n:03}")
        for day in range(1, 4):
            factories.charge(account, day=day, total_cost_excl_vat=Decimal(n + day) / 3)
        if n % 10 == 0:
            factories.charge(account, currency="GBP", total_cost_excl_vat=Decimal(n + 1))
            factories.charge(account, day=9, total_cost_excl_vat=None)


def run(kill_after: int | None = None) -> None:
    """The invoice run; with `kill_after` it kills itself (-9) inside that account's transaction."""
    from apps.billing.services import drafting
    from tests.billing import factories

    keep_holds, calls = drafting.keep_holds, []

    def kill_in_the_middle(**kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        keep_holds(**kwargs)

    if kill_after:
        drafting.keep_holds = kill_in_the_middle
    factories.run(_provider())


def issue(processes: int) -> None:
    """That many processes issue all drafts at once; prints how many each of them issued."""
    from django.db import connections

    connections.close_all()
    fork = multiprocessing.get_context("fork")
    gate, issued = fork.Barrier(processes), fork.Queue()
    workers = [fork.Process(target=_issue, args=(gate, issued)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    counts = [issued.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    print(json.dumps(counts))


def _issue(gate: Any, issued: Any) -> None:
    from apps.audit.context import Actor, acting
    from apps.billing import services
    from tests.billing.factories import NOW

    gate.wait(timeout=60)
    with acting(Actor.job("test")):
        summary = services.issue_invoices(provider=_provider(), now=NOW)
    issued.put(len(summary.issued))


def state() -> None:
    """Everything that matters, without ids and times of writing."""
    from apps.billing.models import BillingHold, Invoice, InvoiceRun, InvoiceSeries
    from apps.cdrs.models import CDR

    invoices = Invoice.objects.order_by("account__number", "partition")
    print(json.dumps({
        "invoices": [
            [i.account.number, i.partition, i.state, str(i.net_total), str(i.vat_total),
             [[line.cdr.cdr_id, str(line.net_amount)] for line in i.lines.order_by("position")]]
            for i in invoices.prefetch_related("lines__cdr").select_related("account")
        ],
        "numbers": sorted(i.number for i in invoices if i.number),
        "series": list(InvoiceSeries.objects.values_list("last_number", flat=True)),
        "runs": [[run.state, run.totals, run.held] for run in InvoiceRun.objects.all()],
        "holds": sorted(BillingHold.objects.values_list("cdr__cdr_id", "code")),
        "cdrs": sorted(CDR.objects.values_list("cdr_id", "status")),
    }, default=str))  # fmt: skip


def _provider() -> Any:
    from apps.accounts.models import Provider

    return Provider.objects.get(slug="volt")


STEPS: dict[str, Any] = {"build": build, "run": run, "issue": issue, "state": state}


def main(*steps: str) -> None:
    django.setup()
    from apps.audit.context import Actor, acting

    with acting(Actor.job("test")):
        for step in steps:
            name, _, number = step.partition("=")
            STEPS[name](*([int(number)] if number else []))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evcharge.settings")
    main(*sys.argv[1:])
