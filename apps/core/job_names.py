"""What background jobs are called on staff screens; each app names its own in AppConfig.ready()."""

from collections.abc import Mapping

_names: dict[str, str] = {}


def name_jobs(names: Mapping[str, str]) -> None:
    """By the names of tasks and of job runs, for example {"audit.seal": "Seals of the trail"}."""
    _names.update(names)


def job_name(job: str) -> str:
    """What people call the job; one without a name of its own keeps that of the code."""
    return _names.get(job, job)
