"""What a running charge has come to, and the stop at the limit that follows from it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cdrs.messages import Price
from apps.remote_sessions.running_total import Money, OwnPrices, Running, running_total
from apps.remote_sessions.services.running_charges import RunningCharges, running_total_of
from apps.remote_sessions.states import State
from tests.accounts.factories import ProviderFactory
from tests.remote_sessions.factories import NOW, fresh, silent_operator
from tests.tariffs.factories import make_version
from tests.tariffs.messages import component, flat_tariff

PER_HOUR = flat_tariff(component("TIME", "6.00"))


def running(**fields) -> Decimal | None:
    known = {
        "currency": "EUR", "kwh": Decimal(10), "sent_incl_vat": None, "sent_excl_vat": None,
        "retail_per_kwh": None, "retail_currency": "EUR", "own": OwnPrices(),
        "vat_rate": Decimal(21), **fields,
    }  # fmt: skip
    return running_total(Running(**known), currency="EUR")


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("known", "total"),
    [
        ({}, None),
        ({"sent_incl_vat": Decimal(5), "sent_excl_vat": Decimal(9)}, "5"),
        ({"sent_excl_vat": Decimal(10)}, "12.10"),
        ({"own": OwnPrices(purchase=euros("10"))}, "12.10"),
        ({"sent_excl_vat": Decimal(1), "own": OwnPrices(purchase=euros("10"))}, "1.21"),
        ({"retail_per_kwh": Decimal("0.5")}, "6.05"),
        ({"retail_per_kwh": Decimal("0.5"), "own": OwnPrices(retail=euros("4"))}, "4.84"),
        ({"sent_incl_vat": Decimal(7), "own": OwnPrices(retail=euros("4"))}, "7"),
        ({"sent_incl_vat": Decimal(3), "own": OwnPrices(retail=euros("4"))}, "4.84"),
        ({"currency": "CHF", "sent_incl_vat": Decimal(99)}, None),
        ({"retail_currency": "CHF", "retail_per_kwh": Decimal(9)}, None),
    ],
)
def test_the_higher_of_the_operators_and_the_drivers_amount_counts(known, total):
    assert running(**known) == (None if total is None else Decimal(total))


def test_the_providers_tariff_stops_a_charge_whose_operator_sends_no_cost(world):
    make_version(provider=world.provider)
    remote_session = world.active(blocked="50")
    # 157 kWh at 0.25 with 21 % VAT are 47.49, 158 kWh are 47.80: 95 % of 50 is 47.50.
    world.send_session(remote_session, kwh=Decimal(157))
    world.job()
    assert fresh(remote_session).state == State.ACTIVE

    world.wait(minutes=1)
    world.send_session(remote_session, kwh=Decimal(158))
    world.job()

    assert fresh(remote_session).state == State.STOPPING
    assert fresh(remote_session).stop_requested_by == "LIMIT"


def test_the_operators_tariff_stops_it_where_the_provider_has_no_price(world):
    make_version(operator=world.operator)
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, kwh=Decimal(158))

    world.job()

    assert fresh(remote_session).state == State.STOPPING


def test_a_cost_that_the_operator_sends_is_taken_before_its_tariff(world):
    make_version(operator=world.operator)
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, kwh=Decimal(158), total_cost=Price(Decimal(2)))

    world.job()

    assert fresh(remote_session).state == State.ACTIVE


def test_a_price_per_hour_runs_on_while_nothing_is_heard(world):
    make_version(provider=world.provider, content=PER_HOUR)
    remote_session = world.active(blocked="10")
    # One hour at 6.00 with 21 % VAT is 7.26, 80 minutes are 9.68.
    world.wait(minutes=60)
    world.job()
    assert fresh(remote_session).state == State.ACTIVE

    world.wait(minutes=20)
    world.job()

    assert fresh(remote_session).state == State.STOPPING


def test_a_tariff_that_can_not_be_read_prices_nothing_and_stops_nobody(world):
    make_version(provider=world.provider, content=flat_tariff(component("ENERGY", "0.25")) | {
        "currency": "CHF"})  # fmt: skip
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, kwh=Decimal(5000))

    counts = world.job()

    assert "UNPRICED" not in counts
    assert "SET_ASIDE" not in counts
    assert fresh(remote_session).state == State.ACTIVE


def test_the_running_total_of_one_is_the_one_the_job_compares(world):
    make_version(provider=world.provider)
    remote_session = world.active()
    world.send_session(remote_session, kwh=Decimal(100))

    total = RunningCharges(now=NOW).total_of(fresh(remote_session), currency="EUR")

    assert total == Decimal("30.25")


def test_showing_one_charge_reads_the_tariffs_of_its_own_parties_only(world):
    make_version(provider=world.provider)
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, kwh=Decimal(10))
    make_version(provider=ProviderFactory())

    with CaptureQueriesContext(connection) as asked:
        total = running_total_of(fresh(remote_session), now=world.now)

    assert total is not None
    book = [query["sql"] for query in asked if "tariffs_tariffversion" in query["sql"]]
    assert len(book) == 1
    assert world.provider.pk.hex in book[0].replace("-", "")
    assert not [query for query in asked if "DISTINCT" in query["sql"]]


def test_the_session_of_an_operator_without_cdrs_is_captured_by_the_providers_tariff(world):
    make_version(provider=world.provider)
    world.evse = silent_operator()
    remote_session = world.active(blocked="50")
    world.wait(minutes=30)

    world.send_session(
        remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(20),
        total_cost=Price(Decimal(2)),
    )  # fmt: skip
    world.work()

    assert fresh(remote_session).payment.captured_amount == Decimal("6.05")


def test_the_session_of_an_operator_that_sends_no_cost_either_is_captured_by_its_tariff(world):
    world.evse = silent_operator()
    make_version(operator=world.operator)
    remote_session = world.active(blocked="50")

    world.send_session(
        remote_session, status="COMPLETED", ended_at=world.now, kwh=Decimal(20),
        started_at=NOW - timedelta(minutes=5),
    )  # fmt: skip
    world.work()

    assert fresh(remote_session).payment.captured_amount == Decimal("6.05")


def test_many_charges_are_priced_with_the_queries_of_one(world, django_assert_max_num_queries):
    from apps.remote_sessions.job.picking import pick
    from apps.remote_sessions.job.reading import as_rows, read_pages
    from apps.remote_sessions.job.rules import current_rules
    from tests.accounts.factories import TokenFactory

    make_version(provider=world.provider)
    for number in range(6):
        world.token = TokenFactory(account=world.token.account)
        world.send_session(world.start(blocked="50"), session_id=f"S-{number}")
    charges = RunningCharges(now=NOW)

    # Owners, rates, a page, whose tariffs, the tariffs, the sessions, an empty page.
    with django_assert_max_num_queries(8):
        rows = pick(current_rules(), charges, now=NOW)
        [page] = read_pages(rows)
        batch = as_rows(page, charges)

    assert {row.facts.running_total for row in batch} == {Decimal("0.3025")}
