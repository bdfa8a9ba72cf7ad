"""Who is found by a word: the one person it names, or nobody."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import Account
from apps.accounts.roles import Role
from apps.cdrs.models import CDR
from apps.roaming.services.receiving_cdrs import receive_waiting_cdrs
from tests.accounts.factories import AccountFactory
from tests.audit.database_dump import columns_with
from tests.core.staff import staff_client
from tests.roaming.door import PeerClient, status
from tests.roaming.factories import PeerFactory
from tests.roaming.messages import cdr, location, session

pytestmark = pytest.mark.django_db

CARD, CONTRACT = "04CAFE77889911", "DE-XYZ-C1234567-Z"


@pytest.mark.parametrize("word", ["", "  "])
@pytest.mark.parametrize("command", ["erase_person", "export_person"])
def test_an_empty_word_names_nobody_though_one_account_has_no_address(word, command):
    AccountFactory(name="Has None", email="", number="C1")
    options = {"reason": "asked to", "yes": True} if command == "erase_person" else {}
    with pytest.raises(CommandError, match="empty"):
        call_command(command, word, **options)
    assert Account.objects.get().name == "Has None"


def test_blanks_around_a_word_don_t_count():
    AccountFactory(name="Has One", email="one@example.com", number="C1")
    call_command("erase_person", " one@example.com ", reason="asked to", yes=True)
    assert Account.objects.get().name == "Erased C1"


def named(contract, card, **fields):
    token = {"country_code": "DE", "party_id": "XYZ", "uid": card, "type": "RFID",
             "contract_id": contract}  # fmt: skip
    return {"cdr_token": token, **fields}


@pytest.fixture
def peer():
    PeerFactory(token="secret")
    client = PeerClient("secret")
    client.put("locations/NL/CPO/LOC1", location())
    return client


def erase(word):
    call_command("erase_person", word, "--reason", "asked to", "--yes")


def test_a_stranger_is_found_by_the_card_though_their_messages_name_a_contract(peer):
    assert status(peer.put("sessions/NL/CPO/S1", session(**named(CONTRACT, CARD)))) == (201, 1000)
    assert status(peer.post("cdrs", cdr(**named(CONTRACT, CARD)))) == (201, 1000)
    receive_waiting_cdrs(now=timezone.now())
    assert CDR.objects.get().account is None
    erase(CARD.lower())
    assert columns_with([CARD, CONTRACT]) == {}
    cdr_page = staff_client(Role.AUDITOR).get(f"/admin/cdrs/cdr/{CDR.objects.get().pk}/change/")
    assert cdr_page.status_code == 200


def test_a_stranger_is_found_by_the_card_of_a_token_that_their_company_sent(peer):
    token = named(CONTRACT, CARD)["cdr_token"] | {
        "country_code": "NL", "party_id": "CPO", "issuer": "Other", "valid": True,
        "whitelist": "ALLOWED", "last_updated": "2026-04-01T11:00:00Z",
    }  # fmt: skip
    assert status(peer.put(f"tokens/NL/CPO/{CARD}", token)) == (201, 1000)
    erase(CARD)
    assert columns_with([CARD, CONTRACT]) == {}


def test_a_card_that_two_companies_use_names_two_strangers(peer):
    for number, contract in enumerate((CONTRACT, "AT-ABC-C7654321-K")):
        sent = session(**named(contract, CARD), id=f"S{number}")
        assert status(peer.put(f"sessions/NL/CPO/S{number}", sent)) == (201, 1000)
    with pytest.raises(CommandError, match=f"stranger AT-ABC-C7654321-K, stranger {CONTRACT}"):
        erase(CARD)
    erase(CONTRACT)
    assert columns_with([CONTRACT]) == {}
    assert columns_with(["AT-ABC-C7654321-K"])
