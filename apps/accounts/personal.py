"""What accounts, tokens and users hold of a person, for export and for erasing."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import ERASED_DRIVER, Account, IdempotencyKey, Token, User
from apps.audit.change import change_of
from apps.audit.context import Actor
from apps.audit.models import PersonKey
from apps.audit.personal import person_of_card, person_of_contract
from apps.audit.persons import Holding, Person, register_finder, register_holding
from apps.audit.services import record

ACCOUNT, USER = "accounts.account", "accounts.user"
# Somebody else's customer, or one whose contract we no longer have.
STRANGER = "stranger"
# Shorter words would be found in the middle of others.
SHORTEST_NAME = 4

# Given a card in capitals: contracts of others' customers that came together with it.
CardLookup = Callable[[str], Iterable[str]]

_card_lookups: list[CardLookup] = []


def register_card_lookup(lookup: CardLookup) -> None:
    """Find the contracts behind a stranger's card: what names a contract lies under its key."""
    _card_lookups.append(lookup)


def register() -> None:
    """Called in AccountsConfig.ready()."""
    register_finder(ACCOUNT, find_accounts)
    register_finder(USER, find_users)
    register_finder(STRANGER, find_strangers)
    register_holding(Holding("tokens", export_tokens, erase_tokens))
    register_holding(Holding("accounts", export_account, erase_account))
    register_holding(Holding("users", export_user, erase_user))
    register_holding(Holding("answers", export_answers))


def find_accounts(text: str) -> Iterator[Person]:
    """By id, e-mail address, customer number, contract id or card."""
    token = Token.objects.filter(Q(contract_id__iexact=text) | Q(uid__iexact=text))
    for account in Account.objects.filter(
        _by_id(text) | Q(email__iexact=text) | Q(number__iexact=text)
        | Q(pk__in=token.values("account"))
    ):  # fmt: skip
        yield _person_of(account)


def _person_of(account: Account) -> Person:
    tokens = list(account.tokens.all())
    contracts = frozenset(token.contract_id.upper() for token in tokens)
    cards = frozenset(token.uid.upper() for token in tokens)
    names = {account.name, account.email, account.street, *map(str, account.vat_ids)}
    names |= {token.visual_number for token in tokens}
    words = _words(account.name) if account.kind == Account.Kind.PRIVATE else []
    return Person(
        ACCOUNT, account.pk, str(account), _keys_of(contracts, cards), contracts, cards,
        names=_long(names), words=_long(words),
    )  # fmt: skip


def _long(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if len(name) >= SHORTEST_NAME)


def _words(name: str) -> list[str]:
    """A person's name is written in parts too: Mrs Quastenbrink. A company's parts are words."""
    return re.findall(r"[\w'’-]+", name)


def _keys_of(contracts: Iterable[str], cards: Iterable[str]) -> frozenset[UUID]:
    keys = {*map(person_of_contract, contracts), *map(person_of_card, cards)}
    return frozenset(key for key in keys if key is not None)


def find_users(text: str) -> Iterator[Person]:
    """By id or e-mail address."""
    for user in User.objects.filter(_by_id(text) | Q(email__iexact=text)):
        yield Person(
            USER, user.pk, str(user),
            names=_long([user.email, user.name]), words=_long(_words(user.name)),
        )  # fmt: skip


def find_strangers(text: str) -> Iterator[Person]:
    """By a contract id or a card that peers told us of, and that is none of our tokens."""
    word = text.strip().upper()
    if Token.objects.filter(Q(contract_id__iexact=word) | Q(uid__iexact=word)).exists():
        return
    one = frozenset([word])
    if contracts := {contract.upper() for find in _card_lookups for contract in find(word)}:
        # Cards of different companies may have the same uid.
        yield from (_stranger(contract, one) for contract in sorted(contracts))
        return
    keys = _keys_of(one, one)
    known = PersonKey.objects.filter(pk__in=keys).order_by("created_at").first()
    if known is not None:
        yield Person(STRANGER, known.pk, word, keys, contracts=one, cards=one, known_by=word)


def _stranger(contract: str, cards: frozenset[str]) -> Person:
    [key], contracts = _keys_of([contract], []), frozenset([contract])
    return Person(
        STRANGER, key, contract, _keys_of(contracts, cards), contracts, cards, known_by=contract
    )


def _by_id(text: str) -> Q:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return Q(pk=None)


def export_account(person: Person) -> Iterator[dict[str, Any]]:
    """The account as it is."""
    names = ("number", "kind", "status", "name", "email", "street", "postcode", "city", "country",
             "language", "vat_ids")  # fmt: skip
    yield from Account.objects.filter(pk=person.id).values(*names)


def export_tokens(person: Person) -> Iterator[dict[str, Any]]:
    """What the account charges with."""
    names = ("contract_id", "uid", "kind", "visual_number", "is_valid")
    yield from Token.objects.filter(account_id=person.id).values(*names)


def export_user(person: Person) -> Iterator[dict[str, Any]]:
    """The login."""
    names = ("email", "name", "is_staff", "is_active", "last_login", "created_at")
    yield from User.objects.filter(pk=person.id).values(*names)


def export_answers(person: Person) -> Iterator[dict[str, Any]]:
    """Answers to API requests of the last day, kept for their repetition; they end with the key."""
    rows: Any = IdempotencyKey.objects.filter(person.is_in("body"))
    yield from rows.values("claimed_at", "body")


def erase_account(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Number, country and kind stay: invoices refer to them."""
    for account in Account.objects.select_for_update().filter(pk=person.id):
        account.name = f"Erased {account.number}"
        account.email = account.street = account.postcode = account.city = ""
        account.vat_ids, account.status = [], Account.Status.STOPPED
        record("erased account", account, reason=reason, actor=actor)
        return 1
    return 0


def erase_tokens(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Tokens stop working; their ids become their own keys."""
    tokens = list(Token.objects.select_for_update().filter(account_id=person.id))
    for token in tokens:
        token.contract_id = token.uid = f"{ERASED_DRIVER}{token.pk.hex[-20:]}".upper()
        token.visual_number, token.is_valid = "", False
    Token.objects.bulk_update(
        tokens, ["contract_id", "uid", "visual_number", "is_valid"],
        audit_change=change_of("erased token", reason=reason, actor=actor),
    )  # fmt: skip
    return len(tokens)


def erase_user(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Can't log in any more."""
    for user in User.objects.select_for_update().filter(pk=person.id):
        user.email, user.name = f"erased-{user.pk.hex}@invalid", ""
        user.is_active = False
        user.set_unusable_password()
        record("erased user", user, reason=reason, actor=actor)
        return 1
    return 0
