"""/healthz and /readyz tell a machine whether to send us work."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.models import Heartbeat
from apps.core.tasks import record_beat

pytestmark = pytest.mark.django_db


def test_alive_process_answers(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_when_a_beat_was_seen(client):
    record_beat()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert set(response.json()["checks"].values()) == {"ok"}


def test_not_ready_before_the_first_beat(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "never seen" in response.json()["checks"]["beat"]


def test_not_ready_when_the_beat_is_old(client):
    Heartbeat.objects.create(name="beat", seen_at=timezone.now() - timedelta(minutes=10))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["beat"].startswith("last seen 60")


def test_not_ready_without_the_broker(client, monkeypatch):
    from celery import current_app

    def refuse(**kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(current_app, "connection_for_write", refuse)
    record_beat()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == "no answer: ConnectionRefusedError"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_pages_are_only_read(client, path):
    assert client.post(path).status_code == 405
