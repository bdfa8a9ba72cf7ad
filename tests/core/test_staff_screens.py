"""All staff screens, found by walking the registry: they open, and never delete."""

from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.sites import all_sites
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.audit.models import Entry
from apps.core.admin import StaffModelAdmin
from apps.core.models import JobRun
from tests.accounts.factories import AccountFactory, TokenFactory, UserFactory
from tests.core.staff import staff_client
from tests.events.factories import make_events
from tests.locations.factories import ConnectorFactory

pytestmark = pytest.mark.django_db

SCREENS = sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label_lower)
EACH_SCREEN = pytest.mark.parametrize(
    "screen", [pytest.param(s, id=m._meta.label_lower) for m, s in SCREENS]
)


def address(screen, page, *args):
    meta = screen.model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


@EACH_SCREEN
def test_each_screen_stands_on_the_common_base(screen):
    assert isinstance(screen, StaffModelAdmin)
    assert [site.name for site in all_sites] == ["admin"]


@EACH_SCREEN
def test_list_and_add_page_open_for_an_administrator(screen):
    client = staff_client(Role.ADMINISTRATOR)
    assert client.get(address(screen, "changelist")).status_code == 200
    assert client.get(address(screen, "changelist") + "?q=nothing").status_code == 200
    assert client.get(address(screen, "add")).status_code in {200, 403}


@EACH_SCREEN
def test_nobody_deletes_through_a_screen(screen):
    client = staff_client(Role.ADMINISTRATOR)
    record = screen.model._base_manager.first()
    if record is not None:
        assert client.get(address(screen, "delete", record.pk)).status_code == 403
        assert client.post(address(screen, "delete", record.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(address(screen, "changelist")).content.decode()


@EACH_SCREEN
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_history_is_only_read(screen, method):
    TokenFactory(), ConnectorFactory()
    client = staff_client(Role.ADMINISTRATOR)
    record = screen.model._base_manager.first()
    pk = record.pk if record is not None else "0190a5a2-0000-7000-8000-000000000000"
    entries = Entry.objects.count()
    assert getattr(client, method)(address(screen, "history", pk)).status_code == 405
    # django-simple-history's form of an old version, which would write for view-only users.
    version = address(screen, "history", pk) + "1/"
    assert getattr(client, method)(version, {"name": "x"}).status_code in {302, 404}
    assert Entry.objects.count() == entries
    assert not any("simple_history" in str(p.name) for p in screen.get_urls())


def test_stranger_and_portal_user_find_no_door(client):
    portal_user = UserFactory(provider=AccountFactory().provider)
    for browser in (client, Client()):
        response = browser.get(reverse("admin:accounts_account_changelist"))
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))
        browser.force_login(portal_user)
    assert client.get(reverse("admin:index")).status_code == 302


def test_person_logs_in_by_e_mail_in_any_case(client):
    from apps.accounts.services.users import create_staff_user

    create_staff_user(email="Ann@Example.com", name="Ann", password="long-enough-1", roles=[])
    response = client.post(
        reverse("admin:login"), {"username": "ANN@example.com", "password": "long-enough-1"}
    )
    assert (response.status_code, response["Location"]) == (302, reverse("admin:index"))


def test_menu_links_only_to_screens_that_are_there_and_open():
    page = staff_client(Role.AUDITOR).get(reverse("admin:index")).content.decode()
    assert reverse("admin:accounts_account_changelist") in page
    page = staff_client().get(reverse("admin:index")).content.decode()
    assert reverse("admin:accounts_account_changelist") not in page
    assert "Ask an administrator" in page


def test_record_tells_its_story_with_labels():
    account = AccountFactory(name="Ann")
    account.status = "STOPPED"
    account.save()
    client = staff_client(Role.AUDITOR)
    for page in ("change", "history"):
        html = client.get(reverse(f"admin:accounts_account_{page}", args=[account.pk])).content
        text = " ".join(html.decode().split())
        assert "Changed account" in text
        assert "<del>Active</del>" in text
        assert "<ins>Stopped</ins>" in text


def test_dashboard_shows_cards_to_those_who_may_see_them():
    JobRun.objects.create(job="x", started_at="2026-01-01T00:00Z")
    page = staff_client(Role.SUPPORT).get(reverse("admin:index")).content.decode()
    assert "Failed job runs" in page
    assert "Failed job runs" not in staff_client().get(reverse("admin:index")).content.decode()


class _Labels(HTMLParser):
    """What a narrow screen puts before the values of a list."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found |= {value for name, value in attrs if name == "data-label"}


def test_narrow_screens_label_values_with_one_capital_and_right_names():
    make_events(aggregates=1, each=1)
    ConnectorFactory()
    client = staff_client(Role.ADMINISTRATOR)
    labels = _Labels()
    labels.feed(client.get(reverse("admin:events_event_changelist")).text)
    assert {"Occurred at", "Last error"} <= labels.found
    labels.feed(client.get(reverse("admin:locations_operator_changelist")).text)
    assert "Sends CDRs" in labels.found
    css = (settings.BASE_DIR / "static/staff/staff.css").read_text()
    assert "td[data-label]::before, th[data-label]::before { text-transform: none; }" in css


def test_names_that_nobody_gave_are_written_as_people_write_them():
    fields = [
        field
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for field in model._meta.local_fields
    ]
    words = {word for field in fields for word in str(field.verbose_name).split()}
    assert {"EVSE", "VAT", "OCPI"} <= words
    assert not words & {"evse", "cdr", "vat", "ocpi", "url", "psp", "kwh"}
    given = JobRun._meta.get_field("job").verbose_name
    assert given == "job"


def test_what_has_no_story_has_no_history_button():
    client = staff_client(Role.ADMINISTRATOR)
    event, account = make_events(aggregates=1, each=1)[0], AccountFactory()
    entry = Entry.objects.order_by("pk").last()
    for record, there in ((entry, False), (event, False), (account, True)):
        name = f"admin:{record._meta.app_label}_{record._meta.model_name}"
        page = client.get(reverse(f"{name}_change", args=[record.pk])).text
        assert (reverse(f"{name}_history", args=[record.pk]) in page) is there
