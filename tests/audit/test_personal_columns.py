"""Columns that protect themselves do so by whatever door they are written."""

import pytest
from django.db import models

from apps.audit.fields import ProtectsItself
from apps.cdrs.models import CDR
from tests.audit.database_dump import columns_with
from tests.audit.inventory import audited_models
from tests.audit.records import make

pytestmark = pytest.mark.django_db

# The database refuses to change what a CDR was made of.
NEVER_CHANGED = {(CDR, "raw")}
COLUMNS = [
    (model, field.name)
    for model in audited_models()
    for field in model._meta.concrete_fields
    if isinstance(field, ProtectsItself) and (model, field.name) not in NEVER_CHANGED
]


def test_texts_and_json_are_among_them():
    fields = {type(model._meta.get_field(name)).__name__ for model, name in COLUMNS}
    assert fields == {"PersonalMessageField", "PersonalJSONField"}


@pytest.mark.parametrize(
    ("model", "name"), COLUMNS, ids=lambda each: getattr(each, "__name__", each)
)
def test_bulk_update_keeps_them_protected(model, name):
    record = make(model)
    assert record.audit_person_id(), "somebody whose column it is"
    is_json = isinstance(model._meta.get_field(name), models.JSONField)
    value = [{"told": "Quastenbrink"}] if is_json else "Quastenbrink"
    setattr(record, name, value)
    assert model.objects.bulk_update([record], [name]) == 1
    assert getattr(model.objects.get(pk=record.pk), name) == value
    assert columns_with(["Quastenbrink"]) == {}
