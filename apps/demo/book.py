"""Enters the demo's tariffs, notes and review rules, through the services that staff use."""

from datetime import UTC, date, datetime, time

from django.db import transaction

from apps.accounts.models import Provider
from apps.audit.services import record
from apps.cdrs.models import ReviewRule
from apps.demo.calendar import Calendar, next_month
from apps.demo.stations import DemoOperator
from apps.demo.tariffs import NOTES, RULES, TARIFFS, Content, DemoNote, DemoRule, DemoTariff
from apps.locations.models import Location, Operator
from apps.tariffs.models import Tariff, TariffNote, TariffVersion
from apps.tariffs.services import add_version, create_tariff, save_note, withdraw_version

_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@transaction.atomic
def seed_book(*, now: datetime) -> None:
    """Tariffs with their versions, notes and rules; a book that has any is left as it is."""
    if not Tariff.objects.filter(tariff_id__in=[demo.tariff_id for demo in TARIFFS]).exists():
        for tariff in TARIFFS:
            _seed_tariff(tariff, now)
    if not TariffNote.objects.exists():
        for note in NOTES:
            _seed_note(note)
    if not ReviewRule.objects.exists():
        for rule in RULES:
            _seed_rule(rule)


def _seed_tariff(demo: DemoTariff, now: datetime) -> None:
    calendar = Calendar(now.date())
    tariff = create_tariff(
        tariff_id=demo.tariff_id, name=demo.name, operator=_operator(demo.operator),
        provider=_provider(demo.provider), at_operator=_operator(demo.at),
    )  # fmt: skip
    starts = _BEGINNING
    if demo.before:
        _add(tariff, demo.before, starts, "the tariff at our beginning")
        starts = _midnight(calendar.months[0])
    _add(tariff, demo.content, starts, "as the contract has it")
    if demo.planned is None:
        return
    begins = _midnight(next_month(next_month(now.date())))
    version = _add(tariff, demo.planned, begins, "announced by the operator")
    if demo.withdrawn_because:
        withdraw_version(
            version=version, now=now, reason=demo.withdrawn_because, previous_goes_on=True
        )


def _add(tariff: Tariff, content: Content, starts: datetime, reason: str) -> TariffVersion:
    return add_version(
        tariff=tariff, content=content, ocpi_version="2.2.1", active_from=starts, reason=reason
    )


def _seed_note(demo: DemoNote) -> None:
    operator = _operator(demo.operator)
    location = None
    if demo.location:
        location = Location.objects.get(operator=operator, location_id=demo.location)
    for channel in demo.channels:
        for language, text in demo.texts.items():
            note = TariffNote(
                operator=operator, location=location, provider=_provider(demo.provider),
                channel=channel, language=language, text=text, priority=demo.priority,
            )  # fmt: skip
            save_note(note=note)


def _seed_rule(demo: DemoRule) -> None:
    rule = ReviewRule(
        provider=_provider(demo.provider), operator=_operator(demo.operator), **demo.terms
    )
    record("created review rule", rule)


def _operator(demo: DemoOperator | None) -> Operator | None:
    if demo is None:
        return None
    found: Operator = Operator.objects.get(country_code=demo.country_code, party_id=demo.party_id)
    return found


def _provider(slug: str) -> Provider | None:
    return Provider.objects.get(slug=slug) if slug else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
