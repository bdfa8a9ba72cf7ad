"""The tariff book: tariffs with their versions, and notes to drivers."""

from apps.tariffs.models.note import TariffNote
from apps.tariffs.models.tariff import Tariff, TariffVersion

__all__ = ["Tariff", "TariffNote", "TariffVersion"]
