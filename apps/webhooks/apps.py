from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "apps.webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view
        from apps.core.job_names import name_jobs
        from apps.core.triggers import append_only
        from apps.events.subscriptions import EVERY_TYPE, subscribe
        from apps.webhooks.models import Attempt
        from apps.webhooks.services import queue_event, queue_events

        name_jobs(
            {
                "apps.webhooks.tasks.deliver_webhooks": "Webhooks",
            }
        )

        subscribe(EVERY_TYPE, name="webhooks", handler=queue_event, many=queue_events)
        append_only(Attempt._meta.db_table)
        grant_view(Role.SUPPORT, "webhooks", "subscription", "delivery", "attempt")
        grant(Role.SUPPORT, "webhooks.replay_delivery")
