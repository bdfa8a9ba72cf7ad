"""The invoice as EN 16931 data (Cross Industry Invoice), for machines; the PDF carries it inside.

The keys are the business terms (BT) and groups (BG) of EN 16931-1; factur-x writes the XML.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.billing.models import Invoice, InvoiceLine, InvoiceVatTotal
from apps.billing.periods import Period
from apps.billing.printing.labels import language_of
from apps.vat.decision import COMMERCIAL_INVOICE
from apps.vat.rules import Category

_LEVEL: Final = "en16931"
_KWH, _PIECE = "KWH", "C62"  # UN/ECE Recommendation 20
_SEPA_TRANSFER, _TRANSFER = "58", "30"  # UNTDID 4461
# What factur-x keeps of a price; one with more digits is given as the price of the whole line.
_PRICE_DIGITS: Final = 4


def render_xml(invoice: Invoice) -> bytes:
    """The XML of an issued invoice, checked against the schema. Two queries."""
    lines = list(invoice.lines.order_by("position"))
    vat_totals = list(invoice.vat_totals.order_by("-vat_rate"))
    data = _header(invoice, lines) | _amounts(invoice) | _payment(invoice)
    data |= {
        "BG-4": _seller(invoice),
        "BG-7": _buyer(invoice),
        "BG-23": [_vat_total(row) for row in vat_totals],
        "BG-25": [_line(line) for line in lines],
    }
    # Its PDF and font libraries are loaded by the process that writes invoices alone.
    from facturx.generate_xml import generate_cii_xml

    xml: bytes = generate_cii_xml(data, level=_LEVEL, check_xsd=True, check_schematron=False)
    return xml


def embed_xml(pdf: bytes, xml: bytes, invoice: Invoice) -> bytes:
    """The PDF/A-3 with the XML attached, as Factur-X has it."""
    from facturx import generate_from_binary

    both: bytes = generate_from_binary(
        pdf, xml, flavor="factur-x", level=_LEVEL, check_xsd=False, check_schematron=False,
        lang=language_of(invoice.buyer["language"]),
        pdf_metadata={
            "author": invoice.seller["legal_name"], "title": str(invoice.number),
            "subject": f"{invoice.seller['legal_name']} {invoice.number}",
            "keywords": "Factur-X, EN 16931",
        },
    )  # fmt: skip
    return both


def _header(invoice: Invoice, lines: Sequence[InvoiceLine]) -> dict[str, Any]:
    period = Period(invoice.period_start, invoice.period_end)
    data = {
        "BT-1": invoice.number,
        "BT-2": invoice.issue_date,
        "BT-3": COMMERCIAL_INVOICE,
        "BT-5": invoice.currency,
        "BT-9": invoice.due_date,
        "BT-72": max(_days(line)[1] for line in lines),
        "BT-73": period.start,
        "BT-74": period.last_day,
    }
    if invoice.vat_currency:
        data["BT-6"] = invoice.vat_currency
        data["BT-111"] = _text(invoice.vat_total_in_vat_currency)
    return data


def _amounts(invoice: Invoice) -> dict[str, Any]:
    return {
        "BT-106": _text(invoice.net_total),
        "BT-109": _text(invoice.net_total),
        "BT-110": _text(invoice.vat_total),
        "BT-112": _text(invoice.gross_total),
        "BT-115": _text(invoice.gross_total),
    }


def _payment(invoice: Invoice) -> dict[str, Any]:
    iban = invoice.seller["iban"].replace(" ", "")
    if not iban:
        return {}
    data = {
        "BT-81": _SEPA_TRANSFER if invoice.currency == "EUR" else _TRANSFER,
        "BT-83": invoice.number,
        "BT-84": iban,
        "BT-85": invoice.seller["legal_name"],
    }
    if invoice.seller["bic"]:
        data["BT-86"] = invoice.seller["bic"]
    return data


def _seller(invoice: Invoice) -> dict[str, Any]:
    seller = invoice.seller
    vat_number, company_number = seller["vat_number"], seller["company_number"]
    party = _party(seller, seller["legal_name"])
    # BR-O-02: outside the scope of VAT no VAT number; BR-CO-26: but some number.
    if _is_outside_scope(invoice):
        party["legal_identifier"] = company_number or vat_number
    else:
        party |= {"vat_identifier": vat_number, "legal_identifier": company_number}
    return _filled(party | {"biz_name": seller["name"]})


def _buyer(invoice: Invoice) -> dict[str, Any]:
    party = _party(invoice.buyer, invoice.buyer["name"])
    if not _is_outside_scope(invoice):
        party["vat_identifier"] = invoice.buyer["vat_id"]
    return _filled(party)


def _party(party: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "addr_l1": party["street"],
        "postcode": party["postcode"],
        "city": party["city"],
        "country_code": party["country"],
    }


def _is_outside_scope(invoice: Invoice) -> bool:
    return not invoice.tax_country


def _vat_total(row: InvoiceVatTotal) -> dict[str, Any]:
    total = {
        "BT-116": _text(row.net_amount),
        "BT-117": _text(row.vat_amount),
        "BT-118": row.vat_category,
        "BT-120": row.note,
        "BT-121": row.vatex,
    }
    return _filled(total | _rate("BT-119", row.vat_category, row.vat_rate))


def _line(line: InvoiceLine) -> dict[str, Any]:
    quantity, unit, price = _quantity(line)
    days = _days(line)
    return {
        "BT-126": str(line.position),
        "BT-129": _text(quantity),
        "BT-130": unit,
        "BT-131": _text(line.net_amount),
        "BT-134": days[0],
        "BT-135": days[1],
        "BT-146": _text(price),
        "BT-151": line.vat_category,
        **_rate("BT-152", line.vat_category, line.vat_rate),
        "BT-153": line.description,
    }


def _quantity(line: InvoiceLine) -> tuple[Decimal, str, Decimal]:
    """Quantity, unit and price. A price is never negative (BR-27): a credit's quantity is."""
    sign = -1 if line.net_amount < 0 else 1
    per_kwh = line.unit_price
    if per_kwh is not None and line.quantity_kwh is not None and _is_exact(per_kwh):
        return sign * abs(line.quantity_kwh), _KWH, per_kwh
    return Decimal(sign), _PIECE, abs(line.net_amount)


def _is_exact(price: Decimal) -> bool:
    return price == round(price, _PRICE_DIGITS)


def _days(line: InvoiceLine) -> tuple[date, date]:
    """The station-local days on which charging began and ended."""
    assert line.started_at is not None and line.ended_at is not None  # noqa: S101, PT018
    zone = ZoneInfo(line.time_zone)
    return line.started_at.astimezone(zone).date(), line.ended_at.astimezone(zone).date()


def _rate(term: str, category: str, rate: Decimal) -> dict[str, str]:
    """Outside the scope there is no rate, not even 0 (BR-O-05)."""
    return {} if category == Category.OUTSIDE else {term: _text(rate)}


def _text(amount: Decimal | None) -> str:
    return f"{(amount or Decimal(0)).normalize():f}"


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
