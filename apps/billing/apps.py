from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from apps.billing import reactions, triggers

        triggers.register()
        reactions.subscribe()
