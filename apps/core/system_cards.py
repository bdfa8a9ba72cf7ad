"""What the dashboard says about the system itself."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.timesince import timesince

from apps.core.dashboard import Card, Section, Tone, register_card
from apps.core.models import Heartbeat, JobRun
from apps.core.paginator import display_count


def register() -> None:
    """Called in CoreConfig.ready()."""
    register_card(
        "core.beat", permission="core.view_jobrun", section=Section.SYSTEM, build=last_beat
    )
    register_card(
        "core.failed_jobs", permission="core.view_jobrun", section=Section.SYSTEM, build=failed_jobs
    )


def last_beat(now: datetime) -> Card:
    """Whether beat and a worker are running."""
    beat = Heartbeat.objects.filter(name="beat").first()
    if beat is None:
        return Card(
            "Background jobs", "never seen", "Start a worker and a beat.",
            tone=Tone.BAD, icon="heart_broken",
        )  # fmt: skip
    late = now - beat.seen_at > timedelta(seconds=settings.BEAT_MAX_AGE)
    return Card(
        "Background jobs", "stopped" if late else "running",
        f"Last sign of life {timesince(beat.seen_at, now)} ago.",
        tone=Tone.BAD if late else Tone.GOOD, icon="monitor_heart",
    )  # fmt: skip


def failed_jobs(now: datetime) -> Card:
    """Jobs that failed since yesterday."""
    failed = JobRun.objects.filter(
        outcome=JobRun.Outcome.FAILED, started_at__gte=now - timedelta(days=1)
    )
    count = display_count(failed)
    return Card(
        "Failed job runs", count, "In the last 24 hours.",
        link=reverse("admin:core_jobrun_changelist") + "?outcome__exact=FAILED",
        tone=Tone.GOOD if count == "0" else Tone.BAD, icon="schedule",
    )  # fmt: skip
