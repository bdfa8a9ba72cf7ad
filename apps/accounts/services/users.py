"""Who can log in, and as what."""

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction

from apps.accounts.models import Provider, User
from apps.accounts.roles import Role
from apps.audit.context import Actor
from apps.audit.relations import already_told
from apps.audit.services import record
from apps.core.errors import DomainError


class EmailTaken(DomainError):
    """Somebody logs in with this e-mail address already."""

    code = "EMAIL_TAKEN"


class RolesRefused(DomainError):
    """Portal users have no staff roles."""

    code = "ROLES_REFUSED"


@transaction.atomic
def create_staff_user(
    *,
    email: str,
    name: str,
    password: str | None,
    roles: Collection[Role],
    actor: Actor | None = None,
) -> User:
    """A person of the staff. Without a password they can't log in yet. Raises EmailTaken."""
    user = _new_user(email=email, name=name, password=password)
    user.is_staff = True
    return save_user(user=user, roles=roles, actor=actor)


def create_provider_user(
    *, provider: Provider, email: str, name: str, password: str | None, actor: Actor | None = None
) -> User:
    """A user of the provider's portal. Raises EmailTaken."""
    user = _new_user(email=email, name=name, password=password)
    user.provider = provider
    return save_user(user=user, roles=[], actor=actor)


def _new_user(*, email: str, name: str, password: str | None) -> User:
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken(f"There is a user with the e-mail address {email} already.")
    user = User(email=User.objects.normalize_email(email), name=name)
    user.set_password(password)
    return user


@transaction.atomic
def save_user(
    *, user: User, roles: Collection[str], reason: str = "", actor: Actor | None = None
) -> User:
    """Write the user with these roles and no others; the groups follow.

    Raises RolesRefused for a portal user with roles.
    """
    if roles and not user.is_staff:
        raise RolesRefused(f"{user} is not of the staff, so no role is open to them.")
    user.roles = sorted(Role(role) for role in set(roles))
    activity = "created user" if user._state.adding else "changed user"
    record(activity, user, reason=reason, actor=actor)
    with already_told():
        user.groups.set(Group.objects.filter(name__in=user.roles))
    return user


def deactivate_user(*, user: User, reason: str, actor: Actor | None = None) -> User:
    """The person can't log in any more; the record and its trail stay."""
    user.is_active = False
    record("deactivated user", user, reason=reason, actor=actor)
    return user


def reactivate_user(*, user: User, reason: str, actor: Actor | None = None) -> User:
    """The person can log in again."""
    user.is_active = True
    record("reactivated user", user, reason=reason, actor=actor)
    return user
