"""What the roles may do with invoices."""

from apps.accounts.roles import Role, grant, grant_view


def register() -> None:
    """Called in BillingConfig.ready(). Support sees invoices; finance makes them."""
    seen = ("invoice", "invoiceline", "invoicevattotal", "invoicedocument", "billinghold")
    for role in (Role.SUPPORT, Role.FINANCE):
        grant_view(role, "billing", *seen)
    grant_view(Role.FINANCE, "billing", "invoicerun")
    grant(
        Role.FINANCE,
        "billing.start_run", "billing.issue_invoice", "billing.discard_invoice",
    )  # fmt: skip
