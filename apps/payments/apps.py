from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view
        from apps.core.job_names import name_jobs
        from apps.core.triggers import append_only
        from apps.payments import cards, personal, psp
        from apps.payments.models import LedgerEntry
        from apps.payments.sandbox_psp import SandboxPsp
        from apps.payments.stripe_psp import StripePsp

        name_jobs(
            {
                "apps.payments.tasks.settle_payments": "Payments",
                "apps.payments.tasks.settle_waiting_payments": "Payments",
                "payments.settle": "Payments",
            }
        )

        append_only(LedgerEntry._meta.db_table)
        psp.register(SandboxPsp())
        psp.register(StripePsp())
        cards.register()
        personal.register()
        grant_view(Role.SUPPORT, "payments", "payment", "ledgerentry")
        grant_view(Role.FINANCE, "payments", "payment", "ledgerentry", "pspmessage")
        grant(
            Role.FINANCE,
            "payments.refund_payment", "payments.release_payment", "payments.resolve_pspmessage",
        )  # fmt: skip
