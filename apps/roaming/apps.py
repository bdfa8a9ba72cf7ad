from django.apps import AppConfig


class RoamingConfig(AppConfig):
    name = "apps.roaming"
    verbose_name = "Roaming"

    def ready(self) -> None:
        from apps.remote_sessions.operators import register_gateway
        from apps.roaming.gateway import OcpiGateway, hear_result
        from apps.roaming.services.listening import on_result

        register_gateway(OcpiGateway())
        on_result(hear_result)
