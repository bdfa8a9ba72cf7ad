"""Why a person must look at a CDR before it is accepted. Pure: what is known goes in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from apps.cdrs.messages import CdrMessage
from apps.tariffs.hub_remarks import is_cost_insignificant
from apps.tariffs.ocpi.cdrs import UNKNOWN_TIME

# Stations' clocks run a little ahead of ours.
CLOCK_TOLERANCE: Final = timedelta(minutes=10)
# OCPI 2.2.1 `types`, number: four decimals.
SENT_DECIMALS: Final = 4
# Columns keep ten decimals; SQLite calculates with fifteen digits.
KEPT_DECIMALS: Final = 10
KEPT_DIGITS: Final = 15

# Those that go away when a party, station or card becomes known.
LOOKUP_CODES: Final = frozenset(
    {
        "OPERATOR_UNKNOWN",
        "LOCATION_UNKNOWN",
        "TOKEN_MISSING",
        "TOKEN_UNKNOWN",
        "TOKEN_OF_OTHER_PROVIDER",
        "TOKEN_BLOCKED",
        "CREDIT_OF_UNKNOWN_CDR",
    }
)


@dataclass(frozen=True, slots=True)
class HoldReason:
    """A code for programs, a sentence for people."""

    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What we know of those a CDR speaks of."""

    operator: bool
    location: bool
    token: bool
    token_is_valid: bool = True
    token_of_other_provider: bool = False
    credited_cdr: bool = True


def hold_reasons(*, message: CdrMessage, known: Known, now: datetime) -> list[HoldReason]:
    """Everything odd about a well-formed CDR; empty when nothing is."""
    return [
        *lookup_reasons(message=message, known=known),
        *_of_time(message, now),
        *_of_energy(message),
        *_of_cost(message),
        *_of_credit(message),
        *_of_digits(message),
        *_of_home(message),
    ]


def lookup_reasons(*, message: CdrMessage, known: Known) -> Iterator[HoldReason]:
    """What can't be found among our operators, locations and tokens."""
    if not known.operator:
        party = f"{message.country_code}*{message.party_id}"
        yield HoldReason("OPERATOR_UNKNOWN", f"We don't know the operator {party}.")
    if not known.location:
        yield HoldReason(
            "LOCATION_UNKNOWN",
            f"We don't know the location {message.location_id or message.evse_id or '(none sent)'}"
            " of this operator.",
        )
    yield from _of_token(message, known)
    if message.is_credit and message.credit_reference_id and not known.credited_cdr:
        yield HoldReason(
            "CREDIT_OF_UNKNOWN_CDR",
            f"It takes back the CDR {message.credit_reference_id}, which we don't have.",
        )


def _of_token(message: CdrMessage, known: Known) -> Iterator[HoldReason]:
    """Without the ids, which the CDR itself shows: reasons are kept in events and entries."""
    if not (message.contract_id or message.token_uid):
        yield HoldReason("TOKEN_MISSING", "It names no token: nobody is known to have charged.")
    elif known.token_of_other_provider:
        yield HoldReason("TOKEN_OF_OTHER_PROVIDER", "Its token is none of this provider's tokens.")
    elif not known.token:
        yield HoldReason("TOKEN_UNKNOWN", "We don't know its token.")
    elif not known.token_is_valid:
        yield HoldReason("TOKEN_BLOCKED", "Its token is blocked.")


def _of_time(message: CdrMessage, now: datetime) -> Iterator[HoldReason]:
    """An operator may only send an unknown time when that was agreed (mod_cdrs, CDR, last note)."""
    if message.started_at == UNKNOWN_TIME:
        yield HoldReason("START_UNKNOWN", "It doesn't say when it began (1970 stands for that).")
    if message.ended_at > now + CLOCK_TOLERANCE:
        end = message.ended_at.astimezone(UTC)
        yield HoldReason("END_IN_FUTURE", f"It ends in the future: {end:%Y-%m-%d %H:%M} UTC.")


def _of_energy(message: CdrMessage) -> Iterator[HoldReason]:
    if message.kwh < 0 and not message.is_credit:
        yield HoldReason("ENERGY_NEGATIVE", f"The energy is negative: {message.kwh} kWh.")


def _of_cost(message: CdrMessage) -> Iterator[HoldReason]:
    excl, incl = message.total_cost.excl_vat, message.total_cost.incl_vat
    if excl is None:
        yield HoldReason("COST_MISSING", "It names no total cost excluding VAT.")
    elif message.is_credit:
        if excl >= 0:
            yield HoldReason("CREDIT_NOT_NEGATIVE", f"A credit of {excl} takes nothing back.")
    elif excl < 0:
        yield HoldReason("COST_NEGATIVE", f"The cost is negative: {excl} {message.currency}.")
    elif excl == 0 and message.kwh > 0:
        yield HoldReason("COST_ZERO", f"The cost is zero, for {message.kwh} kWh.")
    if excl is not None and incl is not None and abs(incl) < abs(excl):
        yield HoldReason(
            "COST_INCL_BELOW_EXCL", "The cost including VAT is below that excluding it."
        )
    if is_cost_insignificant(message.remark):
        yield HoldReason("COST_NOT_SIGNIFICANT", "The hub marks the cost as not significant.")


def _of_credit(message: CdrMessage) -> Iterator[HoldReason]:
    if message.is_credit and not message.credit_reference_id:
        yield HoldReason("CREDIT_WITHOUT_REFERENCE", "A credit that doesn't say for which CDR.")


def _of_home(message: CdrMessage) -> Iterator[HoldReason]:
    """OCPI 2.2.1 `mod_cdrs`, CDR: the energy has to be compensated to the driver."""
    if message.home_charging_compensation and not message.is_credit:
        yield HoldReason(
            "HOME_CHARGING",
            "It charged at the driver's own charger: the driver is owed the energy's cost.",
        )


def _of_digits(message: CdrMessage) -> Iterator[HoldReason]:
    excl, incl = message.total_cost.excl_vat, message.total_cost.incl_vat
    sent = [amount for amount in (excl, incl) if amount is not None]
    if any(decimals(amount) > SENT_DECIMALS for amount in sent):
        yield HoldReason(
            "COST_PRECISION",
            f"The cost has more than {SENT_DECIMALS} decimals: {', '.join(map(str, sent))}.",
        )
    if any(kept(amount) != amount for amount in [*sent, message.kwh]):
        yield HoldReason(
            "DIGITS_NOT_KEPT",
            "A number has more digits than we calculate with; the message keeps them all.",
        )


def decimals(amount: Decimal) -> int:
    """How many decimals count: 2 for 1.50, 1 for 1.5, 0 for 100."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def kept(amount: Decimal) -> Decimal:
    """The number as the columns keep it on every database: 15 digits, 10 decimals at most."""
    places = min(KEPT_DECIMALS, KEPT_DIGITS - 1 - max(amount.adjusted(), 0))
    return amount if decimals(amount) <= places else round(amount, places)
