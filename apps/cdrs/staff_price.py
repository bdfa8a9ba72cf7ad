"""What a CDR costs by its tariff, line by line, for its staff page."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.cdrs.models import CDR
from apps.cdrs.services.review import Prices, book_for, margin_of, price_cdr
from apps.core import money, staff_display
from apps.tariffs.priced import Line, PricedCdr, show


@admin.display(description="price by tariff")
def price_shown(cdr: CDR) -> SafeString | str:
    """A field for `readonly_fields`: both prices with their lines, the difference, and why."""
    prices = price_cdr(cdr, book_for([cdr]))
    parts = [
        _priced("What we owe the operator", prices.purchase, prices.problem),
        _priced("What the driver pays", prices.retail, prices.retail_problem),
        _margin(cdr, prices),
    ]
    return format_html_join("", "{}", ((part,) for part in parts if part))


def _priced(title: str, priced: PricedCdr | None, problem: str) -> SafeString | str:
    if problem:
        return format_html('<p><strong>{}:</strong> <span class="staff-error">{}</span></p>',
                           title, problem)  # fmt: skip
    if priced is None:
        return ""
    lines = format_html_join("", "{}", ((_row(line, priced),) for line in priced.lines))
    reasons = format_html_join("", "<li>{}</li>", ((text,) for text in priced.explanation))
    return format_html(
        '<table class="staff-rows"><caption>{}: {} excl. VAT, {} incl. VAT</caption>'
        '<thead><tr><th scope="col">period</th><th scope="col">dimension</th>'
        '<th scope="col">volume</th><th scope="col">billed</th><th scope="col">price</th>'
        '<th scope="col">excl. VAT</th><th scope="col">incl. VAT</th><th scope="col">why</th></tr>'
        '</thead><tbody>{}</tbody></table><ul class="staff-subjects">{}</ul>',
        title, money.display(priced.total.excl_vat, priced.currency),
        money.display(priced.total.incl_vat, priced.currency), lines, reasons,
    )  # fmt: skip


def _row(line: Line, priced: PricedCdr) -> SafeString:
    told = line.as_json()
    unit = told["unit"] or ""
    price = f"{told['price']} {priced.currency}" if told["price"] else staff_display.EMPTY
    cells = (
        told["period"] or staff_display.EMPTY,
        told["dimension"],
        f"{told['volume']} {unit}".strip(),
        f"{told['billed_volume']} {unit}".strip(),
        price,
        told["excl_vat"] or staff_display.EMPTY,
        told["incl_vat"] or staff_display.EMPTY,
        told["why"],
    )
    return format_html(
        "<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((cell,) for cell in cells))
    )


def _margin(cdr: CDR, prices: Prices) -> SafeString | str:
    margin = margin_of(cdr, prices)
    if margin is None:
        return ""
    return format_html("<p><strong>Margin:</strong> {} {}</p>", cdr.currency, show(margin))
