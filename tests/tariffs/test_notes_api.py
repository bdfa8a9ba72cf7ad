"""`GET /api/v1/tariff-notes/`, through HTTP."""

import pytest

from apps.accounts.services.credentials import issue_credential
from apps.tariffs.models import TariffNote
from apps.tariffs.services import save_note
from tests.accounts.factories import ProviderFactory
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db


def ask(client, provider=None, scopes=("tariffs:read",), **query):
    provider = provider or ProviderFactory()
    issued = issue_credential(name="app", provider=provider, scopes=list(scopes))
    headers = {"Authorization": f"Bearer {issued.text}"}
    return client.get("/api/v1/tariff-notes/", query, headers=headers)


def write(operator, text, **fields):
    values = {"channel": "APP", "language": "en", **fields}
    return save_note(note=TariffNote(operator=operator, text=text, **values))


def test_notes_of_a_location_for_one_channel_and_language(client) -> None:
    place = LocationFactory()
    write(place.operator, "Parking is paid after 30 minutes", location=place, priority=1)
    write(place.operator, "Overal", language="nl")
    write(place.operator, "Everywhere")
    answer = ask(
        client, operator=place.operator.party.lower(), location=place.location_id,
        language="en", channel="APP",
    )  # fmt: skip
    assert answer.status_code == 200
    assert [note["text"] for note in answer.json()] == [
        "Parking is paid after 30 minutes",
        "Everywhere",
    ]
    assert answer.json()[0]["location"] == place.location_id
    assert answer.json()[0]["operator"] == place.operator.party


def test_provider_sees_its_own_notes_and_not_those_of_others(client) -> None:
    place, ours = LocationFactory(), ProviderFactory()
    write(place.operator, "ours", provider=ours)
    assert [note["text"] for note in ask(client, ours).json()] == ["ours"]
    assert ask(client).json() == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"operator": "XX*NON"}, 404, "PARTY_NOT_FOUND"),
        ({"operator": "nonsense"}, 404, "PARTY_NOT_FOUND"),
        ({"operator": "NL*\0"}, 400, "INVALID_INPUT"),
        ({"location": "LOC1"}, 400, "INVALID_INPUT"),
        ({"language": "english"}, 400, "INVALID_INPUT"),
        ({"channel": "FAX"}, 400, "INVALID_INPUT"),
    ],
)
def test_wrong_question_is_refused_with_a_code(client, query: dict, status: int, code: str) -> None:
    answer = ask(client, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_location_of_another_operator_is_not_found(client) -> None:
    place, other = LocationFactory(), LocationFactory()
    answer = ask(client, operator=other.operator.party, location=place.location_id + "X")
    assert (answer.status_code, answer.json()["code"]) == (404, "PARTY_NOT_FOUND")


def test_answer_may_be_kept_for_a_while_by_the_one_who_asked(client) -> None:
    answer = ask(client)
    assert answer["Cache-Control"] == "private, max-age=300"
    assert "Authorization" in answer["Vary"]


def test_scope_is_needed(client) -> None:
    assert ask(client, scopes=["cdrs:read"]).status_code == 403
    assert client.get("/api/v1/tariff-notes/").status_code == 401
