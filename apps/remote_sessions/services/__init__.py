"""Everything that changes a remote session."""

from apps.remote_sessions.services.ending import cancel, complete, set_error
from apps.remote_sessions.services.results import record_command_result
from apps.remote_sessions.services.sending import record_command_response, send_command
from apps.remote_sessions.services.staff_attach import attach_cdr, attach_session
from apps.remote_sessions.services.staff_settling import close_settlement, settle_again
from apps.remote_sessions.services.start import Preauthorization, Started, request_start
from apps.remote_sessions.services.stop import request_stop

__all__ = [
    "Preauthorization",
    "Started",
    "attach_cdr",
    "attach_session",
    "cancel",
    "close_settlement",
    "complete",
    "record_command_response",
    "record_command_result",
    "request_start",
    "request_stop",
    "send_command",
    "set_error",
    "settle_again",
]
