from django.apps import AppConfig


class CdrsConfig(AppConfig):
    name = "apps.cdrs"
    verbose_name = "Charging"

    def ready(self) -> None:
        from apps.cdrs.triggers import register_triggers

        register_triggers()
        self._decide_vat()

    def _decide_vat(self) -> None:
        """Each accepted CDR gets its VAT decisions; held ones can be decided again by staff."""
        from apps.cdrs.services import vat
        from apps.events.subscriptions import subscribe
        from apps.vat.services import register_decider

        subscribe("cdr.status.accepted", name="cdrs.vat", handler=vat.on_cdr_accepted)
        subscribe("cdr.deleted", name="cdrs.vat", handler=vat.on_cdr_deleted)
        register_decider(vat.SUBJECT, vat.decide_again)
