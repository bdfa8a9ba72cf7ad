"""Every example of Gireve's guide goes in with status 1000 and comes back equal.

Needs a copy of github.com/CNX-GIREVE/GIREVE_Tech_OCPI_V2.1.1: GIREVE_GUIDE=/path/to/it. The guide
for 2.2.1 has no examples.
"""

import json
import os
import re
import subprocess
from typing import Any

import pytest

from apps.cdrs.models import CDR
from apps.roaming.gateway import OcpiGateway
from apps.roaming.models import KeptObject, Peer
from apps.roaming.ocpi.commands import read_reply
from apps.roaming.ocpi.credentials import read_credentials, read_details, read_versions
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.versions import Version
from apps.roaming.services.pulling import pull_module
from tests.accounts.factories import TokenFactory
from tests.roaming.door import PeerClient, status
from tests.roaming.operator_server import OperatorServer
from tests.roaming.test_commands import start_order

GUIDE = os.environ.get("GIREVE_GUIDE", "")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not GUIDE, reason="GIREVE_GUIDE names no copy of the guide"),
]


def example(page: str, number: int) -> Any:
    """The JSON block of a page; one has lost its braces."""
    run = ["git", "-C", GUIDE, "show", f"HEAD:{page}.md"]
    text = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    block = re.findall(r"```json(.*?)```", text, re.DOTALL)[number].strip()
    return json.loads(block if block.startswith("{") else "{" + block + "}")


@pytest.fixture
def peer(make_peer: Any) -> Peer:
    return make_peer("2.1.1", profile="GIREVE", token="iop")


@pytest.fixture
def hub(peer: Peer) -> PeerClient:
    return PeerClient("iop", "2.1.1")


@pytest.mark.parametrize(
    ("module", "page", "number"),
    [
        ("locations", "cpo_locations", 0),
        ("sessions", "cpo_sessions", 0),
        ("tariffs", "cpo_tariffs", 0),
        ("tariffs", "emsp_tariffs", 0),
    ],
)
def test_what_is_put_comes_back(hub: PeerClient, module: str, page: str, number: int) -> None:
    sent = example(page, number)
    path = f"{module}/FR/CPO/{sent['id']}"
    assert status(hub.put(path, sent)) == (201, 1000)
    assert hub.get(path).json()["data"] == sent


def test_the_location_of_the_guide_has_another_id_than_its_url(hub: PeerClient) -> None:
    assert status(hub.put("locations/FR/XXX/1111", example("cpo_locations", 0))) == (200, 2001)


def test_what_is_patched_is_merged(hub: PeerClient) -> None:
    hub.put("locations/FR/CPO/eeee", example("cpo_locations", 0))
    patch = example("cpo_locations", 2)
    assert status(hub.patch("locations/FR/CPO/eeee/aaaaaa", patch)) == (200, 1000)
    evse = hub.get("locations/FR/CPO/eeee/aaaaaa").json()["data"]
    assert evse["last_updated"] == patch["last_updated"]
    hub.put("sessions/FR/CPO/AAAAAAA", example("cpo_sessions", 0))
    patch = example("cpo_sessions", 2)
    assert status(hub.patch("sessions/FR/CPO/AAAAAAA", patch)) == (200, 1000)
    assert hub.get("sessions/FR/CPO/AAAAAAA").json()["data"]["kwh"] == patch["kwh"]


def test_the_cdr_comes_back_and_is_its_operators(hub: PeerClient) -> None:
    sent = example("cpo_cdrs", 0)
    assert status(hub.post("cdrs", sent)) == (201, 1000)
    assert hub.get(f"cdrs/{sent['id']}").json()["data"] == sent
    assert (CDR.objects.get().party, CDR.objects.get().authorization_reference) == (
        "FR*CPO", sent["authorization_id"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("module", "page", "number", "party"),
    [
        ("locations", "emsp_locations", 0, "ES*AAA"),
        ("tariffs", "cpo_tariffs", 2, "FR*AAA"),
        ("cdrs", "emsp_cdrs", 0, "FR*CPO"),
    ],
)
def test_what_is_pulled_is_kept_under_its_operator(
    peer: Peer, hub: PeerClient, operator: OperatorServer, module: str, page: str, number: int,
    party: str,
) -> None:  # fmt: skip
    operator.lists[module] = example(page, number)["data"]
    cursor = pull_module(peer=peer, module=module)
    assert (cursor.received, cursor.unread) == (len(operator.lists[module]), 0)
    for kept in KeptObject.objects.all():
        assert f"{kept.country_code}*{kept.party_id}" == party
    for sent in operator.lists[module]:
        path = sent["id"] if module == "cdrs" else party.replace("*", "/") + "/" + sent["id"]
        assert hub.get(f"{module}/{path}").json()["data"] == sent


def test_an_authorization_is_answered_with_the_fields_of_the_guide(hub: PeerClient) -> None:
    TokenFactory(uid="AAAAAAAA")
    answer = hub.post("tokens/AAAAAAAA/authorize", example("cpo_tokens", 1)).json()
    said, shown = answer["data"], example("cpo_tokens", 2)["data"]
    assert said.keys() == shown.keys()
    assert (said["allowed"], said["location"]) == (shown["allowed"], shown["location"])


def test_a_start_and_its_token_have_the_fields_of_the_guide(
    peer: Peer, operator: OperatorServer
) -> None:
    TokenFactory(uid="1A2B3C4D", visual_number="7")
    operator.command_answer = example("emsp_commands", 1)["data"]
    answer = OcpiGateway().send_start(start_order(token_uid="1A2B3C4D"))
    assert (answer.answer, answer.timeout_seconds) == ("ACCEPTED", None)
    sent, shown = operator.seen[-1].body, example("emsp_commands", 0)
    assert sent.keys() == shown.keys()
    assert sent["token"].keys() - {"language"} == shown["token"].keys()
    assert set(example("emsp_tokens", 0)) == sent["token"].keys()
    assert read_reply(example("emsp_commands", 2)).accepted


@pytest.mark.parametrize("page", ["cpo_registration", "emsp_registration"])
def test_versions_details_and_credentials_are_read(page: str) -> None:
    versions = read_versions(example(page, 0)["data"])
    assert list(versions) == ["2.1.1"]
    endpoints = read_details(example(page, 1)["data"], Version.V2_1_1)
    assert {"locations", "tokens", "commands"} < {each.identifier for each in endpoints}
    for credentials in (example(page, 2), example(page, 3)["data"]):
        read = read_credentials(Fields(credentials), Version.V2_1_1)
        assert read.token == credentials["token"]
        assert read.roles[0].party.party_id == credentials["party_id"]
