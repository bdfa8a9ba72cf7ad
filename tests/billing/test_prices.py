"""What a charge costs the driver, in the order in which prices count."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from apps.billing.held import Held
from apps.billing.prices import Basis, Chargeable, Identity, Price, RetailPrice, price_all
from apps.billing.prices import price_charge as price_one

PASSED_ON = RetailPrice("EUR")
RETAIL = RetailPrice("GBP", Decimal("0.45"))


def chargeable(cdr_id: str = "A", **fields: object) -> Chargeable:
    defaults = {
        "id": uuid4(), "identity": Identity("NL", "EFL", cdr_id), "currency": "EUR",
        "kwh": Decimal("10.5"), "cost": Decimal("4.205"),
    }  # fmt: skip
    return Chargeable(**{**defaults, **fields})


def credit(takes_back: str = "A", **fields: object) -> Chargeable:
    return chargeable(
        "CREDIT", is_credit=True, takes_back=Identity("NL", "EFL", takes_back),
        **{"cost": Decimal("-4.205"), **fields},
    )  # fmt: skip


def held_code(found: Price | Held) -> str:
    assert isinstance(found, Held), found
    return found.code


def test_cost_as_sent_is_passed_on_rounded_half_up():
    assert price_one(chargeable(), retail=PASSED_ON) == Price(
        Decimal("4.21"), "EUR", Basis.COST_AS_SENT
    )


def test_reviewed_cost_counts_before_the_cost_as_sent():
    price = price_one(chargeable(reviewed_cost=Decimal("3.90")), retail=PASSED_ON)
    assert (price.amount, price.basis) == (Decimal("3.90"), Basis.REVIEWED_COST)


def test_retail_price_per_kwh_counts_before_any_cost():
    price = price_one(chargeable(reviewed_cost=Decimal("3.90")), retail=RETAIL)
    assert price == Price(Decimal("4.73"), "GBP", Basis.RETAIL_PER_KWH, Decimal("0.45"))


def test_computed_retail_cost_counts_first():
    price = price_one(chargeable(retail_cost=Decimal("5")), retail=RETAIL)
    assert (price.amount, price.basis) == (Decimal("5.00"), Basis.RETAIL)


def test_free_of_charge_is_a_price():
    assert price_one(chargeable(cost=Decimal(0)), retail=PASSED_ON).amount == 0
    free = RetailPrice("EUR", Decimal(0))
    assert price_one(chargeable(), retail=free).basis is Basis.RETAIL_PER_KWH


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cost": None}, "PRICE_MISSING"),
        ({"currency": ""}, "CURRENCY_UNKNOWN"),
        ({"currency": "XXX"}, "CURRENCY_UNKNOWN"),
        ({"kwh": Decimal("-1")}, "NEGATIVE_ENERGY"),
        ({"cost": Decimal("-1")}, "NEGATIVE_AMOUNT"),
    ],
)
def test_what_has_no_sure_price_is_held(fields, code):
    with pytest.raises(Held) as caught:
        price_one(chargeable(**fields), retail=PASSED_ON)
    assert caught.value.code == code


def prices_of(*charges: Chargeable, retail: RetailPrice = PASSED_ON) -> list[Price | Held]:
    found: dict[UUID, Price | Held] = price_all(charges, retail=retail)
    return [found[charge.id] for charge in charges]


def test_credit_takes_back_what_its_charge_costs():
    original, back = prices_of(chargeable(), credit())
    assert (original.amount, back.amount) == (Decimal("4.21"), Decimal("-4.21"))


def test_credit_takes_back_the_retail_price_that_the_driver_would_pay():
    original, back = prices_of(chargeable(), credit(), retail=RETAIL)
    assert original.amount + back.amount == 0
    assert back.currency == "GBP"


def test_credit_of_a_part_takes_back_the_part_that_is_passed_on():
    original, back = prices_of(chargeable(), credit(cost=Decimal("-1")))
    assert (original.amount, back.amount) == (Decimal("4.21"), Decimal("-1.00"))


def test_credit_of_a_part_of_the_cost_is_held_with_its_charge_under_a_retail_price():
    original, back = prices_of(chargeable(), credit(cost=Decimal("-1")), retail=RETAIL)
    assert (held_code(original), held_code(back)) == ("CREDIT_UNSETTLED", "CREDIT_IN_PART")


@pytest.mark.parametrize(
    ("original", "back", "code"),
    [
        (chargeable("OTHER"), credit(), "CREDIT_WITHOUT_CHARGE"),
        (chargeable(), credit(takes_back=""), "CREDIT_WITHOUT_CHARGE"),
        (chargeable(), credit(cost=Decimal("1")), "CREDIT_NOT_NEGATIVE"),
        (chargeable(), credit(cost=None), "CREDIT_NOT_NEGATIVE"),
        (chargeable(), credit(cost=Decimal("-9")), "CREDIT_TOO_LARGE"),
        (chargeable(cost=None), credit(), "CREDIT_OF_HELD_CHARGE"),
    ],
)
def test_credit_that_does_not_fit_is_held(original, back, code):
    assert held_code(prices_of(original, back)[1]) == code
