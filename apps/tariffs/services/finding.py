"""Which tariffs price a charge: looked up once for many charges."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core.errors import DomainError
from apps.tariffs.models import TariffVersion
from apps.tariffs.ocpi.tariffs import prepare_tariff
from apps.tariffs.tariff import PreparedTariff

MOST_KEPT = 2_000


class TariffBook:
    """The tariffs of some operators and providers, prepared at their first use and then kept.

    One query when it is made. `prepare` does the same for tariffs that CDRs carry with them.
    """

    def __init__(self, *, operators: Iterable[UUID] = (), providers: Iterable[UUID] = ()) -> None:
        self._of_operator: dict[UUID, list[TariffVersion]] = defaultdict(list)
        self._of_provider: dict[UUID, list[TariffVersion]] = defaultdict(list)
        self._prepared: dict[str, PreparedTariff] = {}
        self._load(set(operators), set(providers))

    def _load(self, operators: set[UUID], providers: set[UUID]) -> None:
        versions = (
            TariffVersion.objects.standing().select_related("tariff").order_by("-active_from")
        )
        found = versions.filter(tariff__operator__in=operators) | versions.filter(
            tariff__provider__in=providers
        )
        for version in found:
            tariff = version.tariff
            if tariff.operator_id is not None:
                self._of_operator[tariff.operator_id].append(version)
            else:
                self._of_provider[tariff.provider_id].append(version)

    def of_operator(
        self, operator: UUID | None, *, at: datetime, named: set[str]
    ) -> list[PreparedTariff]:
        """The operator's tariffs in force at this moment that a CDR names by their ids; when it
        names none, the only one there is. Tariffs that can't be read are left out."""
        if operator is None:
            return []
        wanted = {name.upper() for name in named}
        versions = [each for each in self._of_operator[operator] if is_in_force(each, at)]
        if wanted:
            versions = [each for each in versions if each.tariff.tariff_id.upper() in wanted]
        elif len(versions) > 1:
            return []
        return self._prepare_all(versions)

    def in_force(self, operator: UUID, *, at: datetime) -> list[TariffVersion]:
        """All of the operator's versions in force at this moment, in the order of their ids."""
        found = [each for each in self._of_operator[operator] if is_in_force(each, at)]
        return sorted(found, key=lambda version: version.tariff.tariff_id)

    def of_provider(
        self, provider: UUID | None, *, operator: UUID | None, at: datetime
    ) -> TariffVersion | None:
        """What the provider's drivers pay at this operator: the tariff for it, else the general
        one; the newest where there are several."""
        if provider is None:
            return None
        versions = [each for each in self._of_provider[provider] if is_in_force(each, at)]
        for place in (operator, None):
            for version in versions:
                if version.tariff.at_operator_id == place:
                    return version
        return None

    def prepare_version(self, version: TariffVersion) -> PreparedTariff:
        """The version compiled for pricing, once. Raises the errors of prepare_tariff."""
        return self._keep(f"{version.pk}", version.content, version.ocpi_version)

    def prepare(self, raw: object, version: str) -> PreparedTariff:
        """A tariff that a CDR carries, compiled once for all CDRs that carry the same."""
        key = f"{version}{json.dumps(raw, sort_keys=True, default=str)}"
        return self._keep(key, raw, version)

    def _prepare_all(self, versions: list[TariffVersion]) -> list[PreparedTariff]:
        prepared = []
        for version in versions:
            try:
                prepared.append(self.prepare_version(version))
            except DomainError:
                continue
        return prepared

    def _keep(self, key: str, raw: Any, version: str) -> PreparedTariff:
        found = self._prepared.get(key)
        if found is None:
            if len(self._prepared) >= MOST_KEPT:
                self._prepared.clear()
            found = self._prepared[key] = prepare_tariff(raw, version=version)
        return found


def is_in_force(version: TariffVersion, at: datetime) -> bool:
    """Whether the version applies at this moment."""
    return version.active_from <= at and (version.active_to is None or at < version.active_to)
