"""Who is found by a word: the one person it names, or nobody."""

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import Account
from tests.accounts.factories import AccountFactory

pytestmark = pytest.mark.django_db


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
