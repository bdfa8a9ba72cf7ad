"""The dashboard's cards about charging lead to the lists that they count."""

import re

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from tests.cdrs.factories import CdrFactory
from tests.core.staff import staff_client

pytestmark = pytest.mark.django_db


def cards(client):
    """The figure and the address of each card."""
    page = client.get(reverse("admin:index")).content.decode()
    found = re.findall(r'<a href="([^"]+)">([^<]+)</a>\s*<strong>([^<]+)</strong>', page)
    return {title: (figure, address) for address, title, figure in found}


def test_held_and_pending_cdrs_are_counted_and_linked():
    CdrFactory(is_held=True, hold_reasons=[{"code": "X", "message": "Odd."}])
    CdrFactory(accepted=True)
    client = staff_client(Role.SUPPORT)
    shown = cards(client)
    assert shown["Held CDRs"][0] == shown["Pending CDRs"][0] == "1"
    for title in ("Held CDRs", "Pending CDRs"):
        listed = client.get(shown[title][1]).context["cl"]
        assert listed.result_count == 1
    for title in ("CDR conflicts", "Charging now"):
        assert shown[title][0] == "0"
        assert client.get(shown[title][1]).context["cl"].result_count == 0
