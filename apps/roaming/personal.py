"""What roaming holds of a person, for export and for erasing.

Messages lie under the driver's key and end with it. Rows that change anyway, and end by age, lose
what names the driver; and peers that know a token are told that it is no longer valid.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from apps.accounts.models import Token
from apps.accounts.personal import register_card_lookup
from apps.audit.context import Actor
from apps.audit.personal import ERASED, reveal_only
from apps.audit.persons import Holding, Person, PersonBusy, register_holding
from apps.remote_sessions.models import Command
from apps.roaming.models import (
    Authorization,
    Exchange,
    KeptObject,
    Peer,
    PeerHealth,
    PullCursor,
    Push,
    PushQueue,
    SentCommand,
    WaitingCdr,
)
from apps.roaming.persons import contracts_in
from apps.roaming.services.queueing import Message, cancel_waiting, enqueue, note_not_told
from apps.roaming.services.token_pushes import push_of, pushed_until
from apps.roaming.services.tokens import Owners, token_message, tokens_for

_BODIES: Final = ("url", "request_body", "response_body")


def register() -> None:
    """Called in RoamingConfig.ready(), after the tokens that lead to the contracts."""
    register_card_lookup(contracts_of_card)
    register_holding(Holding("messages", export_messages, erase_notes, prepare=prepare))
    register_holding(Holding("peer_objects", export_objects, erase_objects))
    register_holding(Holding("pushes", export_pushes, erase_pushes))
    register_holding(Holding("commands", export_commands, erase_commands))
    register_holding(Holding("authorizations", export_authorizations))
    register_holding(Holding("cdrs_set_aside", export_set_aside, erase_set_aside))


def contracts_of_card(card: str) -> Iterator[str]:
    """Of tokens as other eMSPs sent them, whose key is the card."""
    for kept in KeptObject.objects.filter(module="tokens", key=card):
        yield from contracts_in(kept.body)


def prepare(person: Person) -> None:
    """Nothing of theirs may wait to be received; peers learn that the tokens ended."""
    named = Q(pk__in=[])
    for word in person.contracts | person.cards:
        named |= Q(message__icontains=word)
    if WaitingCdr.objects.filter(named).exists():
        raise PersonBusy("A CDR of this person is being received; try again in a moment.")
    # Each queue is locked; in one order everywhere.
    for peer in Peer.objects.filter(queue__isnull=False).select_related("party").order_by("pk"):
        if last := _last_words(peer, person):
            _say(peer, last)


def _last_words(peer: Peer, person: Person) -> list[Message]:
    """The tokens as the peer knows them, no longer valid.

    Not from what is noted of the pushes: that ends by age, the peer's list of our tokens doesn't.
    """
    pushed = pushed_until(peer=peer)
    if pushed is None:
        return []
    owners = Owners.load(peer)
    rows = tokens_for(peer, owners).filter(account_id=person.id, created_at__lte=pushed)
    written = (token_message(peer, row, owners) for row in rows)
    ended = (replace(token, valid=False) for token in written if token is not None)
    return [replace(push_of(peer, token), is_last_word=True) for token in ended]


def _say(peer: Peer, last: list[Message]) -> None:
    """A suspended peer hears it when the connection goes on."""
    connected = peer.state in (Peer.State.REGISTERED, Peer.State.SUSPENDED)
    if connected and peer.endpoint("tokens", "RECEIVER") is not None:
        enqueue(peer=peer, messages=last)
    else:
        note_not_told(peer=peer, count=len(last), why="There is no connection to tell it.")


def export_messages(person: Person) -> Iterator[dict[str, Any]]:
    """Requests and answers that name them; of lists with others, these are left out."""
    stored = {f"stored_{name}": Cast(name, TextField()) for name in _BODIES}
    rows = _exchanges_of(person).annotate(**stored).defer(*_BODIES)
    for row in rows.order_by("at").iterator(chunk_size=500):
        texts = {name: getattr(row, f"stored_{name}") for name in _BODIES}
        yield {
            "at": row.at, "method": row.method,
            **{name: reveal_only(text, person.all_keys) for name, text in texts.items()},
        }  # fmt: skip


def _exchanges_of(person: Person) -> Any:
    return Exchange.objects.filter(person.is_in(*_BODIES))


def erase_notes(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Peers' words in what we noted last of each: health, queue, pull."""
    changed = 0
    models: tuple[Any, ...] = (PeerHealth, PushQueue, PullCursor)
    for model in models:
        for row in model.objects.exclude(last_error=""):
            blank = person.blank(row.last_error)
            if blank != row.last_error:
                changed += model._base_manager.filter(pk=row.pk).update(last_error=blank)
    return changed


def export_objects(person: Person) -> Iterator[dict[str, Any]]:
    """Sessions and other eMSPs' tokens as peers sent them."""
    yield from _objects_of(person).values("module", "country_code", "party_id", "key", "body")


def _objects_of(person: Person) -> Any:
    return KeptObject.objects.filter(person.is_in("body"))


def erase_objects(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Bodies end with their key; the key of a token's object is the card."""
    tokens = list(_objects_of(person).filter(module="tokens"))
    for kept in tokens:
        KeptObject.objects.filter(pk=kept.pk).update(key=f"ERASED-{kept.pk.hex[-20:]}".upper())
    return len(tokens)


def export_pushes(person: Person) -> Iterator[dict[str, Any]]:
    """What peers were told of their tokens."""
    yield from _pushes_of(person).values("created_at", "path", "body", "state")


def _pushes_of(person: Person) -> Any:
    return Push.objects.filter(person.is_in("body"))


def erase_pushes(person: Person, *, reason: str, actor: Actor | None) -> int:
    """What still waited is taken out: the last word, behind it, says what counts now."""
    pushes = _pushes_of(person)
    cancel_waiting(pushes=pushes, now=timezone.now())
    for push in pushes.exclude(last_error=""):
        Push.objects.filter(pk=push.pk).update(last_error=person.blank(push.last_error))
    return int(pushes.update(path=ERASED))


def export_commands(person: Person) -> Iterator[dict[str, Any]]:
    """Commands for their charges, with the peers' words."""
    yield from _commands_of(person).order_by("sent_at").values(
        "command", "sent_at", "response", "response_message", "result", "result_message",
        "result_body", "later_results",
    )  # fmt: skip


def _commands_of(person: Person) -> Any:
    commands = Command.objects.filter(remote_session__account_id=person.id)
    references = [str(key) for key in commands.values_list("pk", flat=True)]
    return SentCommand.objects.filter(reference__in=references)


def erase_commands(person: Person, *, reason: str, actor: Actor | None) -> int:
    """What was answered stays as a code; in whose words, not."""
    return int(
        _commands_of(person).update(
            response_message="", result_message="", result_body="", later_results=[]
        )
    )


def export_set_aside(person: Person) -> Iterator[dict[str, Any]]:
    """CDRs that could not be received."""
    yield from _set_aside_of(person).values("received_at", "set_aside_at", "message")


def _set_aside_of(person: Person) -> Any:
    return WaitingCdr.objects.filter(person.is_in("message"))


def erase_set_aside(person: Person, *, reason: str, actor: Actor | None) -> int:
    """Messages end with their key; what others wrote beside them is blanked."""
    rows = list(_set_aside_of(person))
    for row in rows:
        WaitingCdr.objects.filter(pk=row.pk).update(
            last_error=person.blank(row.last_error),
            set_aside_reason=person.blank(row.set_aside_reason),
        )
    return len(rows)


def export_authorizations(person: Person) -> Iterator[dict[str, Any]]:
    """Where peers asked whether they may charge; what is kept of it names only our token."""
    tokens = Token.objects.filter(account_id=person.id)
    rows: Any = Authorization.objects.filter(token__in=tokens)
    yield from rows.values("answered_at", "peer__name", "allowed", "location_id", "reference")
