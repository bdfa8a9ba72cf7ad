"""manage.py enter_kept_tariffs: peers' tariffs from before the tariff book go into it."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.roaming.services.tariff_book import enter_kept_tariffs


class Command(BaseCommand):
    help = (
        "Bring the tariffs that connected peers sent into the tariff book, in force from their "
        "start or from now. Needed once after an update from a version without the book; harmless "
        "at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        counts = enter_kept_tariffs(now=timezone.now())
        self.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items()))
