"""What an issued invoice keeps of its parties, so that it prints the same for ever."""

import hashlib
from datetime import date
from typing import Any, Final

from apps.accounts.models import Account, Address, Provider
from apps.billing.models import BrandLogo, Invoice
from apps.core.errors import DomainError

_MEDIA_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


class SellerVatNumberMissing(DomainError):
    """The seller has no VAT number of the country whose number the invoice must show."""

    code = "SELLER_VAT_NUMBER_MISSING"


def seller_snapshot(invoice: Invoice, *, on: date) -> dict[str, Any]:
    """The provider as it is now. Raises SellerVatNumberMissing."""
    provider = invoice.provider
    return {
        "name": provider.name,
        "legal_name": provider.legal_name,
        **_address(provider),
        "company_number": provider.company_number,
        "vat_number": _vat_number(provider, invoice.seller_vat_country, on),
        "iban": provider.iban,
        "bic": provider.bic,
        "email": provider.support_email,
        "brand_colour": provider.brand_colour,
        "logo_sha256": _keep_logo(provider),
        "payment_days": provider.payment_days,
    }


def buyer_snapshot(invoice: Invoice) -> dict[str, Any]:
    """The account as it is now, with the VAT id that its decisions went by."""
    account: Account = invoice.account
    return {
        "number": account.number,
        "name": account.name,
        "kind": account.kind,
        **_address(account),
        "email": account.email,
        "language": account.language,
        "vat_id": invoice.buyer_vat_id or next(iter(account.vat_ids), ""),
    }


def _address(party: Address) -> dict[str, str]:
    return {
        "street": party.street,
        "postcode": party.postcode,
        "city": party.city,
        "country": party.country,
    }


def _vat_number(provider: Provider, country: str, on: date) -> str:
    if not country:
        return ""
    rows = provider.vat_registrations.filter(country=country).order_by("active_from", "id")
    active = [row for row in rows if row.active_to is None or on < row.active_to]
    # A registration that has ended still serves for what was supplied while it was active.
    found = (active or list(rows))[-1:]
    if not found:
        raise SellerVatNumberMissing(f"{provider} has no VAT number of {country}.")
    number: str = found[0].number
    return number


def _keep_logo(provider: Provider) -> str:
    """Keep the logo as it is now; empty when the provider has none or its file is gone."""
    name = provider.logo.name if provider.logo else None
    if not name or not provider.logo.storage.exists(name):
        return ""
    with provider.logo.open("rb") as file:
        content: bytes = file.read()
    digest = hashlib.sha256(content).hexdigest()
    ending = name.rpartition(".")[2].lower()
    if not BrandLogo.objects.filter(sha256=digest).exists():
        BrandLogo.objects.bulk_create(
            [BrandLogo(
                sha256=digest, content=content,
                media_type=_MEDIA_TYPES.get(ending, "application/octet-stream"),
            )],
            ignore_conflicts=True,
        )  # fmt: skip
    return digest
