from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from apps.billing import cards, grants, personal, reactions, triggers
        from apps.core.job_names import name_jobs

        name_jobs(
            {
                "apps.billing.tasks.make_documents": "Invoice documents",
                "apps.billing.tasks.make_missing_documents": "Missing invoice documents",
                "apps.billing.tasks.run_invoices": "Invoice run",
                "apps.billing.tasks.issue_invoices": "Issuing of invoices",
                "billing.run_invoices": "Invoice run",
                "billing.issue_invoices": "Issuing of invoices",
            }
        )

        triggers.register()
        grants.register()
        personal.register()
        cards.register()
        reactions.subscribe()
