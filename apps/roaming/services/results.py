"""Results of commands: one per callback address; what comes later is kept and not acted on."""

from datetime import datetime
from typing import Any

from apps.roaming.models import Peer, SentCommand
from apps.roaming.ocpi.commands import Reply, read_reply
from apps.roaming.ocpi.errors import UnknownObject
from apps.roaming.ocpi.times import write_time
from apps.roaming.secrets import hash_token
from apps.roaming.services.listening import tell_result


def record_result(
    *, peer: Peer, command: str, secret: str, body: dict[str, Any], raw: str, now: datetime
) -> None:
    """Note the result and tell who sent the command.

    Raises UnknownObject for an address that we did not give to this peer, InvalidMessage.
    """
    sent = (
        SentCommand.objects.select_for_update(of=("self",))
        .filter(peer=peer, command=command, callback_hash=hash_token(secret))
        .first()
    )
    if sent is None:
        raise UnknownObject("No request of ours has this address.")
    reply = read_reply(body)
    if sent.state == SentCommand.State.RESULTED:
        _keep_later(sent, reply, now)
        return
    sent.state = SentCommand.State.RESULTED
    sent.result, sent.result_message = reply.result, reply.message
    sent.result_at, sent.result_body = now, raw[:20_000]
    sent.save()
    tell_result(sent=sent, secret=secret, reply=reply, now=now)


def _keep_later(sent: SentCommand, reply: Reply, now: datetime) -> None:
    """At most twenty: more of them say nothing new."""
    later = {"at": write_time(now), "result": reply.result, "message": reply.message}
    if len(sent.later_results) < 20:
        sent.later_results = [*sent.later_results, later]
        sent.save(update_fields=["later_results", "updated_at"])
