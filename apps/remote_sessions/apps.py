from django.apps import AppConfig


class RemoteSessionsConfig(AppConfig):
    name = "apps.remote_sessions"
    verbose_name = "Remote sessions"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view
        from apps.cdrs.arrivals import register_listener
        from apps.core.job_names import name_jobs
        from apps.core.triggers import append_only
        from apps.remote_sessions import cards, personal, reactions
        from apps.remote_sessions.models import TimelineEntry
        from apps.remote_sessions.operators import register_gateway
        from apps.remote_sessions.services.arrivals import Listener
        from apps.remote_sessions.simulated.gateway import SimulatedGateway

        name_jobs(
            {
                "apps.remote_sessions.tasks.send_command": "Commands to operators",
                "apps.remote_sessions.tasks.update_remote_session_statuses": "Remote session job",
                "remote_sessions.update_statuses": "Remote session job",
            }
        )

        register_listener(Listener())
        register_gateway(SimulatedGateway())
        append_only(TimelineEntry._meta.db_table)
        reactions.subscribe()
        cards.register()
        personal.register()
        for role in (Role.SUPPORT, Role.FINANCE):
            grant_view(role, "remote_sessions", "remotesession")
        grant(
            Role.SUPPORT,
            "remote_sessions.start_remotesession", "remote_sessions.stop_remotesession",
            "remote_sessions.attach_remotesession",
        )  # fmt: skip
        grant(Role.FINANCE, "remote_sessions.settle_remotesession")
