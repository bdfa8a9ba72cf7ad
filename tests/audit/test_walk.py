"""A walk over every audited model and every record of the project: one entry per change, none per
no-op, and no model that is forgotten. New apps are walked as they come."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils import timezone

from apps.audit import diff
from apps.audit.context import Actor, acting
from apps.audit.errors import DeletionRefused, UnauditedWrite
from apps.audit.models import AuditedModel, Entry
from apps.core.errors import DomainError
from apps.core.triggers import _registry
from tests.audit.inventory import audited_models
from tests.audit.records import make


def label(model):
    return model._meta.label


def another(field, value):
    """A value the field may have instead; None when there is no telling."""
    if field.choices or field.unique or field.remote_field or field.name in ("id", "provider"):
        return None
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.CharField) and not field.validators[1:]:
        return "walk" if (field.max_length or 99) >= 4 else None
    if isinstance(field, models.TextField):
        return "walked"
    if isinstance(field, models.DecimalField) and isinstance(value, Decimal):
        return value + 1
    if isinstance(field, models.DateTimeField):
        return (value or timezone.now()) + timedelta(minutes=1)
    return None


def change_something(record):
    """Set one field to another value that the record accepts; its name, None when there is none."""
    for field in diff.tracked_fields(type(record)):
        if field.name in record.audit_secret:
            continue
        old = getattr(record, field.attname)
        new = another(field, old)
        if new is None or new == old:
            continue
        setattr(record, field.attname, new)
        try:
            record.check_change({f.attname: getattr(record, f.attname) if f is not field else old
                                 for f in record._meta.concrete_fields}, [field])  # fmt: skip
            record.full_clean(exclude=record.audit_secret)
        except (DomainError, ValidationError):
            setattr(record, field.attname, old)
            continue
        return field.name
    return None


@pytest.mark.django_db
@pytest.mark.parametrize("model", audited_models(), ids=label)
def test_each_write_leaves_one_entry_and_each_no_op_none(model):
    with acting(Actor.job("walker")):
        record = model._base_manager.get(pk=make(model).pk)
        story = Entry.objects.story_of(record)
        [created] = [entry for entry in story.all() if entry.before == {}]
        assert (created.actor_label, bool(created.after)) == ("walker", True)
        told, versions = story.count(), record.history.count()
        record.save()
        model.objects.bulk_update([record], [f.name for f in diff.tracked_fields(model)
                                             if not f.primary_key])  # fmt: skip
        assert (story.count(), record.history.count()) == (told, versions)
        name = change_something(record)
        assert name, f"{label(model)}: another() knows no value that any of its fields may have"
        record.save()
        assert (story.count(), record.history.count()) == (told + 1, versions + 1)
        newest = story.first()
        assert list(newest.after) == list(newest.before) == [name]
        record.save()
        assert story.count() == told + 1


@pytest.mark.django_db
@pytest.mark.parametrize("model", audited_models(), ids=label)
def test_no_way_around_the_trail(model):
    field = next(f for f in diff.tracked_fields(model) if not f.primary_key)
    with pytest.raises((UnauditedWrite, DomainError)):
        model.objects.update(**{field.name: None})
    with pytest.raises((DeletionRefused, DomainError)):
        model.objects.all().delete()
    with pytest.raises((UnauditedWrite, DomainError)):
        model.objects.bulk_create([], ignore_conflicts=True)


@pytest.mark.parametrize("model", audited_models(), ids=label)
def test_versions_are_append_only_and_hold_no_secret(model):
    table = model.history.model._meta.db_table
    assert {t.operation for t in _registry.values() if t.table == table} >= {"UPDATE", "DELETE"}
    for name in model.audit_secret:
        with pytest.raises(FieldDoesNotExist):
            model.history.model._meta.get_field(name)


@pytest.mark.parametrize("model", audited_models(), ids=label)
def test_fields_that_look_secret_are_declared_so(model):
    suspicious = ("password", "secret", "private_key", "api_key")
    names = {f.name for f in model._meta.concrete_fields if any(s in f.name for s in suspicious)}
    assert names <= set(model.audit_secret)


@pytest.mark.django_db
def test_each_audited_admin_page_opens_with_its_story(admin_client):
    for model in admin.site._registry:
        if issubclass(model, AuditedModel):
            record = make(model)
            page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{record.pk}"
            assert admin_client.get(f"{page}/history/").status_code == 200, page
