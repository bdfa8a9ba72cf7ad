"""Seals: chained proofs of which entries there were."""

from django.db import models


class Unsealed(models.Model):
    """An entry that waits for its seal; comes with the entry's transaction, goes with the seal's.

    Ids and times don't follow the order of commits: only this tells what is not sealed yet.
    """

    entry_id = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return str(self.entry_id)


class Seal(models.Model):
    """A keyed hash over a set of entries and over the seal before it. Insert-only."""

    number = models.PositiveBigIntegerField(primary_key=True, help_text="From 1, without gaps.")
    sealed_at = models.DateTimeField()
    entries = models.PositiveIntegerField(help_text="How many entries it seals.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of their ids and hashes.")
    previous = models.CharField(max_length=64, blank=True, help_text="The hash before it.")
    hash = models.CharField(max_length=64)
    key_id = models.CharField("key", max_length=8)

    def __str__(self) -> str:
        return f"Seal {self.number}"


class SealedEntry(models.Model):
    """Which seal an entry is under. Insert-only."""

    entry_id = models.UUIDField(primary_key=True)
    seal_number = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "sealed entries"
        indexes = [models.Index(fields=["seal_number", "entry_id"], name="sealed_entries_of_seal")]

    def __str__(self) -> str:
        return f"{self.entry_id} under seal {self.seal_number}"
