from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def install_triggers(using: str, **kwargs: Any) -> None:
    from apps.core import triggers

    triggers.install(using)


class CoreConfig(AppConfig):
    name = "apps.core"
    verbose_name = "System"

    def ready(self) -> None:
        from apps.core import checks, system_cards, views
        from apps.core.job_names import name_jobs

        name_jobs(
            {
                "apps.core.tasks.record_beat": "Sign of life",
            }
        )

        views.READINESS["triggers"] = checks.triggers_are_present
        # Once per migrate, after all apps: the signal comes for each app, when all are migrated.
        post_migrate.connect(install_triggers, sender=self)
        system_cards.register()
