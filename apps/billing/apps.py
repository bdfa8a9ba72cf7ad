from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant_view
        from apps.billing import reactions, triggers

        triggers.register()
        reactions.subscribe()
        grant_view(Role.FINANCE, "billing", "invoice")
