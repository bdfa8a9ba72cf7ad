from django.apps import AppConfig


class CdrsConfig(AppConfig):
    name = "apps.cdrs"
    verbose_name = "Charging"

    def ready(self) -> None:
        from apps.cdrs.triggers import register_triggers

        register_triggers()
