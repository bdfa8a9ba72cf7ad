from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = "People and parties"

    def ready(self) -> None:
        from apps.accounts.api import schema  # noqa: F401 - registers itself by being imported
