"""What may stand on one invoice: one seller VAT registration, one currency, one kind.

Category O stands alone (EN 16931 BR-O-11 to BR-O-14), and so does what goes on the one-stop
shop's return.
"""

from dataclasses import dataclass

from apps.billing.tax import LineTax
from apps.vat.rules import Category, Reporting


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """`tax_country` is empty outside the scope of VAT; `seller_vat_country` names the number."""

    currency: str
    tax_country: str
    seller_vat_country: str
    group: str = ""

    def __str__(self) -> str:
        """EUR/NL; EUR/DE/NL with another country's VAT number; EUR/NL/O; EUR/DE/NL/OSS."""
        parts = [self.currency]
        if self.tax_country:
            parts.append(self.tax_country)
        if self.seller_vat_country != self.tax_country:
            parts.append(self.seller_vat_country)
        return "/".join([*parts, self.group] if self.group else parts)


def partition_of(*, currency: str, tax: LineTax) -> Partition:
    """The partition of a line."""
    if tax.category == Category.OUTSIDE:
        return Partition(currency, "", tax.seller_vat_country, "O")
    group = "OSS" if tax.reporting == Reporting.OSS else ""
    return Partition(currency, tax.tax_country, tax.seller_vat_country, group)
