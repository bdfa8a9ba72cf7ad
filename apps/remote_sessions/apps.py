from django.apps import AppConfig


class RemoteSessionsConfig(AppConfig):
    name = "apps.remote_sessions"
    verbose_name = "Remote sessions"

    def ready(self) -> None:
        from apps.cdrs.arrivals import register_listener
        from apps.core.triggers import append_only
        from apps.remote_sessions import reactions
        from apps.remote_sessions.models import TimelineEntry
        from apps.remote_sessions.services.arrivals import Listener

        register_listener(Listener())
        append_only(TimelineEntry._meta.db_table)
        reactions.subscribe()
