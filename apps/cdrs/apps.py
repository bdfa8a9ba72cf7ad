from django.apps import AppConfig


class CdrsConfig(AppConfig):
    name = "apps.cdrs"
    verbose_name = "Charging"
