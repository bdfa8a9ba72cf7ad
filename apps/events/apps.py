from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "apps.events"
    verbose_name = "Events"

    def ready(self) -> None:
        from apps.core.job_names import name_jobs
        from apps.core.triggers import frozen_when
        from apps.events import personal
        from apps.events.models import Event

        name_jobs(
            {
                "apps.events.tasks.relay_events": "Event relay",
            }
        )

        frozen_when(
            Event._meta.db_table, "1 = 1",
            "id", "type", "aggregate_type", "aggregate_id", "sequence", "provider_id", "data",
            "occurred_at", message="events_event: an event keeps what it says",
        )  # fmt: skip
        personal.register()
