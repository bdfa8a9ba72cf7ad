"""What the trail knows of the request, the login, the job behind a change."""

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client, RequestFactory
from django.urls import resolve

from apps.accounts.models import User
from apps.audit import doors
from apps.audit.celery import AuditedTask
from apps.audit.context import current
from apps.audit.models import Entry
from evcharge.celery import app
from tests.accounts.factories import UserFactory

PASSWORD = "correct horse battery"


@pytest.fixture
def staff(db):
    user = UserFactory(is_staff=True, is_superuser=True, email="ann@example.com")
    user.set_password(PASSWORD)
    user.save()
    return user


def story(user):
    return list(Entry.objects.filter(object_id=str(user.pk)).order_by("pk"))


def log_in(client, email, password):
    return client.post("/admin/login/?next=/admin/", {"username": email, "password": password})


def test_login_logout_and_failed_login_are_in_the_story(staff):
    client = Client()
    log_in(client, "Ann@example.com", "wrong")
    log_in(client, staff.email, PASSWORD)
    client.logout()
    failed, came, left = story(staff)[-3:]
    assert [e.activity for e in (failed, came, left)] == [
        "failed to log in", "logged in", "logged out"]  # fmt: skip
    assert (failed.actor_kind, failed.actor_label) == ("JOB", "login")
    assert (came.actor_kind, came.actor_id) == ("USER", str(staff.pk))
    assert came.path == "/admin/login/"
    assert came.source_address == "127.0.0.1"
    assert came.request_id


def test_what_a_stranger_types_is_not_kept(db):
    log_in(Client(), "my-password-in-the-wrong-field", "x")
    entry = Entry.objects.get(activity="failed to log in")
    assert "my-password" not in f"{entry.object_label}{entry.after}{entry.url}"


def test_weak_hash_is_renewed_at_login_in_the_users_own_name(staff):
    User._base_manager.filter(pk=staff.pk).update(
        password=make_password(PASSWORD, hasher="pbkdf2_sha1")
    )
    assert log_in(Client(), staff.email, PASSWORD).status_code == 302
    renewed = next(e for e in story(staff) if e.activity == "renewed password hash")
    assert (renewed.actor_id, renewed.after) == (str(staff.pk), {"password": "•••"})


@pytest.mark.urls("tests.audit.urls")
def test_change_in_a_request_knows_its_door(staff):
    client = Client()
    client.force_login(staff)
    answer = client.post(
        f"/people/{staff.pk}/name/s3cret/?next=x&api_key=abc", {"name": "Ann"}
    )  # fmt: skip
    assert answer.status_code == 200
    entry = story(staff)[-1]
    assert (entry.before, entry.after) == ({"name": ""}, {"name": "Ann"})
    assert entry.method == "POST"
    assert entry.url == f"http://testserver/people/{staff.pk}/name/•••/?next=x&api_key=•••"
    assert (entry.route, entry.path) == ("/people/", "/people/{user_id}/name/{token}/")
    assert (entry.actor_kind, entry.actor_label) == ("USER", "ann@example.com")
    assert current().url == ""


def test_ids_in_a_path_get_names():
    match = resolve("/admin/core/jobrun/0193/change/")
    path = doors.normalized_path(match)
    assert path == "/admin/core/jobrun/{object_id}/change/"
    assert doors.route_prefix(path) == "/admin/core/jobrun/"


def test_secret_in_the_path_is_hidden():
    match = resolve("/admin/core/jobrun/0193/change/")
    match.kwargs = {"token": "s3cret", "id": "7"}
    request = RequestFactory().get("/callbacks/7/s3cret/")
    assert doors.url_of(request, match) == "http://testserver/callbacks/7/•••/"


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "source"),
    [
        ([], "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        (["10.0.0.0/8"], "9.9.9.9", "1.2.3.4", "9.9.9.9"),
    ],
)
def test_source_address_is_believed_from_trusted_proxies_only(
    settings, trusted, remote, forwarded, source
):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})
    assert doors.source_address(request) == source


def test_task_acts_under_its_own_name():
    seen = {}

    @app.task(name="tests.look_around")
    def look_around():
        seen["actor"] = current().actor

    assert isinstance(look_around, AuditedTask)
    look_around.apply()
    assert (seen["actor"].kind, seen["actor"].label) == ("JOB", "tests.look_around")
