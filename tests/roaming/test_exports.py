"""What a person is given of the messages that were exchanged with peers."""

import pytest
from django.utils import timezone

from apps.audit.persons import export_person, find_person
from apps.roaming.models import Exchange
from apps.roaming.ocpi import json
from apps.roaming.services.exchanges import kept_parts
from tests.accounts.factories import AccountFactory, TokenFactory

pytestmark = pytest.mark.django_db


def test_a_list_of_several_drivers_tells_each_only_of_themselves() -> None:
    account = AccountFactory(email="ann@example.com")
    TokenFactory(account=account, contract_id="NL-EFL-CANN00001-X", uid="04ANN")
    tokens = [
        {"uid": "04ANN", "contract_id": "NL-EFL-CANN00001-X"},
        {"uid": "04BOB", "contract_id": "NL-EFL-CBOB00001-X"},
    ]
    parts = kept_parts(
        module="tokens", url="https://us.example/ocpi/2.2.1/tokens", request_body="",
        response_body=json.write({"data": tokens, "status_code": 1000}),
    )  # fmt: skip
    Exchange.objects.create(
        at=timezone.now(), direction="IN", module="tokens", method="GET", **parts
    )
    [told] = export_person(person=find_person("ann@example.com"))["messages"]
    assert json.read(told["response_body"])["data"] == [tokens[0], "***"]
    assert told["url"] == "https://us.example/ocpi/2.2.1/tokens"
