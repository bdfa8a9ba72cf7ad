"""The same request under the same Idempotency-Key is done once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import IdempotencyKey, Provider
from apps.accounts.services import issue_credential
from apps.accounts.services.idempotency import IdempotencyKeyInUse, claim_key
from apps.accounts.tasks import sweep_idempotency_keys
from tests.accounts.factories import ProviderFactory, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.api_urls")]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def issued():
    return issue_credential(name="Robot", provider=ProviderFactory(), scopes=["cdrs:write"])


def post(client, issued, body=None, key="k-1"):
    headers = {**bearer(issued), **({"Idempotency-Key": key} if key is not None else {})}
    return client.post("/test/providers/", body or {}, "application/json", headers=headers)


def made():
    return Provider.objects.exclude(slug__startswith="owner").count() - 1


def test_second_request_gets_the_first_answer_and_does_nothing(client, issued):
    first, second = post(client, issued), post(client, issued)
    assert made() == 1
    assert (second.status_code, second.content) == (201, first.content)
    assert second["Location"] == first["Location"]
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"


def test_without_a_key_each_request_is_done(client, issued):
    post(client, issued, key=None)
    post(client, issued, key=None)
    assert made() == 2


def test_same_key_with_another_body_is_422(client, issued):
    post(client, issued, {"name": "One"})
    response = post(client, issued, {"name": "Two"})
    assert (response.status_code, response.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert made() == 1


def test_keys_of_two_credentials_are_apart(client, issued):
    other = issue_credential(name="y", provider=issued.credential.provider, scopes=["cdrs:write"])
    assert post(client, issued).status_code == post(client, other).status_code == 201
    assert made() == 2


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "tab\tbed"])
def test_key_that_is_no_key_is_400(client, issued, key):
    response = post(client, issued, key=key)
    assert (response.status_code, response.json()["code"]) == (400, "IDEMPOTENCY_KEY_INVALID")
    assert made() == 0


def test_refused_request_may_be_corrected_under_its_key(client, issued):
    assert post(client, issued, {"name": ""}).status_code == 400
    assert post(client, issued, {"name": "Voltly"}).status_code == 201


def test_crash_frees_the_key(client, issued):
    with pytest.raises(RuntimeError):
        post(client, issued, {"name": "Crash"})
    assert post(client, issued, {"name": "Voltly"}).status_code == 201


def test_request_that_is_still_worked_on_is_409(client, issued):
    post(client, issued)
    IdempotencyKey.objects.update(status=None, claimed_at=NOW)
    with time_machine.travel(NOW + timedelta(seconds=59), tick=False):
        response = post(client, issued)
    assert (response.status_code, response.json()["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")


def test_claim_of_a_killed_process_is_taken_over_once(client, issued):
    post(client, issued)
    IdempotencyKey.objects.update(status=None, claimed_at=NOW)
    kept = IdempotencyKey.objects.get()
    later = NOW + timedelta(seconds=61)
    claim = {"credential": issued.credential, "key": "k-1", "fingerprint": kept.fingerprint}
    assert claim_key(**claim, now=later).pk == kept.pk
    with pytest.raises(IdempotencyKeyInUse):
        claim_key(**claim, now=later)


def test_yesterdays_keys_are_swept(client, issued):
    with time_machine.travel(NOW, tick=False):
        post(client, issued)
    with time_machine.travel(NOW + timedelta(hours=23), tick=False):
        sweep_idempotency_keys()
        assert IdempotencyKey.objects.count() == 1
    with time_machine.travel(NOW + timedelta(hours=24), tick=False):
        sweep_idempotency_keys()
        assert IdempotencyKey.objects.count() == 0


def test_body_that_is_too_large_is_413(client, issued, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = post(client, issued, {"name": "x" * 2000})
    assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert not IdempotencyKey.objects.exists()


def test_database_keeps_a_key_once_per_credential(issued):
    fields = {"credential": issued.credential, "key": "k", "fingerprint": "f", "claimed_at": NOW}
    IdempotencyKey.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        IdempotencyKey.objects.create(**fields)


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_is_done(client, issued):
    together, answers = threading.Barrier(2), []

    def knock():
        from django.test import Client

        together.wait()
        try:
            answers.append(post(Client(), issued))
        finally:
            connection.close()

    threads = [threading.Thread(target=knock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([201, 201], [201, 409]), "replayed, or told to wait"
    assert made() == 1
