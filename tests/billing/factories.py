"""Sellers, drivers and charges that can be billed."""

from datetime import UTC, datetime
from decimal import Decimal

from apps.accounts.models import Account, Provider
from apps.billing import services
from apps.billing.models import Invoice
from apps.billing.periods import Period
from apps.cdrs.models import CDR
from tests.accounts.factories import (
    AccountFactory,
    ProviderFactory,
    TokenFactory,
    VatRegistrationFactory,
)
from tests.cdrs.factories import CdrFactory
from tests.locations.factories import LocationFactory

AUGUST = Period.of_month("2018-08")
SEPTEMBER = Period.of_month("2018-09")
NOW = datetime(2018, 9, 3, 9, 30, tzinfo=UTC)


def seller(**fields: object) -> Provider:
    """A provider with a VAT number of its country and a bank account."""
    defaults = {"iban": "NL91ABNA0417164300", "bic": "ABNANL2A", "support_email": "help@p.test"}
    provider = ProviderFactory(**{**defaults, **fields})
    VatRegistrationFactory(provider=provider)
    return provider


def driver(provider: Provider, **fields: object) -> Account:
    return AccountFactory(provider=provider, **fields)


def charge(account: Account, *, day: int = 7, month: int = 8, **fields: object) -> CDR:
    """An accepted CDR of the account that ended in 2018, at a station in the Netherlands."""
    start = datetime(2018, month, day, 8, 0, tzinfo=UTC)
    token = fields.pop("token", None) or account.tokens.first() or TokenFactory(account=account)
    location = fields.pop("location", None) or LocationFactory()
    return CdrFactory(
        **{"accepted": True, "token": token, "location": location, "started_at": start, **fields}
    )


def run(provider: Provider, period: Period = AUGUST, **options: object) -> services.RunSummary:
    return services.run_invoices(provider=provider, period=period, **{"now": NOW, **options})


def draft_of(account: Account) -> Invoice:
    """The account's only live invoice after a run of August."""
    run(account.provider)
    return Invoice.objects.live().get(account=account)


def issued(account: Account, *, now: datetime = NOW) -> Invoice:
    """An issued invoice over whatever the account has been charged in August."""
    return services.issue_invoice(invoice=draft_of(account), now=now)


def issued_with_one_charge(**fields: object) -> Invoice:
    account = driver(seller())
    charge(account, **{"total_cost_excl_vat": Decimal("4.20"), **fields})
    return issued(account)
