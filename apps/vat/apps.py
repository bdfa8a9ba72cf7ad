from django.apps import AppConfig


class VatConfig(AppConfig):
    name = "apps.vat"
    verbose_name = "VAT"

    def ready(self) -> None:
        from apps.core.triggers import append_only
        from apps.vat.models import VatDecision, VatIdCheck

        append_only(VatDecision._meta.db_table)
        append_only(VatIdCheck._meta.db_table)
