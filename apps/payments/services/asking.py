"""Having the PSP asked as soon as the transaction is committed."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.payments import tasks
from apps.payments.models import Payment


def ask_psp(payments: Sequence[Payment], *, now: datetime) -> None:
    """Have the PSP asked after commit; the minute job asks again when this is lost."""
    ids = [payment.pk for payment in payments]
    if not ids:
        return
    Payment.objects.filter(pk__in=ids).update(attempts=0, next_attempt_at=now)
    texts = [str(pk) for pk in ids]
    transaction.on_commit(lambda: tasks.settle_payments.delay(texts), robust=True)
