from django.apps import AppConfig
from django.db.models.signals import post_migrate


class VatConfig(AppConfig):
    name = "apps.vat"
    verbose_name = "VAT"

    def ready(self) -> None:
        from apps.core.job_names import name_jobs
        from apps.core.triggers import append_only
        from apps.vat.models import VatDecision, VatIdCheck
        from apps.vat.services.seeding import bring_rates_after_migrate

        name_jobs(
            {
                "apps.vat.tasks.check_vat_ids": "VAT id checks",
                "vat.check_vat_ids": "VAT id checks",
            }
        )

        append_only(VatDecision._meta.db_table)
        append_only(VatIdCheck._meta.db_table)
        post_migrate.connect(bring_rates_after_migrate, sender=self)
        self._grant()
        self._show_on_dashboard()

    def _grant(self) -> None:
        """Finance keeps rates and policies and settles what is held; support looks."""
        from apps.accounts.roles import Role, grant, grant_view

        models = ("vatrate", "vatid", "vatidcheck", "vatdecision", "helddecision", "vatpolicy",
                  "operatorvatprofile")  # fmt: skip
        grant_view(Role.FINANCE, "vat", *models)
        grant_view(Role.SUPPORT, "vat", *models)
        for model in ("vatrate", "vatpolicy", "operatorvatprofile"):
            grant(Role.FINANCE, f"vat.add_{model}", f"vat.change_{model}")
        grant(Role.FINANCE, "vat.change_vatid", "vat.change_helddecision")

    def _show_on_dashboard(self) -> None:
        from apps.core.dashboard import Section, register_card
        from apps.vat.dashboard import held_decisions

        register_card(
            "vat.held", permission="vat.view_helddecision", section=Section.WORK,
            build=held_decisions,
        )  # fmt: skip
