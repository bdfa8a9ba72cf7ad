"""The trail: entries and their seals, the keys of persons, and the base of audited records."""

from apps.audit.change import Change, change_of
from apps.audit.errors import DeletionRefused, UnauditedWrite
from apps.audit.models.entries import Entry
from apps.audit.models.persons import PersonKey
from apps.audit.models.querysets import AuditedQuerySet
from apps.audit.models.records import AuditedModel
from apps.audit.models.seals import Seal, SealedEntry, Unsealed

__all__ = [
    "AuditedModel",
    "AuditedQuerySet",
    "Change",
    "DeletionRefused",
    "Entry",
    "PersonKey",
    "Seal",
    "SealedEntry",
    "UnauditedWrite",
    "Unsealed",
    "change_of",
]
