"""Columns of money."""

from django.db import models


class Money(models.DecimalField):
    """An amount in the currency's minor unit; at most 3 decimals (ISO 4217)."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 3)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
