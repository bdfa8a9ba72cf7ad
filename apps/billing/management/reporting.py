"""What the commands of billing print: for people, in a terminal or a log."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.accounts.models import Provider
from apps.billing.services import IssueSummary, RunSummary
from apps.billing.services.runs import Progress as Report
from apps.billing.totals import Turnover
from apps.core.money import display

_EXAMPLES = 5


class Output(Protocol):
    def write(self, msg: str) -> object: ...


def read_provider(slug: str) -> Provider:
    """The provider of that slug; a CommandError names those that there are."""
    provider: Provider | None = Provider.objects.filter(slug=slug).first()
    if provider is None:
        known = ", ".join(Provider.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"There is no provider {slug!r}; there are: {known or 'none yet'}.")
    return provider


@contextmanager
def progress_bar(label: str) -> Iterator[Report]:
    """On standard error, and only in a terminal; the block gets the function that moves it."""
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_summary(out: Output, summary: RunSummary) -> None:
    """Totals per currency, what happened to drafts, and what is held and why."""
    kind = "Dry run, nothing written: " if summary.is_dry_run else ""
    out.write(f"{kind}{summary.provider} {summary.period}")
    if not summary.totals:
        out.write("  no invoices")
    for currency, turnover in summary.totals.items():
        _print_turnover(out, currency, turnover)
    if done := {what: count for what, count in summary.drafts.items() if count}:
        out.write("  drafts: " + ", ".join(f"{count} {what}" for what, count in done.items()))
    if summary.late:
        out.write(
            f"  late: {summary.late} CDRs wait for the next period, because their invoice of "
            "this one is issued"
        )
    _print_held(out, summary)


def print_issued(out: Output, summary: IssueSummary) -> None:
    """How many were issued, from which number to which, and which were refused."""
    numbers = [invoice.number or "" for invoice in summary.issued]
    span = f": {numbers[0]} to {numbers[-1]}" if numbers else ""
    out.write(f"Issued {len(numbers)} invoices{span}")
    for invoice, reason in summary.refused:
        out.write(f"  not issued: {invoice}: {reason}")


def _print_turnover(out: Output, currency: str, turnover: Turnover) -> None:
    out.write(
        f"  {currency}: {turnover.invoices} invoices, {turnover.lines} lines, "
        f"net {display(turnover.net, currency)}, VAT {display(turnover.vat, currency)}, "
        f"gross {display(turnover.gross, currency)}"
    )


def _print_held(out: Output, summary: RunSummary) -> None:
    if not summary.held:
        return
    out.write(f"  held: {len(summary.held)} CDRs")
    for code, count in Counter(held.code for held in summary.held).most_common():
        out.write(f"    {count} {code}")
        examples = [held for held in summary.held if held.code == code]
        for held in examples[:_EXAMPLES]:
            out.write(f"      {held.label}: {held.message}")
        if count > _EXAMPLES:
            out.write(f"      and {count - _EXAMPLES} more: see Billing holds in the admin")
