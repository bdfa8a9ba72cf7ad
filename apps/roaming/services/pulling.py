"""Pulling a peer's lists by pages: all at first, then what changed since the last success."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from apps.core.errors import DomainError
from apps.core.leases import lease
from apps.roaming.client.calls import Request
from apps.roaming.client.pages import ListRefused, Page, first_url, pages
from apps.roaming.client.routing import routing_to
from apps.roaming.models import KeptObject, Peer, PullCursor
from apps.roaming.ocpi.headers import PartyRef, Routing
from apps.roaming.services.page_keeping import HANDLERS
from apps.roaming.services.vanishing import remove_vanished

MODULES: Final = ("hubclientinfo", "locations", "tariffs", "sessions", "cdrs", "tokens")
# Two clocks and requests under way: the next pull begins a little before this one.
OVERLAP: Final = timedelta(minutes=2)
# `mod_sessions`, GET: here `date_from` is required.
_FROM_THE_START: Final = {"sessions": datetime(2010, 1, 1, tzinfo=UTC)}
LEASE: Final = timedelta(hours=2)
# What a pull that runs writes: `asked` belongs to those who ask meanwhile.
_PROGRESS: Final = (
    "since", "next_since", "next_url", "succeeded_at", "received", "unread", "last_error",
    "updated_at",
)  # fmt: skip


class PullRunning(DomainError):
    """The same list is being pulled."""

    code = "PULL_RUNNING"


class PullOvertaken(DomainError):
    """The connection ended, or was renewed: then pulls begin anew, with its token and version."""

    code = "PULL_OVERTAKEN"


def pull_module(
    *, peer: Peer, module: str, operator: str = "", full: bool = False,
    sleep: Callable[[float], None] | None = None,
) -> PullCursor:  # fmt: skip
    """Pull one list to its end; one that stopped half-way goes on where it stopped.

    Each page is one transaction with the note how far we are. Raises PullRunning, PullOvertaken,
    and what stopped the pull, which is kept in the cursor.
    """
    with lease(job=f"roaming.pull.{peer.pk}.{module}.{operator}", duration=LEASE) as held:
        if not held:
            raise PullRunning(f"{module} of {peer} are being pulled.")
        with transaction.atomic():
            _require_same_connection(peer)
            cursor = _begin(peer, module, operator, full)
        try:
            _pull(peer, cursor, sleep)
        except PullOvertaken:
            raise
        except Exception as error:
            # Also a fault of ours with what the peer lists: staff see that the list stands still.
            told = error.message if isinstance(error, DomainError) else ""
            cursor.last_error = (told or f"{type(error).__name__}: {error}")[:2000]
            if isinstance(error, ListRefused) and error.page_is_gone:
                # To ask for it for ever would bring nothing: the next pull begins anew.
                cursor.next_url = ""
            with transaction.atomic():
                _require_same_connection(peer)
                cursor.save(update_fields=_PROGRESS)
            raise
    return cursor


def _require_same_connection(peer: Peer) -> None:
    """The peer is connected as when the pull began. Raises PullOvertaken.

    Until the end of the transaction a registration waits, so that what it resets stays reset.
    """
    same = (
        Peer.objects.registered()
        .filter(pk=peer.pk, outgoing_token=peer.outgoing_token)
        .select_for_update(no_key=True)
    )
    if not list(same.values_list("pk", flat=True)):
        raise PullOvertaken(f"The connection with {peer} ended, was suspended or renewed.")


def _begin(peer: Peer, module: str, operator: str, full: bool) -> PullCursor:
    cursors = PullCursor.objects.select_for_update(of=("self",))
    cursor, _ = cursors.get_or_create(peer=peer, module=module, operator=operator)
    if full or cursor.asked == PullCursor.Asked.WHOLE:
        cursor.since, cursor.next_url = None, ""
    cursor.asked = ""
    if not cursor.next_url:
        cursor.started_at, cursor.next_since = timezone.now(), None
        cursor.received = cursor.unread = 0
        cursor.next_url = first_url(
            peer.endpoint(module, "SENDER") or "",
            since=cursor.since or _FROM_THE_START.get(module),
            limit=_limit(peer, module),
        )
    cursor.tried_at, cursor.last_error = timezone.now(), ""
    cursor.save()
    return cursor


def note_asked(*, peer: Peer, full: bool) -> None:
    """What the next pull of each list is to bring; also when one is running that began before.

    A list that was never pulled has no note, and is pulled as a whole anyway.
    """
    cursors = PullCursor.objects.filter(peer=peer).exclude(module__contains=":")
    if full:
        cursors.update(asked=PullCursor.Asked.WHOLE)
    else:
        cursors.filter(asked="").update(asked=PullCursor.Asked.CHANGES)


def is_asked(*, peer: Peer, module: str, operator: str) -> bool:
    """Whether the list was asked for since its last pull began."""
    cursors = PullCursor.objects.filter(peer=peer, module=module, operator=operator)
    return cursors.exclude(asked="").exists()


def was_tried(*, peer: Peer, module: str, operator: str, since: datetime) -> bool:
    """Whether a pull of the list began since then."""
    cursors = PullCursor.objects.filter(peer=peer, module=module, operator=operator)
    return cursors.filter(tried_at__gte=since).exists()


def give_up(*, peer: Peer) -> None:
    """Nobody is there: the other lists are behind the same door, and count as tried."""
    PullCursor.objects.filter(peer=peer).update(tried_at=timezone.now())


def _limit(peer: Peer, module: str) -> int | None:
    return peer.page_limit or peer.behaviour.page_limits.get(module)


def _pull(peer: Peer, cursor: PullCursor, sleep: Callable[[float], None] | None) -> None:
    request = Request(
        "GET", cursor.next_url, cursor.module, seconds=60, routing=_routing(peer, cursor)
    )
    patience = {"sleep": sleep} if sleep else {}
    total = 0
    for page in pages(peer, request, **patience):
        total = page.total or 0
        with transaction.atomic():
            _require_same_connection(peer)
            _keep(peer, cursor, page)
    _finish(peer, cursor, total)


def _routing(peer: Peer, cursor: PullCursor) -> Routing:
    """To the operator whose list it is, which Gireve reads in 2.1.1 too; else as all requests."""
    if cursor.module == "hubclientinfo":
        return Routing()
    receiver = PartyRef.of(*cursor.operator.split("*", 1)) if cursor.operator else None
    if receiver and not peer.behaviour.routing_headers:
        return Routing(receiver=receiver)
    return routing_to(peer, receiver)


def _keep(peer: Peer, cursor: PullCursor, page: Page) -> None:
    now = timezone.now()
    unread = HANDLERS[cursor.module](peer, page.objects, now)
    cursor.received += len(page.objects)
    cursor.unread += len(unread)
    if unread:
        cursor.last_error = "; ".join(unread)[:2000]
    if cursor.next_since is None:
        cursor.next_since = _clock_of(page, cursor.started_at or now) - OVERLAP
    cursor.next_url = page.following
    cursor.save(update_fields=_PROGRESS)


def _clock_of(page: Page, ours: datetime) -> datetime:
    """The peer's time; `ours` when it does not say, or writes the first year for it."""
    return page.at if page.at is not None and page.at.year > 1970 else ours


def _finish(peer: Peer, cursor: PullCursor, total: int) -> None:
    """`total` is what the last page said of the whole list: a shorter one removes nothing."""
    is_full = cursor.since is None and cursor.started_at is not None
    if is_full and cursor.received < total:
        cursor.last_error = (
            f"The list ended after {cursor.received} of {total} objects; what is missing in it was "
            "not removed."
        )
        is_full = False
    with transaction.atomic():
        _require_same_connection(peer)
        if is_full and not cursor.unread:
            remove_vanished(peer=peer, cursor=cursor)
        cursor.since, cursor.next_since = cursor.next_since, None
        cursor.succeeded_at = timezone.now()
        cursor.save(update_fields=_PROGRESS)


def modules_of(peer: Peer) -> list[tuple[str, str]]:
    """What can be pulled: module and operator ("" for all)."""
    found: list[tuple[str, str]] = []
    for module in MODULES:
        if peer.endpoint(module, "SENDER") is None:
            continue
        if module == "tariffs" and peer.behaviour.tariffs_are_pulled_by_operator:
            found.extend((module, operator) for operator in _operators(peer))
        else:
            found.extend((module, party) for party in _parties(peer, module))
    return found


def _parties(peer: Peer, module: str) -> list[str]:
    """To whom a list is addressed: a platform of several parties may give only those of the one
    that OCPI-to names (`transport_and_format`, party to party). "" when it is asked once."""
    once = peer.hub or module == "hubclientinfo" or not peer.behaviour.routing_headers
    owners = [] if once else peer.parties("EMSP" if module == "tokens" else "CPO")
    return list(dict.fromkeys(map(str, owners))) if len(owners) > 1 else [""]


def _operators(peer: Peer) -> list[str]:
    """The operators whose locations came through the hub."""
    known = KeptObject.objects.filter(peer=peer, module="locations", deleted_at=None)
    parties = known.values_list("country_code", "party_id").distinct().order_by()
    return sorted(f"{country}*{party}" for country, party in parties)
