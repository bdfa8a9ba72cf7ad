"""The demo's world: always the same, complete, and only ever added to."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from apps.accounts.models import Account, Credential, Provider, Token, User
from apps.audit.models import Entry
from apps.billing.models import BillingHold, Invoice
from apps.cdrs.models import CDR, CdrConflict, ChargingSession
from apps.demo import oddities, world
from apps.demo.book import seed_book
from apps.demo.calendar import Calendar, next_month
from apps.demo.charges import charges_of_day
from apps.demo.logos import draw_logo
from apps.demo.oddities import TWISTS, twist_of, with_oddities
from apps.demo.parties import seed_parties
from apps.demo.providers import AMPERE, PASSWORD, STAFF, VOLTLY, customers
from apps.demo.stations import STATIONS
from apps.locations.models import Connector, Location, Operator
from apps.tariffs.linter import lint
from apps.tariffs.models import TariffVersion
from apps.tariffs.ocpi.tariffs import prepare_tariff

NOW = datetime(2026, 11, 10, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small_demo(settings, tmp_path, monkeypatch):
    """A quiet world, with its logos where the test ends."""
    settings.MEDIA_ROOT = tmp_path
    settings.DEBUG = True
    monkeypatch.setattr(world, "AVERAGE", {"ampere": 1.2, "voltly": 0.9})
    monkeypatch.setattr(oddities, "EVERY", 12)
    monkeypatch.setattr("apps.events.tasks.relay_events.delay", lambda: None)


def seed(**options):
    out = StringIO()
    call_command("seed_demo", stdout=out, **options)
    return out.getvalue()


def a_day(day):
    return with_oddities(
        list(
            charges_of_day(
                day=day, provider="ampere", customers=list(customers(AMPERE)), stations=STATIONS,
                nearby=("BE",), average=30,
            )
        )
    )  # fmt: skip


def test_calendar_tells_of_three_whole_months_and_the_running_one():
    calendar = Calendar(date(2026, 1, 31))
    assert calendar.months == (date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1))
    days = list(calendar.days())
    assert (days[0], days[-1]) == (date(2025, 10, 1), date(2026, 1, 30))
    assert next_month(date(2025, 12, 31)) == date(2026, 1, 1)


def test_each_day_has_its_own_charges_always_the_same():
    monday = a_day(date(2026, 8, 3))
    assert monday == a_day(date(2026, 8, 3))
    assert 15 < len(monday) < 50
    ids = [m.cdr_id for m in monday + a_day(date(2026, 8, 4))]
    assert len(set(ids)) == len(ids)


def test_nobody_charges_twice_at_once():
    spans = {}
    for message in a_day(date(2026, 8, 7)):
        for key in {message.evse_uid, message.contract_id}:
            assert all(message.started_at >= end for end in spans.get(key, []))
            spans.setdefault(key, []).append(message.ended_at)


def test_each_oddity_comes_up_now_and_then():
    seen = Counter(twist_of(f"AMP-2026{month:02}01-{n:03}") for month in (1, 2) for n in range(999))
    assert set(TWISTS) <= set(seen)
    assert seen[None] > 1700, "most CDRs are as they should be"


def test_logo_is_an_image_with_a_transparent_ground():
    content = draw_logo(name="Ampère", colour="#0f766e")
    image = Image.open(BytesIO(content))
    assert (image.format, image.mode, len(content) < 20_000) == ("PNG", "RGBA", True)
    assert image.getpixel((image.width - 1, 0))[3] == 0


@pytest.mark.django_db
def test_parties_alone_are_enough_to_import_a_british_file():
    printed = seed(without_charges=True)
    voltly = Provider.objects.get(slug="voltly")
    assert voltly.currency == "GBP"
    assert voltly.retail_price_per_kwh is None
    [registration] = voltly.vat_registrations.all()
    assert (registration.country, registration.active_from) == ("GB", None)
    operators = Operator.objects.exclude(party_id="SIM")
    locations = Location.objects.filter(operator__in=operators)
    assert (operators.count(), locations.count()) == (3, len(STATIONS))
    assert Location.objects.filter(operator__party_id="SIM").exists()
    assert Connector.objects.filter(evse__location__latitude=None).count() == 0
    assert not CDR.objects.exists()
    assert printed.count("evc_") == Credential.objects.count() == 2


@pytest.mark.django_db
def test_parties_are_made_once_and_what_was_changed_by_hand_stays():
    seed_parties()
    counts = Account.objects.count(), Token.objects.count(), User.objects.count()
    assert counts[0] == sum(d.privates + d.businesses for d in (AMPERE, VOLTLY))
    Provider.objects.get(slug="ampere").logo.open().close()
    provider = Provider.objects.get(slug="voltly")
    provider.name = "Voltly by hand"
    provider.save()
    entries = Entry.objects.count()
    seed_parties()
    assert Entry.objects.count() == entries
    assert (Account.objects.count(), Token.objects.count(), User.objects.count()) == counts


@pytest.mark.django_db
def test_each_role_can_log_in(client):
    seed_parties()
    for email, _, role in STAFF:
        assert client.login(username=email, password=PASSWORD)
        assert User.objects.get(email=email).groups.get().name == role.value
    logins = seed(logins=True)
    assert all(email in logins for email, *_ in STAFF)
    assert AMPERE.portal_user in logins


@pytest.mark.django_db
def test_world_has_something_on_every_screen_and_a_second_run_changes_nothing():
    seed_parties()
    seed_book(now=NOW)
    world.seed_charges(now=NOW)
    assert set(CDR.objects.values_list("status", flat=True)) == set(CDR.Status)
    assert set(CDR.objects.values_list("source", flat=True)) == {"OCPI", "HUB"}
    assert CDR.objects.filter(is_held=True).exists()
    assert set(Invoice.objects.values_list("state", flat=True)) == {"ISSUED", "DRAFT"}
    assert set(Invoice.objects.values_list("currency", flat=True)) == {"EUR", "GBP"}
    assert BillingHold.objects.exists()
    assert CdrConflict.objects.count() == 1
    assert ChargingSession.objects.filter(status="ACTIVE").exists()
    counts = Entry.objects.count(), CDR.objects.count(), Invoice.objects.count()
    seed_book(now=NOW + timedelta(hours=2))
    world.seed_charges(now=NOW + timedelta(hours=2))
    assert (Entry.objects.count(), CDR.objects.count(), Invoice.objects.count()) == counts


@pytest.mark.django_db
def test_queue_has_each_kind_of_doubt_and_rules_decide_the_rest():
    seed_parties()
    seed_book(now=NOW)
    world.seed_charges(now=NOW)
    waiting = CDR.objects.filter(status=CDR.Status.PENDING, is_held=True)
    codes = {reason["code"] for cdr in waiting for reason in cdr.hold_reasons}
    assert codes >= {
        "PRICE_DIFFERS", "POWER_IMPOSSIBLE", "SESSION_OVERLAPS", "LOCATION_UNKNOWN",
        "END_IN_FUTURE", "DURATION_TOO_LARGE", "PRICE_NOT_CHECKED",
    }  # fmt: skip
    newest = CDR.objects.filter(ended_at__gte=NOW - world.REVIEWED_AFTER, provider__slug="voltly")
    assert newest.filter(status=CDR.Status.ACCEPTED, operator__party_id="THS").exists()
    assert waiting.filter(retail_cost_excl_vat__gt=0, computed_cost_excl_vat__gt=0).exists()


@pytest.mark.django_db
def test_tariff_book_shows_what_can_become_of_a_tariff(client):
    seed_parties()
    seed_book(now=NOW)
    versions = TariffVersion.objects.all()
    assert versions.exclude(withdrawn_at=None).count() == 1
    assert versions.standing().filter(active_from__gt=NOW).count() == 1
    assert versions.filter(active_to__lt=NOW).count() == 1
    warned = [each for each in versions if lint(prepare_tariff(each.content, version="2.2.1"))]
    assert [each.tariff.tariff_id for each in warned] == ["VLT-GO"]
    page = client.get("/stations/?q=Amsterdam", headers={"Accept-Language": "nl"}).content.decode()
    assert "0.4356 EUR per kWh" in page
    assert "Verplaats uw auto na het laden" in page
    assert "Parkeren in P1" in page
    assert "With Ampère" not in page, "a note for one provider's app is none of the public's"


@pytest.mark.django_db
def test_if_empty_leaves_a_world_alone():
    Provider(
        slug="x", name="X", legal_name="X", country="NL", currency="EUR", invoice_prefix="X"
    ).save()
    assert seed(if_empty=True) == ""
    assert not Operator.objects.exists()
    assert seed(logins=True) == ""


@pytest.mark.django_db
def test_known_passwords_are_never_made_outside_of_development(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG=1"):
        seed()
    assert not User.objects.exists()
