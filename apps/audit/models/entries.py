"""One entry per change."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, ClassVar

from django.db import connections, models, transaction
from django.db.models.functions import Cast

from apps.audit import sealing
from apps.audit.context import ActorKind
from apps.audit.fields import CanonicalJSONField, PersonalTextField
from apps.audit.models.seals import Unsealed
from apps.audit.personal import load_keys, persons_in
from apps.core.ids import new_id
from apps.core.inserting import insert_many, insert_together

_QUEUE = 'INSERT INTO "audit_unsealed" ("entry_id") VALUES '


class EntryQuerySet(models.QuerySet[Any]):
    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's; each entry gets its hash and waits to be sealed."""
        entries = list(objs)
        for entry in entries:
            entry.sign()
        with transaction.atomic(using=self.db, savepoint=False):
            insert_many(entries, using=self.db)
            created = entries
            for start in range(0, len(created), 500):
                _queue_for_seal(self.db, created[start : start + 500])
        return created

    def load_keys_of(self, ids: list[Any]) -> None:
        """Fetch the keys of all people in these entries at once, before they are read."""
        columns = (
            "object_label", "actor_label", "before", "after", "reason", "source_address",
        )  # fmt: skip
        stored = self.filter(pk__in=ids).annotate(
            **{f"stored_{name}": Cast(name, models.TextField()) for name in columns}
        )
        rows = stored.values_list(*(f"stored_{name}" for name in columns))
        load_keys(persons_in(text for row in rows for text in row if text))

    def story_of(self, record: models.Model) -> "EntryQuerySet":
        """The entries of one record, newest first."""
        return self.filter(
            object_type=record._meta.label_lower, object_id=str(record.pk)
        ).order_by("-recorded_at", "-id")  # fmt: skip


class Entry(models.Model):
    """One change of one record: who, how, why, before and after. Never changed, never deleted.

    Holds ids, kinds and labels, no foreign keys, so that it outlives what it tells of. `hash` is
    keyed with AUDIT_SEAL_KEY; `key_id` names the key.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recorded_at = models.DateTimeField("time")
    activity = models.CharField(max_length=200)
    object_type = models.CharField("kind of record", max_length=100)
    object_id = models.CharField("record id", max_length=100)
    object_label = PersonalTextField("record", blank=True)
    before: Any = CanonicalJSONField(default=dict)
    after: Any = CanonicalJSONField(default=dict)
    reason = PersonalTextField(blank=True)
    actor_kind = models.CharField(max_length=10, choices=[(k, k.title()) for k in ActorKind])
    actor_id = models.CharField(max_length=100)
    actor_label = PersonalTextField("by")
    provider_id = models.UUIDField("provider", null=True, blank=True)
    account_id = models.UUIDField("account", null=True, blank=True)
    request_id = models.CharField("request", max_length=100, blank=True)
    url = models.CharField("URL", max_length=2000, blank=True, help_text="Without secrets.")
    method = models.CharField(max_length=10, blank=True)
    route = models.CharField("route prefix", max_length=300, blank=True)
    path = models.CharField("path", max_length=1000, blank=True, help_text="Ids by their names.")
    source_address = PersonalTextField(blank=True)
    hash = models.CharField(max_length=64, editable=False, default="")
    key_id = models.CharField("key", max_length=8, editable=False, default="")

    objects: ClassVar[Any] = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="entry_story_of_object"),
            models.Index(fields=["actor_kind", "actor_id"], name="entry_by_actor"),
            models.Index(fields=["recorded_at"], name="entry_by_time"),
            models.Index(fields=["request_id"], name="entry_by_request"),
            models.Index(fields=["provider_id", "recorded_at"], name="entry_by_provider"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(actor_kind__in=[str(kind) for kind in ActorKind])
                & ~models.Q(actor_id="")
                & ~models.Q(actor_label=""),
                name="entry_names_its_actor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.activity} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Written once, with its hash; waits to be sealed from the same transaction on."""
        self.insert_with()

    def insert_with(self, *others: models.Model) -> None:
        """As save(), together with rows of other tables."""
        self.sign()
        insert_together(*others, self, Unsealed(entry_id=self.pk))

    def sign(self) -> None:
        """Give the entry its keyed hash, over what the database will hold."""
        self.key_id = sealing.current_key_id()
        self.hash = sealing.entry_hash(_stored_texts(self), key_id=self.key_id)


def _stored_texts(entry: Entry) -> list[str]:
    row = entry.__dict__
    return [
        value
        if type(value := row[name]) is str
        else sealing.as_text(value, exact=isinstance(value, dict | list))
        for name in _hashed_names()
    ]


@cache
def _hashed_names() -> tuple[str, ...]:
    return tuple(field.attname for field in sealing.hashed_fields(Entry))


def _queue_for_seal(using: str, entries: Sequence[Any]) -> None:
    connection = connections[using]
    column = models.UUIDField()
    values = [column.get_db_prep_value(entry.pk, connection) for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE + ", ".join(["(%s)"] * len(values)), values)
