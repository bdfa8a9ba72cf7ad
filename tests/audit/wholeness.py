"""Whether the trail tells of each change of each record, and of nothing else.

Compares the rows of all audited models with their versions and their entries: each version has
its one entry, which names exactly the fields in which the version differs from the one before it,
with their values; the newest version says what the row says. A write that passed by the trail, an
entry too many, a field too many: each is a fault.
"""

import json
from collections import Counter, defaultdict

from django.db import connection, models

from apps.audit import diff
from apps.audit.models import Entry
from apps.audit.personal import ERASED
from tests.audit.inventory import audited_models

EMPTY = (None, "", [], {})


def faults():
    """What is wrong, in words."""
    told = defaultdict(list)
    for entry in Entry.objects.order_by("pk"):
        told[entry.object_type].append(entry)
    counts = _counts()
    found = []
    for model in audited_models():
        label = model._meta.label_lower
        if any(counts[label]) or told[label]:
            found += _faults_of(model, told[label])
    return found


def _counts():
    """Rows and versions of each model, by one query."""
    selects = [
        f"SELECT '{m._meta.label_lower}', (SELECT count(*) FROM {m._meta.db_table}), "
        f"(SELECT count(*) FROM {m.history.model._meta.db_table})"
        for m in audited_models()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects))
        return {label: (rows, versions) for label, rows, versions in cursor.fetchall()}


def _faults_of(model, entries):
    told, versions = defaultdict(list), defaultdict(list)
    for entry in entries:
        told[entry.object_id].append(entry)
    for version in model.history.model.objects.order_by("pk"):
        versions[str(version.id)].append(version)
    for row in model._base_manager.all():
        story = Story(row, versions.pop(str(row.pk), []), told.pop(str(row.pk), []))
        yield from (f"{model._meta.label} {row.pk}: {fault}" for fault in story.faults())
    for gone in versions:
        yield f"{model._meta.label} {gone}: has versions, but is not there"


class Story:
    """One record, its versions and its entries, each from the first."""

    def __init__(self, row, versions, entries):
        self.row, self.model = row, type(row)
        self.versions, self.entries = versions, entries
        left_out = self.model.audit_left_out()
        self.fields = [f for f in diff.tracked_fields(self.model) if f.name not in left_out]
        self.names = {field.name for field in diff.tracked_fields(self.model)}

    def faults(self):
        if not self.versions:
            yield "was written without a version"
            return
        by_change = defaultdict(list)
        for entry in self.entries:
            by_change[entry.recorded_at, entry.activity].append(entry)
        before = None
        for version in self.versions:
            at = version.history_date, version.activity
            if not by_change[at]:
                yield f"the version {version.activity!r} has no entry"
            else:
                yield from self._compare(before, version, by_change[at].pop(0))
            before = version
        yield from self._of_row()
        for entry in (entry for rest in by_change.values() for entry in rest):
            if self.names & {*entry.before, *entry.after}:
                yield f"the entry {entry.activity!r} has no version"

    def _of_row(self):
        """The newest version against the row."""
        newest = self.versions[-1]
        for field in self.fields:
            ours = _value(field, newest)
            if ERASED not in (ours, _value(field, self.row)) and ours != _value(field, self.row):
                yield f"{field.name} was changed without a version"

    def _compare(self, before, version, entry):
        same = ("actor_kind", "actor_id", "request_id")
        if any(getattr(entry, name) != getattr(version, name) for name in same):
            yield f"entry and version of {entry.activity!r} name different actors"
        if before is None:
            yield from self._compare_created(version, entry)
            return
        if set(entry.before) != set(entry.after) or not entry.after:
            yield f"{entry.activity!r} tells {sorted(entry.before)} and then {sorted(entry.after)}"
        changed = {f.name for f in self.fields if _value(f, before) != _value(f, version)}
        versioned = {field.name for field in self.fields}
        erased = {n for n in changed | set(entry.after)
                  if ERASED in (entry.after.get(n), entry.before.get(n))}  # fmt: skip
        if (set(entry.after) & versioned) - erased != changed - erased:
            yield f"{entry.activity!r} changed {sorted(changed)}, tells {sorted(entry.after)}"
        for field in self.fields:
            for values, told in ((before, entry.before), (version, entry.after)):
                if field.name in told and told[field.name] != ERASED:
                    yield from _same(field, _value(field, values), told[field.name], entry)

    def _compare_created(self, version, entry):
        if entry.before != {}:
            yield f"{entry.activity!r} made it, and tells of something before"
        values = {field.name: _value(field, version) for field in self.fields}
        filled = {name for name, value in values.items() if value not in EMPTY}
        if filled != set(entry.after) & set(values):
            yield f"{entry.activity!r} made it with {sorted(filled)}, tells {sorted(entry.after)}"


def _value(field, record):
    """As entries tell it; versions keep personal values of any type as text or JSON."""
    value = getattr(record, field.attname)
    if value == ERASED:
        return value
    if isinstance(value, str) and not isinstance(field, models.CharField | models.TextField):
        value = json.loads(value) if isinstance(field, models.JSONField) else field.to_python(value)
    return None if value in EMPTY else diff.plain(value)


def _same(field, ours, told, entry):
    if ours != told and not (ours in EMPTY and told in EMPTY):
        yield f"{entry.activity!r} tells {field.name}={told!r}, the version says {ours!r}"


def newest_entries(count):
    """How many entries each record got beyond the first `count` entries."""
    entries = Entry.objects.order_by("pk")[count:]
    return Counter((entry.object_type, entry.object_id) for entry in entries)
