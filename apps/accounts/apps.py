from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = "People and parties"

    def ready(self) -> None:
        from apps.accounts import grants, personal, roles
        from apps.accounts.api import schema  # noqa: F401 - registers itself by being imported
        from apps.core.job_names import name_jobs

        name_jobs(
            {
                "apps.accounts.tasks.sweep_idempotency_keys": "Clearing of idempotency keys",
            }
        )

        grants.register()
        personal.register()
        post_migrate.connect(roles.sync_groups, dispatch_uid="accounts.sync_groups")
