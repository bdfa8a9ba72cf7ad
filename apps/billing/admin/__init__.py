"""Staff screens of billing."""

from apps.billing.admin import holds, invoices, runs  # noqa: F401 - they register
