"""What the dashboard says about remote sessions and the job that watches them."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.timesince import timesince

from apps.core.dashboard import Card, Section, Tone, register_card
from apps.core.models import JobRun
from apps.core.paginator import display_count
from apps.remote_sessions.job.runner import JOB
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.states import State

# The job runs each minute; after this long without one somebody should look.
SILENT = timedelta(minutes=5)


def register() -> None:
    """Called in RemoteSessionsConfig.ready()."""
    permission = "remote_sessions.view_remotesession"
    register_card("remote_sessions.errors", permission=permission, section=Section.WORK,
                  build=gone_wrong)  # fmt: skip
    register_card("remote_sessions.stuck", permission=permission, section=Section.WORK,
                  build=waits_for_staff)  # fmt: skip
    register_card("remote_sessions.running", permission=permission, section=Section.FLOW,
                  build=running)  # fmt: skip
    register_card("remote_sessions.job", permission=permission, section=Section.SYSTEM,
                  build=last_run)  # fmt: skip


def _list(query: str) -> str:
    return f"{reverse('admin:remote_sessions_remotesession_changelist')}?{query}"


def gone_wrong(now: datetime) -> Card:
    """Those that wait for a CDR that may need a person to ask for it."""
    count = display_count(RemoteSession.objects.filter(state=State.ERROR))
    return Card(
        "Remote sessions gone wrong", count, "Their CDR is still looked for.",
        link=_list("state__exact=ERROR"), icon="bolt",
        tone=Tone.GOOD if count == "0" else Tone.WARNING,
    )  # fmt: skip


def waits_for_staff(now: datetime) -> Card | None:
    """Captures that the job has given up on; the blocked money is not blocked for ever."""
    stuck = RemoteSession.objects.filter(settlement=RemoteSession.Settlement.STUCK)
    count = display_count(stuck)
    if count == "0":
        return None
    return Card(
        "Charges without a capture", count, "Each says what it waits for; settle or close it.",
        link=_list("settlement__exact=STUCK"), icon="credit_card_clock", tone=Tone.WARNING,
    )  # fmt: skip


def running(now: datetime) -> Card:
    """Charges that drivers started through us and that go on now."""
    open_ones = RemoteSession.objects.watched().exclude(state=State.ERROR)
    return Card(
        "Remote sessions under way", display_count(open_ones),
        "Started by drivers at other companies' stations.",
        link=_list("state__exact=ACTIVE"), icon="ev_station",
    )  # fmt: skip


def last_run(now: datetime) -> Card:
    """What the minute job did last."""
    run = JobRun.objects.filter(job=JOB).order_by("-started_at").first()
    if run is None:
        return Card("Remote session job", "never ran", "Start a worker and a beat.",
                    tone=Tone.BAD, icon="update")  # fmt: skip
    bad = run.outcome == JobRun.Outcome.FAILED or now - run.started_at > SILENT
    return Card(
        "Remote session job", f"{timesince(run.started_at, now)} ago",
        f"{run.get_outcome_display()}: {run.in_words() or 'nothing was open'}.",
        link=f"{reverse('admin:core_jobrun_changelist')}?job={JOB}", icon="update",
        tone=Tone.BAD if bad else Tone.GOOD,
    )  # fmt: skip
