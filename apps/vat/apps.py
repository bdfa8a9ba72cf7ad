from django.apps import AppConfig


class VatConfig(AppConfig):
    name = "apps.vat"
    verbose_name = "VAT"
