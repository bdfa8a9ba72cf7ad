"""The partner API, through HTTP."""

import json
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from apps.accounts.services.credentials import issue_credential
from apps.cdrs.models import CDR, CdrConflict
from tests.accounts.factories import ProviderFactory, TokenFactory
from tests.cdrs.factories import CdrFactory, ChargingSessionFactory
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db
ALL = ["cdrs:read", "cdrs:write", "cdrs:review", "sessions:read"]


class Partner:
    """A partner's HTTP client."""

    def __init__(self, **credential):
        self.text = str(issue_credential(name="partner", **credential).text)
        self.client = Client(raise_request_exception=False)

    def get(self, path, **query):
        return self.client.get(f"/api/v1{path}", query, headers=self.headers())

    def post(self, path, body, **headers):
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(
            f"/api/v1{path}", content, content_type="application/json",
            headers=self.headers() | headers,
        )  # fmt: skip

    def headers(self):
        return {"Authorization": f"Bearer {self.text}"}


@pytest.fixture
def provider():
    return ProviderFactory()


@pytest.fixture
def partner(provider):
    return Partner(provider=provider, scopes=ALL)


@pytest.fixture
def body(provider):
    token = TokenFactory(account__provider=provider)
    location = LocationFactory(operator__country_code="NL", operator__party_id="EFL")
    return {
        "country_code": "NL", "party_id": "EFL", "cdr_id": "CDR-1",
        "contract_id": token.contract_id, "location": {"id": location.location_id},
        "started_at": "2026-05-01T08:00:00Z", "ended_at": "2026-05-01T09:00:00Z",
        "kwh": 12.5, "currency": "EUR", "total_cost": {"excl_vat": 4.20, "incl_vat": 5.08},
    }  # fmt: skip


def problem(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    return response.json()


def test_posted_cdr_is_stored_shown_and_found(partner, body):
    posted = partner.post("/cdrs/", body)
    assert posted.status_code == 201
    shown = partner.client.get(posted["Location"], headers=partner.headers()).json()
    assert shown == posted.json()
    assert (shown["status"], shown["is_held"], shown["source"]) == ("PENDING", False, "MANUAL")
    assert shown["total_cost"] == {"excl_vat": "4.2", "incl_vat": "5.08"}
    assert shown["location"]["country"] == "NL"
    [found] = partner.get("/cdrs/").json()["results"]
    assert found["id"] == shown["id"]


def test_digits_and_body_are_kept_as_sent(partner, body):
    text = json.dumps(body).replace("4.2,", "4.1234567890,")
    assert partner.post("/cdrs/", text).status_code == 201
    cdr = CDR.objects.get()
    assert cdr.total_cost_excl_vat == Decimal("4.1234567890")
    assert cdr.raw == text
    assert [reason["code"] for reason in cdr.hold_reasons] == ["COST_PRECISION"]


def test_same_cdr_again_gets_the_same_answer(partner, body):
    first = partner.post("/cdrs/", body)
    again = partner.post("/cdrs/", dict(reversed(body.items())) | {"kwh": "12.50"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert CDR.objects.count() == 1


def test_other_content_is_a_conflict_for_staff(partner, body):
    partner.post("/cdrs/", body)
    problem(partner.post("/cdrs/", body | {"kwh": 13}), 409, "CDR_CONFLICT")
    assert CdrConflict.objects.count() == 1


def test_idempotency_key_answers_from_memory(partner, body):
    first = partner.post("/cdrs/", body, **{"Idempotency-Key": "k1"})
    again = partner.post("/cdrs/", body, **{"Idempotency-Key": "k1"})
    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "ABC"}, "UNKNOWN_CURRENCY"),
        ({"ended_at": "2026-04-01T00:00:00Z"}, "CDR_END_BEFORE_START"),
        ({"kwh": "a lot"}, "INVALID_INPUT"),
        ({"kwh": True}, "INVALID_INPUT"),
        ({"ended_at": None}, "INVALID_INPUT"),
        ({"cdr_id": ""}, "INVALID_INPUT"),
        ({"party_id": "TOOLONG"}, "CDR_UNREADABLE"),
        ({"contract_id": "X" * 500}, "FIELD_TOO_LONG"),
        ({"kwh": 1e300}, "NUMBER_OUT_OF_RANGE"),
        ({"charging_periods": ["x"]}, "INVALID_INPUT"),
    ],
)
def test_what_is_no_cdr_is_refused_with_a_code(partner, body, change, code):
    problem(partner.post("/cdrs/", body | change), 400, code)
    assert CDR.objects.count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '"x"', '{"kwh": NaN}', b"\xff\xfe", '{"a": "\\u0000"}',
        '{"a": "\\ud800"}', "[" * 100_000, '{"a":' * 40 + "1" + "}" * 40, "1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_a_code(partner, text):
    response = partner.post("/cdrs/", text)
    assert response.status_code == 400
    assert response.json()["code"] in {"PARSE_ERROR", "INVALID_INPUT"}


def test_huge_body_is_refused_by_its_announced_length(partner):
    problem(partner.post("/cdrs/", b" " * (50 * 1024 * 1024)), 413, "BODY_TOO_LARGE")


def test_other_media_types_are_refused(partner):
    response = partner.client.post("/api/v1/cdrs/", {"a": 1}, headers=partner.headers())
    problem(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_accept_and_reject(partner, provider):
    accepted, rejected = CdrFactory.create_batch(2, token__account__provider=provider)
    assert partner.post(f"/cdrs/{accepted.pk}/accept/", {}).json()["status"] == "ACCEPTED"
    assert partner.post(f"/cdrs/{accepted.pk}/accept/", {}).status_code == 200
    refused = problem(
        partner.post(f"/cdrs/{accepted.pk}/reject/", {"reason": "x"}),
        409, "CDR_STATUS_CHANGE_EXCEPTION",
    )  # fmt: skip
    assert refused["detail"] == "Cannot update CDR status from Accepted to Rejected"
    problem(partner.post(f"/cdrs/{rejected.pk}/reject/", {}), 400, "INVALID_INPUT")
    answer = partner.post(f"/cdrs/{rejected.pk}/reject/", {"reason": "no session"}).json()
    assert (answer["status"], answer["rejection_reason"]) == ("REJECTED", "no session")


def test_held_cdr_is_accepted_only_with_a_reason(partner, provider):
    cdr = CdrFactory(held=True, token__account__provider=provider)
    refused = problem(partner.post(f"/cdrs/{cdr.pk}/accept/", {}), 409, "CDR_HELD")
    assert refused["hold_reasons"][0]["code"] == "ENERGY_NEGATIVE"
    assert partner.post(f"/cdrs/{cdr.pk}/accept/", {"reason": "meter reset"}).status_code == 200


def test_cdr_of_another_provider_is_not_there(partner):
    other = CdrFactory()
    assert partner.get("/cdrs/").json()["results"] == []
    problem(partner.get(f"/cdrs/{other.pk}/"), 404, "NOT_FOUND")
    for action in ("accept", "reject"):
        response = partner.post(f"/cdrs/{other.pk}/{action}/", {"reason": "x"})
        problem(response, 404, "NOT_FOUND")
    problem(partner.get(f"/cdrs/{uuid4()}/"), 404, "NOT_FOUND")


def test_deleted_cdr_is_not_there(partner, provider):
    cdr = CdrFactory(deleted=True, token__account__provider=provider)
    problem(partner.get(f"/cdrs/{cdr.pk}/"), 404, "NOT_FOUND")


def test_each_scope_opens_only_its_own(provider, body):
    reader = Partner(provider=provider, scopes=["cdrs:read"])
    writer = Partner(provider=provider, scopes=["cdrs:write"])
    problem(reader.post("/cdrs/", body), 403, "SCOPE_MISSING")
    problem(writer.get("/cdrs/"), 403, "SCOPE_MISSING")
    posted = writer.post("/cdrs/", body)
    problem(writer.post(f"/cdrs/{posted.json()['id']}/accept/", {}), 403, "SCOPE_MISSING")
    assert Client().get("/api/v1/cdrs/").status_code == 401


class TestRoamingPeer:
    @pytest.fixture
    def peer(self):
        return Partner(operator_party="NL*EFL", scopes=["cdrs:read", "cdrs:write"])

    def test_posts_and_sees_its_own_without_our_customer(self, peer, body):
        posted = peer.post("/cdrs/", body)
        assert posted.status_code == 201
        assert not {"account", "provider", "retail_cost_excl_vat"} & set(posted.json())
        assert CDR.objects.get().provider is not None
        CdrFactory()
        assert len(peer.get("/cdrs/").json()["results"]) == 1

    def test_does_not_speak_for_others(self, peer, body):
        problem(peer.post("/cdrs/", body | {"party_id": "XYZ"}), 403, "NOT_YOUR_PARTY")

    def test_can_not_accept(self, peer, body):
        id = peer.post("/cdrs/", body).json()["id"]
        problem(peer.post(f"/cdrs/{id}/accept/", {}), 403, "SCOPE_MISSING")

    def test_can_not_accept_even_with_the_scope(self, peer, body):
        id = peer.post("/cdrs/", body).json()["id"]
        from apps.accounts.models import Credential

        credential = Credential.objects.get(operator_party="NL*EFL")
        credential.scopes = ALL
        credential.save()
        problem(peer.post(f"/cdrs/{id}/accept/", {}), 403, "NOT_FOR_ROAMING_PEERS")


@pytest.fixture
def many(provider):
    token = TokenFactory(account__provider=provider)
    location = LocationFactory(name="Münster 100% Süd_Tor")
    return [
        CdrFactory(token=token, location=location, cdr_id=f"C{n:02}", kwh=n % 3,
                   total_cost_excl_vat=None if n % 4 == 0 else n)
        for n in range(20)
    ]  # fmt: skip


@pytest.mark.parametrize("sort", ["-ended_at", "kwh", "-kwh", "cdr_id", "status", "id",
                                  "total_cost_excl_vat", "-total_cost_excl_vat"])  # fmt: skip
def test_pages_follow_each_other_both_ways(partner, many, sort):
    def walk(url, link):
        pages = []
        while url:
            page = partner.client.get(url, headers=partner.headers()).json()
            pages.append([row["cdr_id"] for row in page["results"]])
            url, last = page[link], url
        return pages, last

    forward, last = walk(f"/api/v1/cdrs/?page_size=6&sort={sort}", "next")
    backward, _ = walk(last, "previous")
    assert backward[::-1] == forward
    seen = [cdr_id for page in forward for cdr_id in page]
    assert len(seen) == 20
    field = sort.removeprefix("-")
    values = [getattr(CDR.objects.get(cdr_id=cdr_id), field) for cdr_id in seen]
    there = [value for value in values if value is not None]
    assert there == sorted(there, reverse=sort.startswith("-"))
    assert values[: len(there)] == there


def test_total_only_on_demand(partner, many):
    assert "total" not in partner.get("/cdrs/").json()
    assert partner.get("/cdrs/", total="true", page_size=1).json()["total"] == 20


@pytest.mark.parametrize(
    "query", [{"sort": "raw"}, {"page_size": "0"}, {"cursor": "nonsense"}, {"stauts": "BILLED"},
              {"status": "NONE"}, {"cost": "x"}, {"ended_from": "yesterday"}]
)  # fmt: skip
def test_wrong_query_is_refused(partner, query):
    assert partner.get("/cdrs/", **query).status_code == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"cdr_id": "c07"}, 1), ({"cost": "7"}, 1), ({"cost_min": "17"}, 3), ({"cost_max": "2"}, 2),
        ({"status": ["PENDING", "BILLED"]}, 20), ({"status": "BILLED"}, 0),
        ({"source": "OCPI"}, 20),
        ({"ended_from": "2026-05-01T09:00:00Z"}, 20), ({"ended_before": "2026-05-01T09:00:00Z"}, 0),
        ({"evse_id": "nl*efl*e0012*1"}, 20), ({"held": "true"}, 0),
        ({"q": "c07"}, 1), ({"q": "MÜNSTER"}, 20), ({"q": "100% s"}, 20), ({"q": "1_0"}, 0),
        ({"q": "süd_tor"}, 20), ({"q": "%"}, 20), ({"q": "c%7"}, 0), ({"q": "\\"}, 0),
        ({"q": "pending"}, 20), ({"q": "x"}, 20), ({"q": "zq"}, 0),
    ],
)  # fmt: skip
def test_search(partner, many, query, count):
    assert partner.get("/cdrs/", total="1", **query).json()["total"] == count


def test_search_by_ids(partner, many):
    ids = ",".join(str(cdr.pk) for cdr in many[:3])
    assert partner.get("/cdrs/", id=ids, total="1").json()["total"] == 3


def test_list_takes_a_fixed_number_of_queries(partner, many, django_assert_max_num_queries):
    partner.get("/cdrs/")
    with django_assert_max_num_queries(4):
        partner.get("/cdrs/", page_size=20)


def test_sessions_of_the_provider_are_listed(partner, provider):
    own = ChargingSessionFactory(token__account__provider=provider)
    foreign = ChargingSessionFactory()
    [shown] = partner.get("/sessions/").json()["results"]
    assert shown["session_id"] == own.session_id
    problem(partner.get(f"/sessions/{foreign.pk}/"), 404, "NOT_FOUND")


def test_document_describes_the_api_with_examples(client):
    schema = client.get("/api/schema/?format=json").json()
    post = schema["paths"]["/api/v1/cdrs/"]["post"]
    assert "One hour at a station" in str(post)
    names = {p["name"] for p in schema["paths"]["/api/v1/cdrs/"]["get"]["parameters"]}
    assert {"q", "sort", "cursor", "total", "ended_from", "cost_min"} <= names
    assert {p["name"] for p in post["parameters"]} == {"Idempotency-Key"}
