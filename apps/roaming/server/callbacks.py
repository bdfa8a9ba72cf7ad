"""Results of commands and charging profiles, at the address that belongs to one request."""

from apps.roaming.server.door import Call, OcpiView, Said
from apps.roaming.services.profiles import keep_active_profile
from apps.roaming.services.results import record_result


class ResultView(OcpiView):
    """POST: the charge point's result of a command or a charging profile request."""

    module = "commands"

    def on_post(self, call: Call, command: str, secret: str) -> Said:
        record_result(
            peer=call.peer, command=command, secret=secret, body=call.object(), raw=call.body,
            now=call.now,
        )  # fmt: skip
        return Said()


class ActiveProfileView(OcpiView):
    """PUT: the charging profile of a session changed by itself."""

    module = "chargingprofiles"

    def on_put(self, call: Call, session_id: str) -> Said:
        keep_active_profile(
            peer=call.peer, session_id=session_id, message=call.object(), version=call.version,
            sender=call.routing.sender, now=call.now,
        )  # fmt: skip
        return Said()
