"""Tariffs and their versions: added, ended, withdrawn while planned, never overwritten."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from apps.accounts.models import Provider
from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.audit.services import record
from apps.core.errors import DomainError, InvalidInput
from apps.locations.models import Operator
from apps.tariffs.models import Tariff, TariffVersion
from apps.tariffs.ocpi.sameness import content_hash
from apps.tariffs.ocpi.tariffs import prepare_tariff


class OwnerMissing(InvalidInput):
    """A tariff belongs to an operator or to a provider, not to both and not to none."""

    code = "TARIFF_OWNER_MISSING"


class TariffContentUnfit(InvalidInput):
    """The tariff can't be kept: it lacks its id or currency, or a field breaks a rule of form."""

    code = "TARIFF_CONTENT_UNFIT"


class TariffVersionsOverlap(DomainError):
    """Two versions of a tariff would be in force together."""

    code = "TARIFF_VERSIONS_OVERLAP"


class TariffVersionBegun(DomainError):
    """The version is in force or was: CDRs may have been priced by it. It can only be ended."""

    code = "TARIFF_VERSION_BEGUN"


class WithdrawalUnexplained(InvalidInput):
    """A version is withdrawn for a reason, which stays beside it."""

    code = "WITHDRAWAL_UNEXPLAINED"


@transaction.atomic
def create_tariff(
    *,
    tariff_id: str,
    operator: Operator | None = None,
    provider: Provider | None = None,
    at_operator: Operator | None = None,
    name: str = "",
    actor: Actor | None = None,
    reason: str = "",
) -> Tariff:
    """The tariff of this owner and id, which is made when it isn't there; ids have no case.

    Raises OwnerMissing, TariffContentUnfit.
    """
    if (operator is None) == (provider is None):
        raise OwnerMissing("A tariff belongs either to an operator or to a provider.")
    found = Tariff.objects.filter(
        operator=operator, provider=provider, tariff_id__iexact=tariff_id
    ).first()
    if isinstance(found, Tariff):
        return found
    tariff = Tariff(
        operator=operator, provider=provider, at_operator=at_operator, tariff_id=tariff_id,
        name=name,
    )  # fmt: skip
    _check_form(tariff)
    record("created tariff", tariff, reason=reason, actor=actor)
    return tariff


@transaction.atomic
def add_version(
    *,
    tariff: Tariff,
    content: Mapping[str, Any],
    ocpi_version: str,
    active_from: datetime,
    active_to: datetime | None = None,
    reason: str,
    actor: Actor | None = None,
) -> TariffVersion:
    """A new version from `active_from` (until `active_to`, exclusive); an open one before it ends
    there. The content that is in force then, sent again, changes nothing.

    Raises the errors of prepare_tariff, TariffContentUnfit, TariffVersionsOverlap.
    """
    prepared = prepare_tariff(content, version=ocpi_version)
    versions = _lock_versions(tariff)
    last = versions[-1] if versions else None
    if last and last.active_to is None and last.active_from <= active_from:
        same = last.ocpi_version == ocpi_version and says_the_same(last, content)
        if same and active_to is None:
            return last
        if last.active_from < active_from:
            _end(last, active_from, reason=reason, actor=actor)
    version = TariffVersion(
        tariff=tariff,
        number=_next_number(tariff),
        ocpi_version=ocpi_version,
        currency=prepared.currency,
        content=content,
        content_hash=content_hash(content),
        active_from=active_from,
        active_to=active_to,
    )
    _refuse_overlap(version)
    _check_form(version)
    version.save(audit_change=change_of("added tariff version", reason=reason, actor=actor))
    return version


@transaction.atomic
def end_tariff(*, tariff: Tariff, at: datetime, reason: str, actor: Actor | None = None) -> None:
    """From this moment on no version is in force, and what was planned is withdrawn; of an ended
    tariff nothing changes.

    Raises TariffVersionsOverlap when a version begins at this very moment.
    """
    last = None
    for version in _lock_versions(tariff):
        if version.active_from <= at:
            last = version
        else:
            withdraw_version(
                version=version, now=at, reason=reason, previous_goes_on=False, actor=actor
            )
    if last is None or (last.active_to is not None and last.active_to <= at):
        return
    if last.active_from == at:
        raise TariffVersionsOverlap(f"{last} begins on {last.active_from:%-d %b %Y, %H:%M}.")
    _end(last, at, reason=reason, actor=actor)


@transaction.atomic
def withdraw_version(
    *,
    version: TariffVersion,
    now: datetime,
    reason: str,
    previous_goes_on: bool,
    actor: Actor | None = None,
) -> TariffVersion:
    """The planned version will never be in force; of a withdrawn one nothing changes.

    `previous_goes_on`: the version that was to end where this one begins goes on in its place,
    until this one would have ended, or until its own `end_date_time`.
    Raises TariffVersionBegun, WithdrawalUnexplained.
    """
    standing = _lock_versions(version.tariff)
    version = TariffVersion.objects.select_related("tariff").get(pk=version.pk)
    if version.withdrawn_at is not None:
        return version
    if version.active_from <= now:
        raise TariffVersionBegun(
            f"{version} is in force since {version.active_from:%-d %b %Y, %H:%M}: end the tariff, "
            "or add a version that follows it."
        )
    if not reason.strip():
        raise WithdrawalUnexplained("Say why the version is withdrawn.")
    version.withdrawn_at, version.withdrawal_reason = now, reason.strip()
    record("withdrew tariff version", version, reason=reason.strip(), actor=actor)
    previous = next((each for each in standing if each.active_to == version.active_from), None)
    if previous_goes_on and previous is not None:
        _prolong(previous, version.active_to, reason=reason.strip(), actor=actor)
    return version


def _prolong(
    version: TariffVersion, until: datetime | None, *, reason: str, actor: Actor | None
) -> None:
    ends = prepare_tariff(version.content, version=version.ocpi_version).valid_until
    limits = [limit for limit in (until, ends) if limit is not None]
    until = min(limits) if limits else None
    if until is None or version.active_to is None or until > version.active_to:
        version.active_to = until
        record("prolonged tariff version", version, reason=reason, actor=actor)


@transaction.atomic
def receive_tariff(
    *,
    operator: Operator,
    content: Mapping[str, Any],
    ocpi_version: str,
    now: datetime,
    actor: Actor | None = None,
) -> TariffVersion | None:
    """An operator's tariff as it came over OCPI; in force from its `start_date_time`, else from
    now, until its `end_date_time`. What was in force before ends there, what was planned before is
    withdrawn: the operator's last word counts. What stands already, sent again, changes nothing.

    None when its `end_date_time` is past and it can't be in force any more: it ends now.
    Raises as create_tariff and add_version.
    """
    prepared = prepare_tariff(content, version=ocpi_version)
    tariff = create_tariff(operator=operator, tariff_id=prepared.id, actor=actor)
    versions = _lock_versions(tariff)
    last = versions[-1] if versions else None
    ends = prepared.valid_until
    same = last is not None and (last.ocpi_version, last.active_to) == (ocpi_version, ends)
    if last and same and says_the_same(last, content):
        return last
    last = _withdraw_planned(versions, now, actor)
    starts = max(prepared.valid_from or now, _first_free_moment(last, now))
    if ends is not None and ends <= starts:
        end_tariff(tariff=tariff, at=now, reason="its end as sent is past", actor=actor)
        return None
    if last and last.active_to and last.active_from < starts < last.active_to:
        _end(last, starts, reason="replaced by the operator", actor=actor)
    return add_version(
        tariff=tariff,
        content=content,
        ocpi_version=ocpi_version,
        active_from=starts,
        active_to=ends,
        reason="sent by the operator",
        actor=actor,
    )


def _withdraw_planned(
    versions: list[TariffVersion], now: datetime, actor: Actor | None
) -> TariffVersion | None:
    """The version that has begun last, which goes on; None when there is none."""
    begun = [each for each in versions if each.active_from <= now]
    for version in reversed(versions[len(begun) :]):
        withdraw_version(
            version=version, now=now, reason="replaced by the operator", previous_goes_on=True,
            actor=actor,
        )  # fmt: skip
    return TariffVersion.objects.get(pk=begun[-1].pk) if begun else None


def _first_free_moment(last: TariffVersion | None, now: datetime) -> datetime:
    """A version can't begin before one that is in force already: what was priced stays priced."""
    if last is None:
        return datetime.min.replace(tzinfo=now.tzinfo)
    if last.active_to is not None and last.active_to <= now:
        return last.active_to
    return max(last.active_from, now)


def says_the_same(version: TariffVersion, content: Mapping[str, Any]) -> bool:
    """Whether the version says what the content says."""
    return content_hash(version.content) == content_hash(content)


def _lock_versions(tariff: Tariff) -> list[TariffVersion]:
    """The standing versions in order; the tariff's row is the lock, for there may be none yet."""
    Tariff.objects.select_for_update().get(pk=tariff.pk)
    return list(TariffVersion.objects.standing().filter(tariff=tariff).order_by("active_from"))


def _next_number(tariff: Tariff) -> int:
    """Withdrawn versions keep their numbers."""
    return 1 + (tariff.versions.aggregate(last=Max("number"))["last"] or 0)


def _end(version: TariffVersion, at: datetime, *, reason: str, actor: Actor | None) -> None:
    version.active_to = at
    record("ended tariff version", version, reason=reason, actor=actor)


def _refuse_overlap(version: TariffVersion) -> None:
    other = (
        TariffVersion.objects.filter(tariff=version.tariff)
        .overlapping(version.active_from, version.active_to)
        .first()
    )
    if other is not None:
        until = f"{other.active_to:%-d %b %Y, %H:%M}" if other.active_to else "it is ended"
        raise TariffVersionsOverlap(
            f"{other} is in force from {other.active_from:%-d %b %Y, %H:%M} until {until}.",
            version=other.number,
        )


def _check_form(row: Tariff | TariffVersion) -> None:
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        words = "; ".join(f"{name}: {' '.join(each)}" for name, each in error.message_dict.items())
        raise TariffContentUnfit(words, errors=error.message_dict) from error
