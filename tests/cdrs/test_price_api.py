"""`GET /api/v1/cdrs/{id}/price/`: the explained price, for providers."""

from uuid import uuid4

import pytest

from apps.cdrs.models import CDR
from tests.accounts.factories import ProviderFactory
from tests.cdrs.factories import CdrFactory
from tests.cdrs.test_api import Partner
from tests.tariffs.factories import make_version
from tests.tariffs.messages import component, flat_tariff

pytestmark = pytest.mark.django_db


def partner_of(provider) -> Partner:
    return Partner(provider=provider, scopes=["cdrs:read"])


def test_price_with_lines_explanation_retail_and_margin() -> None:
    cdr = CdrFactory(kwh=10, total_cost_excl_vat=3, total_cost_incl_vat=None)
    make_version(operator=cdr.operator)
    make_version(provider=cdr.provider, content=flat_tariff(component("ENERGY", "0.40", vat="21")))
    answer = partner_of(cdr.provider).get(f"/cdrs/{cdr.pk}/price/")
    assert answer.status_code == 200
    told = answer.json()
    assert told["purchase"]["total_cost"] == {"excl_vat": "2.5000", "incl_vat": "2.7500"}
    assert told["purchase"]["difference"]["excl_vat"] == "0.5000"
    assert told["purchase"]["lines"][0]["why"] == "element 1: no restrictions"
    assert told["retail"]["total_cost"]["excl_vat"] == "4.0000"
    assert told["retail"]["sent_total_cost"] is None
    assert told["margin_excl_vat"] == "1.5000"
    assert told["problem"] == ""
    cdr.refresh_from_db()
    assert cdr.computed_cost_excl_vat is None


def test_why_there_is_no_price_is_told() -> None:
    cdr = CdrFactory(kwh=10)
    told = partner_of(cdr.provider).get(f"/cdrs/{cdr.pk}/price/").json()
    assert told["problem"] == "No tariff is known for it."
    assert told["margin_excl_vat"] is None
    broken = CdrFactory(provider=cdr.provider, tariffs=[{"id": "1"}])
    told = partner_of(cdr.provider).get(f"/cdrs/{broken.pk}/price/").json()
    assert told["purchase"] is None
    assert told["problem"] == "tariff.elements: is missing"


def test_price_of_another_providers_cdr_is_not_found() -> None:
    cdr = CdrFactory()
    assert partner_of(ProviderFactory()).get(f"/cdrs/{cdr.pk}/price/").status_code == 404
    assert partner_of(cdr.provider).get(f"/cdrs/{uuid4()}/price/").status_code == 404


def test_roaming_peer_does_not_see_our_price() -> None:
    cdr: CDR = CdrFactory()
    peer = Partner(operator_party=cdr.party, scopes=["cdrs:read"])
    assert peer.get(f"/cdrs/{cdr.pk}/price/").status_code == 403
