"""What roaming keeps: connections, messages, waiting pushes, raw objects, commands."""

from apps.roaming.models.commands import Authorization, SentCommand
from apps.roaming.models.exchanges import Exchange
from apps.roaming.models.kept import HubClient, KeptObject, PullCursor
from apps.roaming.models.peers import Party, Peer, PeerHealth, PeerToken
from apps.roaming.models.queue import Push, PushQueue
from apps.roaming.models.waiting import WaitingCdr

__all__ = [
    "Authorization",
    "Exchange",
    "HubClient",
    "KeptObject",
    "Party",
    "Peer",
    "PeerHealth",
    "PeerToken",
    "PullCursor",
    "Push",
    "PushQueue",
    "SentCommand",
    "WaitingCdr",
]
