"""The keys under which personal values are kept in everything that can't be changed."""

from django.db import models


class PersonKey(models.Model):
    """The key of one person (an account, a user, a contract). Without it their values in
    versions, entries, events and kept messages can't be read any more.

    Not wrapped by a further key: the living records of the person stand in the same database in
    plain text, and destroying means that these bytes go.
    """

    person_id = models.UUIDField(primary_key=True)
    key = models.BinaryField(null=True, help_text="32 bytes; none once destroyed.")
    created_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key__isnull=False, destroyed_at=None)
                | models.Q(key=None, destroyed_at__isnull=False),
                name="person_key_or_its_end",
            ),
        ]

    def __str__(self) -> str:
        return f"key of {self.person_id}"
