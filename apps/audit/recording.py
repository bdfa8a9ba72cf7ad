"""Makes the entries: what changed, of which record, by whom, through which door."""

from copy import copy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.audit import diff
from apps.audit.change import Change
from apps.audit.context import Actor, ActorKind, as_uuid
from apps.audit.models.entries import Entry
from apps.audit.personal import Keyring, protect


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose story an entry belongs to.

    `person_id` protects the label when it names a person, `owner_id` the reason, which may.
    """

    type: str
    id: str
    label: str
    person_id: UUID | None = None
    owner_id: UUID | None = None
    provider_id: Any = None
    account_id: Any = None


def subject_of(record: Any, change: Change) -> Subject:
    """The subject of an audited record's entry."""
    return Subject(
        type=record._meta.label_lower,
        id=str(record.pk),
        label=record.audit_label(),
        person_id=record.audit_person_id() if record.audit_personal_label else None,
        owner_id=record.audit_person_id() if change.reason else None,
        provider_id=record.audit_provider_id(),
        account_id=record.audit_account_id(),
    )


def person_of(actor: Actor) -> UUID | None:
    """A user is a person; credentials and jobs are none."""
    return as_uuid(actor.id) if actor.kind is ActorKind.USER else None


def changed_entry(
    record: Any,
    change: Change,
    *,
    fields: list[diff.AnyField],
    before: dict[str, Any],
    keys: Keyring,
) -> Entry:
    """The unsaved entry of a record that got new values in `fields`; `before` are the old ones."""
    after = {field.attname: getattr(record, field.attname) for field in fields}
    return entry_of(
        subject_of(record, change), change, keys=keys,
        before=_protected(
            _as_before(record, before, fields), diff.values(type(record), fields, before), keys
        ),
        after=_protected(record, diff.values(type(record), fields, after), keys),
    )  # fmt: skip


def _as_before(record: Any, before: dict[str, Any], fields: list[diff.AnyField]) -> Any:
    """The record as it was: old values are those of whoever it named then."""
    if not record.audit_personal:
        return record
    earlier = copy(record)
    earlier.__dict__.update({field.attname: before[field.attname] for field in fields})
    return earlier


def created_entry(record: Any, change: Change, *, keys: Keyring) -> Entry:
    """The unsaved entry of a new record: all its values, without the empty ones."""
    fields = diff.tracked_fields(type(record))
    row = {field.attname: getattr(record, field.attname) for field in fields}
    after = {
        name: value
        for name, value in diff.values(type(record), fields, row).items()
        if value not in (None, "", [], {})
    }
    return entry_of(
        subject_of(record, change), change, keys=keys, before={},
        after=_protected(record, after, keys),
    )  # fmt: skip


def entry_of(
    subject: Subject,
    change: Change,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
    keys: Keyring | None = None,
) -> Entry:
    """The unsaved entry of a change of any subject."""
    context, actor = change.context, change.actor
    values: Any = {"before": before, "after": after}
    return Entry(
        **values,
        recorded_at=change.now,
        activity=change.activity,
        object_type=subject.type[:100],
        object_id=subject.id[:100],
        object_label=protect(_clean(subject.label)[:200], subject.person_id, keys),
        reason=protect(change.reason, subject.owner_id, keys),
        actor_kind=actor.kind,
        actor_id=actor.id[:100],
        actor_label=protect(_clean(actor.label)[:200], person_of(actor), keys),
        provider_id=subject.provider_id,
        account_id=subject.account_id,
        request_id=context.request_id[:100],
        url=_clean(context.url)[:2000],
        method=context.method[:10],
        route=context.route[:300],
        path=_clean(context.path)[:1000],
        source_address=protect(context.source_address[:45], _sits_at(subject, actor), keys),
    )


def _sits_at(subject: Subject, actor: Actor) -> UUID | None:
    """Whose address a request came from: the user's; before a login, that of whom it is about.

    A credential's address is a partner's server.
    """
    return subject.person_id if actor.kind is ActorKind.JOB else person_of(actor)


def _clean(text: str) -> str:
    """PostgreSQL holds no NUL, which a URL may bring."""
    return text.replace("\x00", "")


def _protected(record: Any, values: dict[str, Any], keys: Keyring) -> dict[str, Any]:
    person_id = record.audit_person_id()
    return {
        name: protect(value, person_id, keys) if name in record.audit_personal else value
        for name, value in values.items()
    }


def persons_of(record: Any, change: Change) -> set[UUID | None]:
    """Whose keys the version and the entry of a record need."""
    own = record.audit_person_id() if record.audit_personal or change.reason else None
    return {own, person_of(change.actor)}


def write(entries: list[Entry]) -> None:
    """Save entries, in bulk when there are many."""
    if len(entries) == 1:
        entries[0].save()
    elif entries:
        Entry.objects.bulk_create(entries, batch_size=500)
