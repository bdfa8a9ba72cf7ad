"""manage.py publish_kept_locations: peers' locations are published anew as they were sent."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.roaming.services.locations import publish_kept_locations


class Command(BaseCommand):
    help = (
        "Read the locations that connected peers sent once more. Needed once after an update from "
        "a version that showed locations which their operators don't want to be published; "
        "harmless at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        counts = publish_kept_locations()
        self.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items()))
