from django.apps import AppConfig


class RoamingConfig(AppConfig):
    name = "apps.roaming"
    verbose_name = "Roaming"
