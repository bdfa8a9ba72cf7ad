"""How long one VAT decision takes. Run: python benchmarks/vat_decision.py

Prints the time per decision over a mix of cases, with and without the sentence and the JSON that
a snapshot keeps, and the ratio to the straightforward way, which reads the rates from their file
for each decision.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from apps.vat.decision import decide
from apps.vat.decision_json import write_decision
from apps.vat.facts import Facts, IdStatus, Kind, Supply
from apps.vat.rates import SHIPPED_RATES, RateBook, read_rates

END = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
CASES = [
    Facts(
        supply=Supply.CHARGING_SESSION,
        session_end=END,
        supplier_country="NL",
        supplier_vat_registrations=("NL", "DE", "FR"),
        customer_country="NL",
        customer_kind=kind,
        customer_vat_ids=("NL123456789B01",) if kind is not Kind.PRIVATE else (),
        vat_id_status=IdStatus.VALID,
        station_country=country,
        station_postcode=postcode,
    )
    for kind in Kind
    for country, postcode in [("NL", "1011AB"), ("DE", "10115"), ("FR", "75001"), ("CH", None)]
] + [
    Facts(
        supply=Supply.SUBSCRIPTION,
        on=date(2026, 6, 30),
        supplier_country="NL",
        customer_country="AT",
        customer_postcode="1010",
        customer_kind=Kind.PRIVATE,
    )
]


def microseconds(work: Callable[[Facts], object], rounds: int) -> float:
    """The best of five runs, per case."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(rounds):
            for facts in CASES:
                work(facts)
        best = min(best, time.perf_counter() - start)
    return best / rounds / len(CASES) * 1e6


def main() -> None:
    book = RateBook.shipped()
    alone = microseconds(lambda facts: decide(facts, book), rounds=500)
    written = microseconds(lambda facts: write_decision(decide(facts, book)), rounds=500)
    anew = microseconds(lambda facts: decide(facts, RateBook(read_rates(SHIPPED_RATES))), rounds=5)
    print(f"one decision                     {alone:8.1f} µs")
    print(f"one decision, written as JSON    {written:8.1f} µs")
    print(f"reading the rates each time      {anew:8.1f} µs   ({anew / alone:.0f} times)")


if __name__ == "__main__":
    main()
