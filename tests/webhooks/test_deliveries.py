"""Partners are told of their events, signed, again until they answer, and staff see how."""

import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from apps.audit.models import Entry
from apps.events.relay import relay_pending
from apps.events.services import emit
from apps.webhooks.addresses import AddressRefused
from apps.webhooks.models import Attempt, Delivery, Subscription
from apps.webhooks.services import (
    WAITS,
    NothingToReplay,
    deliver_due,
    renew_secret,
    replay_delivery,
    save_subscription,
)
from tests.accounts.factories import ProviderFactory, UserFactory
from tests.events.factories import NOW

pytestmark = pytest.mark.django_db


class Partner:
    """An HTTP server of a partner, that answers as told and remembers what came."""

    def __init__(self):
        self.requests, self.status, self.body, self.location = [], 200, b"ok", None
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                partner.requests.append((self.path, dict(self.headers), body))
                self.send_response(partner.status)
                if partner.location:
                    self.send_header("Location", partner.location)
                self.end_headers()
                self.wfile.write(partner.body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def partner(settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    made = Partner()
    yield made
    made.stop()


@pytest.fixture
def provider():
    return ProviderFactory()


@pytest.fixture
def subscription(partner, provider):
    made = Subscription(provider=provider, name="ERP", url=partner.url, event_types=["cdr.*"])
    made.plain_secret = save_subscription(subscription=made)
    return made


def happen(provider, type="cdr.created"):
    with transaction.atomic():
        event = emit(type=type, aggregate=provider, provider_id=provider.pk, now=NOW, data={"n": 1})
    relay_pending(now=NOW)
    return event


def test_event_arrives_signed(partner, provider, subscription):
    event = happen(provider)
    assert deliver_due(now=NOW) == {"delivered": 1, "failed": 0}
    [(path, headers, body)] = partner.requests
    assert (path, json.loads(body)) == ("/hook", event.as_cloud_event())
    message = f"{headers['Evcharge-Timestamp']}.".encode() + body
    expected = hmac.digest(subscription.plain_secret.encode(), message, "sha256").hex()
    assert headers["Evcharge-Signature"] == f"v1={expected}"
    assert headers["Evcharge-Timestamp"] == str(int(NOW.timestamp()))
    assert headers["Evcharge-Event-Id"] == str(event.pk)
    assert deliver_due(now=NOW) == {"delivered": 0, "failed": 0}


def test_partner_is_told_only_of_wanted_events_of_its_own(partner, provider, subscription):
    happen(provider, "invoice.issued")
    happen(ProviderFactory())
    assert not Delivery.objects.exists()
    subscription.is_active = False
    save_subscription(subscription=subscription)
    happen(provider)
    assert not Delivery.objects.exists()


def test_failing_partner_is_asked_again_with_longer_waits_then_given_up(
    partner, provider, subscription
):
    partner.status, partner.body = 500, b"x" * 100_000
    happen(provider)
    now = NOW
    for wait in WAITS:
        assert deliver_due(now=now) == {"delivered": 0, "failed": 1}
        delivery = Delivery.objects.get()
        assert delivery.next_attempt_at == now + timedelta(seconds=wait)
        assert deliver_due(now=now) == {"delivered": 0, "failed": 0}
        now = delivery.next_attempt_at
    deliver_due(now=now)
    delivery.refresh_from_db()
    assert delivery.state == "FAILED"
    attempts = list(delivery.attempts.all())
    assert len(attempts) == len(WAITS) + 1
    assert {(a.status, a.error, len(a.answer)) for a in attempts} == {
        (500, "answered 500", 2048)}  # fmt: skip
    partner.status = 200
    replay_delivery(delivery=delivery, reason="partner repaired", now=now)
    with pytest.raises(NothingToReplay):
        replay_delivery(delivery=delivery, reason="again", now=now)
    deliver_due(now=now)
    delivery.refresh_from_db()
    assert delivery.state == "DELIVERED"
    assert Entry.objects.get(activity="replayed webhook delivery").reason == "partner repaired"


def test_redirect_is_not_followed(partner, provider, subscription):
    partner.status, partner.location = 302, "http://127.0.0.1:1/inside"
    happen(provider)
    assert deliver_due(now=NOW)["failed"] == 1
    assert len(partner.requests) == 1


def test_partner_that_is_gone_is_an_error_in_the_log(partner, provider, subscription):
    subscription.url = "http://127.0.0.1:1/"
    save_subscription(subscription=subscription)
    happen(provider)
    deliver_due(now=NOW)
    assert "ConnectError" in Attempt.objects.get().error


def test_private_address_is_refused_where_the_setting_forbids_it(
    partner, provider, subscription, settings
):
    happen(provider)
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    deliver_due(now=NOW)
    assert partner.requests == []
    assert Attempt.objects.get().error
    with pytest.raises(AddressRefused):
        save_subscription(subscription=subscription)


def test_secret_is_stored_encrypted_and_stays_out_of_the_trail(provider, subscription):
    secret = subscription.plain_secret
    new = renew_secret(subscription=subscription, reason="leaked")
    assert new != secret
    told = [f"{e.before}{e.after}" for e in Entry.objects.story_of(subscription)]
    assert not [text for text in told if secret in text or subscription.secret in text]
    assert secret not in Subscription.objects.get().secret


def test_attempts_are_kept_as_they_were(partner, provider, subscription):
    happen(provider)
    deliver_due(now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.update(status=404)


def test_administrator_makes_a_webhook_and_sees_its_secret_once(partner, provider):
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = "/admin/webhooks/subscription/"
    form = {"provider": provider.pk, "name": "ERP", "url": partner.url,
            "event_types": "cdr.*\ninvoice.issued", "is_active": "on"}  # fmt: skip
    answer = client.post(f"{page}add/", form, follow=True)
    assert "whsec_" in answer.text
    assert Subscription.objects.get().event_types == ["cdr.*", "invoice.issued"]
    assert "whsec_" not in client.get(page).text
    happen(provider)
    deliver_due(now=NOW)
    delivery = Delivery.objects.get()
    text = client.get(f"/admin/webhooks/delivery/{delivery.pk}/change/").text
    assert "127.0.0.1" in text
    client.post(
        f"/admin/webhooks/delivery/{delivery.pk}/replay/",
        {"reason": "asked to", "confirmed": "yes"},
    )
    delivery.refresh_from_db()
    assert delivery.state == "PENDING"
