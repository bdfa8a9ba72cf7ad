from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        from apps.core.triggers import append_only
        from apps.payments import psp
        from apps.payments.models import LedgerEntry
        from apps.payments.sandbox_psp import SandboxPsp
        from apps.payments.stripe_psp import StripePsp

        append_only(LedgerEntry._meta.db_table)
        psp.register(SandboxPsp())
        psp.register(StripePsp())
