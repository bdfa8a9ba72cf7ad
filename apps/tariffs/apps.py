from django.apps import AppConfig


class TariffsConfig(AppConfig):
    name = "apps.tariffs"
    verbose_name = "Tariffs"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view
        from apps.core.triggers import frozen_when
        from apps.tariffs.models import TariffVersion

        frozen_when(
            TariffVersion._meta.db_table, "1 = 1", *sorted(TariffVersion.KEPT),
            message="a tariff version is kept as it is",
        )  # fmt: skip
        frozen_when(
            TariffVersion._meta.db_table, "OLD.withdrawn_at IS NOT NULL",
            message="a withdrawn tariff version stays as it is", deletable=True,
        )  # fmt: skip
        for role in (Role.SUPPORT, Role.FINANCE):
            grant_view(role, "tariffs", "tariff", "tariffversion", "tariffnote")
        grant(Role.SUPPORT, "tariffs.add_tariffnote", "tariffs.change_tariffnote")
