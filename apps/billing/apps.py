from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from apps.billing import cards, grants, personal, reactions, triggers

        triggers.register()
        grants.register()
        personal.register()
        cards.register()
        reactions.subscribe()
