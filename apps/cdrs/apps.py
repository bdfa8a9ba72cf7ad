from django.apps import AppConfig


class CdrsConfig(AppConfig):
    name = "apps.cdrs"
    verbose_name = "Charging"

    def ready(self) -> None:
        from apps.cdrs import cards, personal
        from apps.cdrs.triggers import register_triggers
        from apps.core.job_names import name_jobs

        name_jobs(
            {
                "apps.cdrs.tasks.decide_vat_of_accepted": "VAT decisions of CDRs",
                "cdrs.decide_vat_of_accepted": "VAT decisions of CDRs",
            }
        )

        register_triggers()
        cards.register()
        personal.register()
        self._decide_vat()
        self._grant()

    def _decide_vat(self) -> None:
        """Each accepted CDR gets its VAT decisions; held ones can be decided again by staff."""
        from apps.cdrs.services import vat
        from apps.events.subscriptions import subscribe
        from apps.vat.services import register_decider

        subscribe(
            "cdr.status.accepted", name="cdrs.vat",
            handler=vat.on_cdr_accepted, many=vat.on_cdrs_accepted,
        )  # fmt: skip
        subscribe("cdr.deleted", name="cdrs.vat", handler=vat.on_cdr_deleted)
        register_decider(vat.SUBJECT, vat.decide_again)

    def _grant(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view

        for role in (Role.SUPPORT, Role.FINANCE):
            grant_view(
                role, "cdrs", "cdr", "chargingsession", "cdrconflict", "cdrimport",
                "importfinding", "reviewrule",
            )  # fmt: skip
            grant(role, "cdrs.review_cdr")
        grant(Role.SUPPORT, "cdrs.change_cdr", "cdrs.change_cdrconflict")
