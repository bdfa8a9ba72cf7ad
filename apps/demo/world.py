"""Fills the demo with charges and takes them all the way to invoices, through the services.

What is there already stays as it is: a second run on the same day writes nothing, one on a later
day adds the days since.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from apps.accounts.models import Credential, Provider, User
from apps.accounts.services import issue_credential
from apps.audit.context import Actor
from apps.billing.models import Invoice
from apps.billing.periods import Period
from apps.billing.services import issue_invoices, run_invoices
from apps.cdrs.messages import CdrMessage, Price, SessionMessage
from apps.cdrs.models import CDR, ChargingSession
from apps.cdrs.services import (
    CdrConflicting,
    accept_cdr,
    accept_cdrs,
    receive_cdr,
    receive_cdrs,
    receive_session,
    reject_cdr,
)
from apps.demo.calendar import Calendar, next_month
from apps.demo.charges import charges_of_day
from apps.demo.doubtful import doubtful_charges
from apps.demo.oddities import is_much_too_dear, with_oddities
from apps.demo.providers import PROVIDERS, DemoProvider, customers
from apps.demo.stations import RHEIN, STATIONS

Item = TypeVar("Item")

# CDRs on an ordinary weekday, by provider.
AVERAGE: Final = {"ampere": 16.0, "voltly": 10.0}
# The newest CDRs wait for the next review.
REVIEWED_AFTER: Final = timedelta(days=3)
_BATCH: Final = 500


def seed_charges(*, now: datetime) -> None:
    """CDRs and sessions in every state, and the invoices of three months."""
    calendar = Calendar(now.date())
    messages = [message for demo in PROVIDERS for message in _messages(demo, calendar)]
    _receive(messages, now)
    _receive_conflict(messages, now)
    _review(messages, now)
    _bill(calendar, now)
    _start_sessions(now)


def seed_credentials(*, actor: Actor | None = None) -> dict[str, str]:
    """A credential for each provider that has none; its text by the provider's slug."""
    texts: dict[str, str] = {}
    for demo in PROVIDERS:
        provider = Provider.objects.get(slug=demo.slug)
        if not Credential.objects.filter(provider=provider).exists():
            issued = issue_credential(
                name="Demo", provider=provider, scopes=list(Credential.Scope.values), actor=actor
            )
            texts[demo.slug] = issued.text
    return texts


def _messages(demo: DemoProvider, calendar: Calendar) -> Iterator[CdrMessage]:
    people = list(customers(demo))
    for day in calendar.days():
        of_day = charges_of_day(
            day=day, provider=demo.slug, customers=people, stations=STATIONS,
            nearby=tuple(demo.vat_numbers), average=AVERAGE[demo.slug],
        )  # fmt: skip
        yield from with_oddities(list(of_day))
    yield from doubtful_charges(
        today=calendar.today, provider=demo.slug, customers=people, stations=STATIONS
    )


def _receive(messages: Sequence[CdrMessage], now: datetime) -> None:
    """Rheinstrom is reached through a hub, the other two directly."""
    by_hub = [message for message in messages if message.party_id == RHEIN.party_id]
    direct = [message for message in messages if message.party_id != RHEIN.party_id]
    for source, group in ((CDR.Source.HUB, by_hub), (CDR.Source.OCPI, direct)):
        for batch in _batches(group):
            receive_cdrs(messages=batch, source=source, now=now)


def _receive_conflict(messages: Sequence[CdrMessage], now: datetime) -> None:
    """An operator sends a CDR again with another price: refused, and kept for staff to see."""
    first = next(m for m in messages if m.total_cost.excl_vat and m.party_id != RHEIN.party_id)
    assert first.total_cost.excl_vat is not None  # noqa: S101 - next() made sure
    dearer = Price(first.total_cost.excl_vat + 1, first.total_cost.incl_vat)
    try:
        receive_cdr(message=replace(first, total_cost=dearer), source=CDR.Source.OCPI, now=now)
    except CdrConflicting:
        return


def _review(messages: Sequence[CdrMessage], now: datetime) -> None:
    support = _actor("support@evcharge.test")
    until = now - REVIEWED_AFTER
    _decide_on_held(until, now, support)
    dear = [m.cdr_id for m in messages if is_much_too_dear(m) and m.ended_at < until]
    for cdr in CDR.objects.filter(cdr_id__in=dear, status=CDR.Status.PENDING).order_by("cdr_id"):
        reject_cdr(
            cdr=cdr, now=now, actor=support,
            reason="Ten times the price of the tariff; a corrected CDR was asked for.",
        )  # fmt: skip
    due = CDR.objects.live().filter(status=CDR.Status.PENDING, is_held=False, ended_at__lt=until)
    accept_cdrs(
        cdrs=due, reason="Prices agree with the operators' tariffs.", now=now, actor=support
    )


def _decide_on_held(until: datetime, now: datetime, support: Actor) -> None:
    """The clear ones of the held CDRs; the others go on waiting for a person."""
    held = CDR.objects.live().filter(is_held=True, ended_at__lt=until).order_by("cdr_id")
    for cdr in held:
        codes = {reason["code"] for reason in cdr.hold_reasons}
        if codes == {"COST_PRECISION"}:
            accept_cdr(
                cdr=cdr, now=now, actor=support,
                reason="More decimals than OCPI allows; the amount itself is right.",
            )  # fmt: skip
        elif codes == {"SESSION_OVERLAPS"}:
            accept_cdr(
                cdr=cdr, now=now, actor=support,
                reason="The operator confirmed both sessions; its clock was wrong.",
            )  # fmt: skip
        elif codes & {"ENERGY_NEGATIVE", "COST_MISSING"}:
            reject_cdr(
                cdr=cdr, now=now, actor=support,
                reason="The meter values make no sense; a corrected CDR was asked for.",
            )  # fmt: skip


def _bill(calendar: Calendar, now: datetime) -> None:
    """Two months are issued, the last one is drafted; the running one is not billed yet."""
    finance = _actor("finance@evcharge.test")
    *issued, drafted = calendar.months
    for demo in PROVIDERS:
        provider = Provider.objects.get(slug=demo.slug)
        for month in issued:
            period, day = _period(month), _billing_day(month)
            if not Invoice.objects.issued().filter(
                provider=provider, period_start=period.start
            ).exists():  # fmt: skip
                run_invoices(provider=provider, period=period, now=day, actor=finance)
                issue_invoices(provider=provider, period=period, now=day, actor=finance)
        run_invoices(
            provider=provider, period=_period(drafted), now=min(_billing_day(drafted), now),
            actor=finance,
        )  # fmt: skip


def _period(month: date) -> Period:
    return Period.of_month(f"{month:%Y-%m}")


def _billing_day(month: date) -> datetime:
    """The fourth of the next month, in the morning."""
    return datetime.combine(next_month(month).replace(day=4), time(8), UTC)


def _start_sessions(now: datetime) -> None:
    """Some cars are charging right now."""
    if ChargingSession.objects.exists():
        return
    for demo in PROVIDERS:
        people = list(customers(demo))
        for index, station in enumerate(s for s in STATIONS if s.country == people[0].town.country):
            customer, point = people[index * 3], next(station.points())
            hours = Decimal(index + 1) / 4
            receive_session(
                message=SessionMessage(
                    country_code=station.operator.country_code,
                    party_id=station.operator.party_id,
                    session_id=f"LIVE-{demo.slug}-{index + 1}",
                    contract_id=customer.contract_id,
                    token_uid=customer.uid,
                    location_id=station.location_id,
                    evse_uid=point.uid,
                    evse_id=point.evse_id,
                    connector_id="1",
                    started_at=now - timedelta(hours=float(hours)),
                    last_updated=now,
                    status=ChargingSession.Status.ACTIVE,
                    currency=station.operator.currency,
                    kwh=hours * 8,
                    total_cost=Price(hours * 8 * point.price),
                ),
                source=CDR.Source.OCPI,
                now=now,
            )


def _actor(email: str) -> Actor:
    return Actor.user(User.objects.get(email=email))


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
