"""A credential opens the API while it is valid, and only what its scopes name."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from apps.accounts.api.throttling import CredentialThrottle
from apps.accounts.models import Credential
from apps.accounts.secrets import digest
from apps.accounts.services import CredentialRefused, issue_credential, revoke_credential
from apps.audit.models import Entry
from apps.core.error_docs import error_codes
from tests.accounts.factories import ProviderFactory, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.api_urls")]

OWN = "/api/v1/credential/"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def issued():
    provider = ProviderFactory(slug="ampere")
    return issue_credential(name="Billing robot", provider=provider, scopes=["cdrs:read"])


def code_of(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.json()["code"]


def test_credential_says_what_it_is(client, issued):
    response = client.get(OWN, headers=bearer(issued))
    assert response.status_code == 200
    assert response.json() == {
        "name": "Billing robot", "prefix": issued.credential.prefix, "provider": "ampere",
        "operator_party": "", "scopes": ["cdrs:read"], "expires_at": None,
    }  # fmt: skip


def test_secret_is_kept_only_as_its_sha256(issued):
    mark, prefix, secret = issued.text.split("_", 2)
    row = Credential.objects.values().get()
    assert (mark, prefix) == ("evc", row["prefix"])
    assert len(secret) == 43, "32 bytes in base64"
    assert row["secret_hash"] == digest(secret)
    assert secret not in str(row) + repr(issued)
    assert secret not in str(list(Entry.objects.values()))
    assert row["secret_hash"] not in str(list(Entry.objects.values()))


def test_two_credentials_never_share_prefix_or_secret():
    provider = ProviderFactory()
    texts = [
        issue_credential(name="x", provider=provider, scopes=["cdrs:read"]).text for _ in range(20)
    ]
    assert len({text.split("_", 2)[1] for text in texts}) == 20
    assert len({text.split("_", 2)[2] for text in texts}) == 20


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "NOT_AUTHENTICATED"),
        ("Basic dXNlcjpwYXNz", "NOT_AUTHENTICATED"),
        ("Bearer", "CREDENTIAL_MALFORMED"),
        ("Bearer evc_short_secret", "CREDENTIAL_MALFORMED"),
        ("Bearer evc_abcdefghijkm_", "CREDENTIAL_MALFORMED"),
        ("Bearer evc_abcdefghijkm_unknown", "CREDENTIAL_UNKNOWN"),
        ("Bearer evc_abcdefghijkm_ünknown", "CREDENTIAL_MALFORMED"),
    ],
)
def test_missing_or_foreign_credential_is_401(client, header, code):
    response = client.get(OWN, headers={"Authorization": header})
    assert (response.status_code, code_of(response)) == (401, code)
    assert response["WWW-Authenticate"] == "Bearer"


def test_right_prefix_with_wrong_secret_is_unknown(client, issued):
    forged = issued.text[:-1] + ("A" if issued.text[-1] != "A" else "B")
    response = client.get(OWN, headers={"Authorization": f"Bearer {forged}"})
    assert (response.status_code, code_of(response)) == (401, "CREDENTIAL_UNKNOWN")


def test_revoked_credential_is_refused_and_revoking_twice_is_one_change(client, issued):
    for _ in range(2):
        revoke_credential(credential=issued.credential, reason="laptop lost", now=NOW)
    response = client.get(OWN, headers=bearer(issued))
    assert (response.status_code, code_of(response)) == (401, "CREDENTIAL_REVOKED")
    entries = Entry.objects.filter(object_id=str(issued.credential.pk)).order_by("recorded_at")
    assert [(e.activity, e.reason) for e in entries] == [
        ("issued API credential", ""), ("revoked API credential", "laptop lost"),
    ]  # fmt: skip


def test_credential_ends_at_its_expiry(client):
    issued = issue_credential(
        name="x", provider=ProviderFactory(), scopes=["cdrs:read"], expires_at=NOW
    )
    with time_machine.travel(NOW - timedelta(seconds=1), tick=False):
        assert client.get(OWN, headers=bearer(issued)).status_code == 200
    with time_machine.travel(NOW, tick=False):
        response = client.get(OWN, headers=bearer(issued))
    assert (response.status_code, code_of(response)) == (401, "CREDENTIAL_EXPIRED")


def test_last_use_is_written_once_a_minute_and_is_no_change_of_the_record(
    client, issued, django_assert_num_queries
):
    def last_used():
        return Credential.objects.get().last_used_at

    with time_machine.travel(NOW, tick=False):
        client.get(OWN, headers=bearer(issued))
    assert last_used() == NOW
    with time_machine.travel(NOW + timedelta(seconds=59), tick=False), django_assert_num_queries(1):
        client.get(OWN, headers=bearer(issued))
    assert last_used() == NOW
    with time_machine.travel(NOW + timedelta(seconds=60), tick=False):
        client.get(OWN, headers=bearer(issued))
    assert last_used() == NOW + timedelta(seconds=60)
    assert Entry.objects.filter(object_id=str(issued.credential.pk)).count() == 1


def test_scope_decides_and_the_answer_names_the_missing_one(client, issued):
    response = client.post("/test/providers/", {}, "application/json", headers=bearer(issued))
    assert (response.status_code, code_of(response)) == (403, "SCOPE_MISSING")
    assert "cdrs:write" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/test/undeclared/", "/test/providers/"])
def test_method_without_a_declared_scope_is_refused(client, issued, path):
    response = client.get(path, headers=bearer(issued))
    assert (response.status_code, code_of(response)) == (403, "SCOPE_MISSING")


def test_change_through_the_api_is_done_by_the_credential(client):
    issued = issue_credential(name="Robot", provider=ProviderFactory(), scopes=["cdrs:write"])
    client.post("/test/providers/", {}, "application/json", headers=bearer(issued))
    entry = Entry.objects.filter(activity="created provider").latest("recorded_at")
    assert (entry.actor_kind, entry.actor_id) == ("CREDENTIAL", str(issued.credential.pk))
    assert entry.actor_label == f"Robot ({issued.credential.prefix})"


def test_each_credential_has_its_own_rate(client, issued, monkeypatch):
    monkeypatch.setattr(CredentialThrottle, "THROTTLE_RATES", {"credential": "2/min"})
    other = issue_credential(name="y", provider=issued.credential.provider, scopes=["cdrs:read"])
    answers = [client.get(OWN, headers=bearer(issued)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert code_of(answers[-1]) == "THROTTLED"
    assert 0 < int(answers[-1]["Retry-After"]) <= 61
    assert client.get(OWN, headers=bearer(other)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scopes": ["cdrs:read"]}, "belongs either"),
        ({"scopes": []}, "at least one scope"),
        ({"scopes": ["cdrs:eat"]}, "Unknown scope: cdrs:eat"),
    ],
)
def test_credential_without_owner_or_with_odd_scopes_is_refused(fields, message):
    owner = {} if message.startswith("belongs") else {"provider": ProviderFactory()}
    with pytest.raises(CredentialRefused, match=message):
        issue_credential(name="x", **fields, **owner)
    assert not Credential.objects.exists()


def test_roaming_party_posts_but_never_reviews_cdrs():
    issue_credential(name="Peer", operator_party="NL*EFL", scopes=["cdrs:write"])
    with pytest.raises(CredentialRefused, match="its own claims"):
        issue_credential(name="Peer", operator_party="NL*EFL", scopes=["cdrs:review"])


def test_database_wants_exactly_one_owner_of_a_credential():
    with pytest.raises(IntegrityError):
        Credential(name="x", prefix="a", operator_party="NL*EFL", provider=ProviderFactory()).save()


def test_openapi_document_describes_bearer_credentials(client):
    schema = client.get("/api/schema/?format=json").json()
    assert schema["components"]["securitySchemes"]["credential"]["scheme"] == "bearer"
    assert schema["paths"]["/api/v1/credential/"]["get"]["security"] == [{"credential": []}]
    headers = schema["paths"]["/test/providers/"]["post"]["parameters"]
    assert [header["name"] for header in headers] == ["Idempotency-Key"]
    assert b"evcharge partner API" in client.get("/api/docs/").content


def test_credential_is_issued_from_the_shell(client, capsys):
    ProviderFactory(slug="ampere")
    options = {"name": "Robot", "scope": ["cdrs:read"]}
    call_command("issue_credential", "--until=2999-01-01", provider="ampere", **options)
    text = capsys.readouterr().out.strip()
    answer = client.get(OWN, headers={"Authorization": f"Bearer {text}"}).json()
    assert (answer["provider"], answer["expires_at"]) == ("ampere", "2999-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provider": "amper", "scope": ["cdrs:read"]}, "there are: ampere"),
        ({"party": "NL*EFL", "scope": ["cdrs:review"]}, "its own claims"),
    ],
)
def test_shell_says_why_a_credential_can_t_be(options, message):
    ProviderFactory(slug="ampere")
    with pytest.raises(CommandError, match=message):
        call_command("issue_credential", name="x", **options)


def test_each_problem_leads_to_the_page_that_explains_it(client, issued):
    answer = client.get("/test/undeclared/", headers=bearer(issued)).json()
    address, _, anchor = answer["type"].partition("#")
    page = client.get(address).content.decode()
    assert f'id="{anchor}"' in page
    assert anchor == answer["code"] == "SCOPE_MISSING"
    codes = [error.code for error in error_codes()]
    assert codes == sorted(set(codes))
    assert {"CREDENTIAL_REFUSED", "NOT_AUTHENTICATED", "IDEMPOTENCY_KEY_REUSED"} <= set(codes)
    assert all(error.meaning for error in error_codes())
