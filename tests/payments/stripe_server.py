"""A local HTTP server that speaks Stripe's documented messages for payment intents.

After docs.stripe.com/api: payment_intents (manual capture), refunds, errors, idempotent requests,
webhook signatures.
"""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


class StripeServer(ThreadingHTTPServer):
    """Keeps intents; `answers_lost` requests are done, but their connection is closed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.intents: dict[str, dict] = {}
        self.kept: dict[str, tuple[int, dict]] = {}
        self.requests: list[tuple[str, str, dict, dict]] = []
        self.answers_lost = 0
        self.fails_with: tuple[int, dict] | None = None
        self.captures = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, form: dict, key: str) -> tuple[int, dict]:
        if self.fails_with:
            return self.fails_with
        if key in self.kept:
            return self.kept[key]
        status, body = self.act(method, path.split("?")[0].split("/")[2:], form)
        if key:
            self.kept[key] = (status, body)
        return status, body

    def act(self, method: str, path: list[str], form: dict) -> tuple[int, dict]:
        match (method, path):
            case ("POST", ["payment_intents"]):
                return self.create(form)
            case ("GET", ["payment_intents", id]):
                return 200, self.intents[id]
            case ("POST", ["payment_intents", id, "capture"]):
                return self.capture(self.intents[id], form)
            case ("POST", ["payment_intents", id, "cancel"]):
                return self.cancel(self.intents[id])
            case ("POST", ["refunds"]):
                charge = self.intents[form["payment_intent"]]["latest_charge"]
                charge["amount_refunded"] += int(form["amount"])
                return 200, {"id": "re_1", "object": "refund", "amount": int(form["amount"])}
        return 404, error("invalid_request_error", "Unrecognized request URL")

    def create(self, form: dict) -> tuple[int, dict]:
        amount = int(form["amount"])
        intent = {
            "id": f"pi_{len(self.intents) + 1}", "object": "payment_intent", "amount": amount,
            "amount_capturable": amount, "amount_received": 0, "currency": form["currency"],
            "capture_method": form["capture_method"], "status": "requires_capture",
            "metadata": {"reference": form["metadata[reference]"]}, "last_payment_error": None,
            "cancellation_reason": None,
            "latest_charge": {
                "id": "ch_1", "object": "charge", "amount_refunded": 0,
                "payment_method_details": {"card": {"capture_before": int(time.time()) + 604800}},
            },
        }  # fmt: skip
        self.intents[intent["id"]] = intent
        if form["payment_method"] == "pm_card_chargeDeclined":
            declined = {
                "code": "card_declined", "decline_code": "generic_decline",
                "message": "Your card was declined.", "type": "card_error",
            }  # fmt: skip
            intent |= {"status": "requires_payment_method", "last_payment_error": declined}
            return 402, {"error": declined | {"payment_intent": intent}}
        return 200, intent

    def capture(self, intent: dict, form: dict) -> tuple[int, dict]:
        if intent["status"] != "requires_capture":
            return 400, error(
                "invalid_request_error", "This PaymentIntent could not be captured.",
                code="payment_intent_unexpected_state",
            )  # fmt: skip
        self.captures += 1
        intent |= {"status": "succeeded", "amount_received": int(form["amount_to_capture"])}
        return 200, intent

    def cancel(self, intent: dict) -> tuple[int, dict]:
        intent |= {"status": "canceled", "amount_capturable": 0}
        return 200, intent


def error(type: str, message: str, **more: str) -> dict:
    return {"error": {"type": type, "message": message} | more}


class Handler(BaseHTTPRequestHandler):
    server: StripeServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.take("GET")

    def do_POST(self) -> None:
        self.take("POST")

    def take(self, method: str) -> None:
        length = int(self.headers.get("Content-Length", 0))
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        key = self.headers.get("Idempotency-Key", "") if method == "POST" else ""
        self.server.requests.append((method, self.path, form, dict(self.headers)))
        status, body = self.server.answer(method, self.path, form, key)
        if self.server.answers_lost:
            self.server.answers_lost -= 1
            self.close_connection = True
            return
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args) -> None:
        """Quiet."""


def signature(body: bytes, secret: str, *, at: int | None = None) -> str:
    """The Stripe-Signature header (docs.stripe.com/webhooks#verify-manually)."""
    at = at or int(time.time())
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def event(type: str, content: dict, *, id: str = "evt_1") -> bytes:
    return json.dumps(
        {"id": id, "object": "event", "type": type, "api_version": "2026-10-28.endive",
         "created": int(time.time()), "data": {"object": content}}
    ).encode()  # fmt: skip
