from django.apps import AppConfig


class TariffsConfig(AppConfig):
    name = "apps.tariffs"
    verbose_name = "Tariffs"
