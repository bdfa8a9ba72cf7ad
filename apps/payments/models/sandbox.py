"""The book of the sandbox PSP: what a real one would keep on its side."""

from django.db import models

from apps.core.models import BaseModel
from apps.payments.models.money import Money


class SandboxPayment(BaseModel):
    """A payment as the sandbox sees it; `captures` counts how often money was really taken."""

    status = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    amount = Money()
    captured = Money(default=0)
    refunded = Money(default=0)
    captures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"sandbox {self.pk} {self.status}"


class SandboxAnswer(models.Model):
    """The answer given to an idempotency key; the same key gets the same answer."""

    key = models.CharField(max_length=200, primary_key=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.PROTECT, related_name="answers")

    def __str__(self) -> str:
        return self.key
