"""The front door leads drivers, staff and partners to theirs."""

import re

import pytest

pytestmark = pytest.mark.django_db


def test_every_door_opens(client) -> None:
    shown = client.get("/").content.decode()
    doors = re.findall(r'<a href="([^"]+)"', shown)
    assert doors == ["/stations/", "/admin/", "/api/docs/", "/api/docs/errors"]
    for door in doors:
        assert client.get(door, follow=True).status_code == 200
    assert "/ocpi/versions" in shown


def test_it_loads_nothing_from_elsewhere_and_takes_nothing(client) -> None:
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.post("/").status_code == 405
