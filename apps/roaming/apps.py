from django.apps import AppConfig


class RoamingConfig(AppConfig):
    name = "apps.roaming"
    verbose_name = "Roaming"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view
        from apps.core.job_names import name_jobs
        from apps.remote_sessions.operators import register_gateway
        from apps.roaming import cards, personal
        from apps.roaming.gateway import OcpiGateway, hear_result
        from apps.roaming.services.listening import on_result

        name_jobs(
            {
                "apps.roaming.tasks.pull_peer": "Roaming pull",
                "apps.roaming.tasks.pull_due_peers": "Roaming pulls",
                "apps.roaming.tasks.deliver_peer": "Roaming push",
                "apps.roaming.tasks.receive_cdrs": "CDR intake",
                "apps.roaming.tasks.push_due_messages": "Roaming pushes",
                "apps.roaming.tasks.purge_messages": "Clearing of old messages",
                "roaming.purge_messages": "Clearing of old messages",
            }
        )

        register_gateway(OcpiGateway())
        on_result(hear_result)
        cards.register()
        personal.register()
        for role in (Role.SUPPORT, Role.FINANCE):
            grant_view(
                role, "roaming", "peer", "exchange", "push", "pushqueue", "sentcommand",
                "authorization", "keptobject", "hubclient", "pullcursor", "party",
                "waitingcdr",
            )  # fmt: skip
        grant(Role.SUPPORT, "roaming.ask_stations")
        grant(Role.FINANCE, "roaming.set_aside_waitingcdr")
