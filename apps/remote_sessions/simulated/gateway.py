"""Commands to the simulated operator, as OCPI 2.2.1 `mod_commands` has them."""

import base64
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
from django.conf import settings

from apps.locations.models import Operator
from apps.remote_sessions.operators import (
    AnswerLost,
    CommandResponse,
    NotDelivered,
    StartOrder,
    StopOrder,
)

BASE = "/ocpi/cpo/2.2.1/commands"


class SimulatedGateway:
    """Serves the one operator of SIMULATED_OPERATOR_PARTY, when it is set up."""

    def serves(self, operator: Operator) -> bool:
        is_set_up = settings.SIMULATED_OPERATOR_URL and settings.SIMULATED_OPERATOR_TOKEN
        return bool(is_set_up) and operator.party == settings.SIMULATED_OPERATOR_PARTY

    def send_start(self, order: StartOrder) -> CommandResponse:
        command = {
            "response_url": _callback(order),
            "token": _token(order),
            "location_id": order.location_id,
            "evse_uid": order.evse_uid,
            "authorization_reference": order.authorization_reference,
        }
        if order.connector_id:
            command["connector_id"] = order.connector_id
        return _send("START_SESSION", command, timeout=order.answer_seconds)

    def send_stop(self, order: StopOrder) -> CommandResponse:
        command = {"response_url": _callback(order), "session_id": order.session_id}
        return _send("STOP_SESSION", command, timeout=order.answer_seconds)


def _callback(order: StartOrder | StopOrder) -> str:
    base = settings.PUBLIC_URL.rstrip("/")
    return f"{base}/operators/simulated/commands/{order.command_id}/{order.callback_secret}"


def _token(order: StartOrder) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "EVC", "uid": order.token_uid,
        "type": order.token_kind, "contract_id": order.contract_id, "issuer": "evcharge",
        "valid": True, "whitelist": "ALLOWED",
        "last_updated": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip


def _send(name: str, command: dict[str, Any], *, timeout: float) -> CommandResponse:
    token = base64.b64encode(settings.SIMULATED_OPERATOR_TOKEN.encode()).decode()
    headers = {
        "Authorization": f"Token {token}",
        "X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4()),
    }  # fmt: skip
    url = f"{settings.SIMULATED_OPERATOR_URL.rstrip('/')}{BASE}/{name}"
    try:
        answer = httpx.post(url, json=command, headers=headers, timeout=timeout)
        content = answer.raise_for_status().json()
        data = content["data"]
        return CommandResponse(str(data["result"]), timeout_seconds=int(data["timeout"]))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NotDelivered(f"The simulated operator is not there: {error}") from error
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise AnswerLost(f"{type(error).__name__}: {error}") from error
