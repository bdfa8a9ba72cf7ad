"""manage.py add_simulated_stations: the stations of the simulated operator become known."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.remote_sessions.simulated.stations import add_simulated_stations


class Command(BaseCommand):
    help = "Add the simulated operator, its locations and EVSEs; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{add_simulated_stations()} is known.")
