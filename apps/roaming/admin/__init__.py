"""Staff screens of roaming."""

from apps.roaming.admin import commands, exchanges, objects, peers, queues, waiting

__all__ = ["commands", "exchanges", "objects", "peers", "queues", "waiting"]
