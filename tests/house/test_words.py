"""Words that people read: abbreviations as the field spells them, jobs by their names."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.test import RequestFactory

from apps.accounts.models import User
from apps.audit.context import Actor
from apps.core.job_names import job_name
from apps.core.models import JobRun
from evcharge.celery import app

# Not within the name of an event or of a kind of record, as in "cdr.status.accepted".
MISSPELT = re.compile(
    r"(?<![\w./])(?:cdrs?|evses?|vat|psp|ocpi|url|pdf|xml|kwh)(?![\w.*])", re.IGNORECASE
)
RIGHT = {"CDR", "CDRs", "EVSE", "EVSEs", "VAT", "PSP", "OCPI", "URL", "PDF", "XML", "kWh"}


def wrong_words(text: object) -> list[str]:
    found = [word for word in MISSPELT.findall(str(text)) if word not in RIGHT]
    return found + re.findall(r"\w*uthoris\w*", str(text))


def texts_of_models() -> Iterator[tuple[str, str]]:
    for model in apps.get_models():
        if not model.__module__.startswith("apps."):
            continue
        yield model._meta.label, f"{model._meta.verbose_name} {model._meta.verbose_name_plural}"
        for field in model._meta.get_fields():
            if field.auto_created:
                continue
            where = f"{model._meta.label}.{field.name}"
            yield where, str(getattr(field, "verbose_name", ""))
            yield where, str(getattr(field, "help_text", ""))
            for _, label in getattr(field, "flatchoices", None) or ():
                yield where, str(label)


def labels_of_screens() -> Iterator[tuple[str, str]]:
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    for model, screen in admin.site._registry.items():
        if not model.__module__.startswith("apps."):
            continue
        # What is written into is a field of the model, with its own label.
        for name in (*screen.get_list_display(request), *screen.get_readonly_fields(request)):
            yield f"{model._meta.label} {name}", str(label_for_field(name, model, screen))


def test_a_wrong_word_is_found() -> None:
    assert wrong_words("the Cdr and its Vat, authorised") == ["Cdr", "Vat", "authorised"]
    assert wrong_words("CDR in kWh, cdr.status.accepted") == []


@pytest.mark.django_db
def test_labels_spell_abbreviations_as_the_field_does() -> None:
    texts = [*texts_of_models(), *labels_of_screens()]
    assert [(where, text) for where, text in texts if wrong_words(text)] == []


def test_every_job_has_a_name_for_people() -> None:
    app.loader.import_default_modules()
    tasks = [name for name in app.tasks if name.startswith("apps.")]
    assert len(tasks) > 15
    assert [name for name in tasks if job_name(name) == name] == []


def test_a_task_acts_under_its_name_for_people() -> None:
    actor = Actor.job("apps.roaming.tasks.receive_cdrs")
    assert (actor.id, actor.label) == ("apps.roaming.tasks.receive_cdrs", "CDR intake")
    assert Actor.job("manage.py run_invoices").label == "manage.py run_invoices"


@pytest.mark.django_db
def test_job_runs_are_listed_and_filtered_by_their_names(admin_client) -> None:
    from django.utils import timezone

    for job in ("audit.seal", "remote_sessions.update_statuses"):
        JobRun.objects.create(job=job, started_at=timezone.now(), counts={"SET_ASIDE": 1})

    text = admin_client.get("/admin/core/jobrun/?job=audit.seal").content.decode()

    assert "Sealing of the audit trail" in text
    assert "Remote session job" in text  # as a choice of the filter
    assert text.count("1 set aside") == 1
