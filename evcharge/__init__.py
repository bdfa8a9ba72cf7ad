"""The project package: settings, addresses and processes, nothing else."""

from evcharge.celery import app as celery_app

__all__ = ["celery_app"]
