"""A provider reads its invoices; nobody else does."""

import json

import pytest
from django.test import Client

from apps.accounts.services import issue_credential
from apps.billing import services
from tests.billing.factories import NOW, charge, draft_of, driver, issued_with_one_charge, seller

pytestmark = pytest.mark.django_db


def partner(provider=None, *, scopes=("invoices:read",), **fields):
    credential = issue_credential(name="books", provider=provider, scopes=list(scopes), **fields)
    return Client(headers={"Authorization": f"Bearer {credential.text}"})


@pytest.fixture
def invoice():
    return issued_with_one_charge()


def test_provider_lists_and_reads_its_invoices(invoice):
    client = partner(invoice.provider)
    [row] = client.get("/api/v1/invoices/?total=true").json()["results"]
    assert (row["number"], row["gross_total"], row["currency"]) == (
        invoice.number, "5.080", "EUR")  # fmt: skip
    detail = client.get(f"/api/v1/invoices/{invoice.pk}/").json()
    assert detail["seller"]["vat_number"] == "NL000000000B01"
    assert [line["net_amount"] for line in detail["lines"]] == ["4.200"]
    assert [total["vat_amount"] for total in detail["vat_totals"]] == ["0.880"]
    assert detail["documents"] == []


def test_pdf_comes_as_it_was_stored(invoice):
    client = partner(invoice.provider)
    address = f"/api/v1/invoices/{invoice.pk}/pdf/"
    early = client.get(address)
    assert (early.status_code, json.loads(early.content)["code"]) == (404, "DOCUMENT_NOT_MADE")
    document = next(d for d in services.make_documents(invoice_id=invoice.pk) if d.format == "PDF")
    response = client.get(address, headers={"Accept": "application/pdf"})
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert response.content == bytes(document.content)
    assert response["ETag"] == f'"{document.sha256}"'
    assert f'filename="{invoice.number}.pdf"' in response["Content-Disposition"]


def test_invoice_of_another_provider_is_not_there(invoice):
    stranger = partner(seller())
    assert stranger.get("/api/v1/invoices/").json()["results"] == []
    for address in ("", "pdf/", "xml/"):
        response = stranger.get(f"/api/v1/invoices/{invoice.pk}/{address}")
        assert response.status_code == 404


def test_roaming_peer_has_no_invoices(invoice):
    peer = partner(operator_party="NL*EFL", scopes=["cdrs:write"])
    assert peer.get("/api/v1/invoices/").status_code == 403


def test_scope_is_needed(invoice):
    client = partner(invoice.provider, scopes=["cdrs:read"])
    response = client.get("/api/v1/invoices/")
    assert (response.status_code, response.json()["code"]) == (403, "SCOPE_MISSING")
    assert Client().get("/api/v1/invoices/").status_code == 401


def test_drafts_are_ours_alone():
    account = driver(seller())
    charge(account)
    draft = draft_of(account)
    client = partner(account.provider)
    assert client.get("/api/v1/invoices/").json()["results"] == []
    assert client.get(f"/api/v1/invoices/{draft.pk}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_invoices_are_only_read(invoice, method):
    response = getattr(partner(invoice.provider), method)(f"/api/v1/invoices/{invoice.pk}/")
    assert response.status_code in {403, 405}


def test_list_is_filtered_and_refuses_what_it_does_not_know(invoice):
    client = partner(invoice.provider)

    def count(query):
        return len(client.get(f"/api/v1/invoices/?{query}").json()["results"])

    assert count(f"number={invoice.number.lower()}") == 1
    assert count("issued_from=2018-09-04") == 0
    assert count(f"account={invoice.account.number}&currency=eur") == 1
    assert client.get("/api/v1/invoices/?nummer=1").status_code == 400


def test_list_costs_the_same_however_many_there_are(invoice, django_assert_num_queries):
    client = partner(invoice.provider)
    client.get("/api/v1/invoices/")
    for _ in range(3):
        account = driver(invoice.provider)
        charge(account)
        services.issue_invoice(invoice=draft_of(account), now=NOW)
    with django_assert_num_queries(2):
        assert len(client.get("/api/v1/invoices/").json()["results"]) == 4
