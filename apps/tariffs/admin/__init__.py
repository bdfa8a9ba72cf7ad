"""Staff screens of the tariff book."""

from apps.tariffs.admin import notes, tariffs

__all__ = ["notes", "tariffs"]
