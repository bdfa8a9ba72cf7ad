"""Who of the staff may do what: each app grants its permissions to roles in AppConfig.ready().

    roles.grant(Role.FINANCE, "billing.view_invoice", "billing.issue_invoice")

After each migrate the groups of the same names hold exactly what is granted. Auditors may see
everything and change nothing; administrators may do everything; nobody deletes.
"""

from collections import defaultdict
from enum import StrEnum
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet

from apps.audit.context import Actor, acting


class Role(StrEnum):
    """The groups of the staff."""

    SUPPORT = "support"
    FINANCE = "finance"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


WORK = {
    Role.SUPPORT: "Helps drivers: finds charges, accepts or rejects them, keeps accounts.",
    Role.FINANCE: "Runs, checks and issues invoices; sees tariffs but doesn't change them.",
    Role.AUDITOR: "Sees everything, the audit trail included; changes nothing.",
    Role.ADMINISTRATOR: "Sets up providers, people, credentials and everything else.",
}

_granted: dict[Role, set[str]] = defaultdict(set)


def grant(role: Role, *permissions: str) -> None:
    """The role may do this; "app.codename", created by the app's models."""
    for permission in permissions:
        app, _, codename = permission.partition(".")
        if not app or not codename or codename.startswith("delete_"):
            raise ValueError(f"{permission!r} is no permission that can be granted.")
        _granted[role].add(permission)


def grant_view(role: Role, app: str, *models: str) -> None:
    """The role may see these models of the app."""
    grant(role, *(f"{app}.view_{model}" for model in models))


def granted_to(role: Role) -> frozenset[str]:
    """What the apps granted, without what auditors and administrators have by rule."""
    return frozenset(_granted[role])


def sync_groups(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """After the migrate of one app: give its permissions to the groups, take back what is not
    granted any more."""
    if not sender.name.startswith("apps."):
        return
    # Django creates them in a receiver of the same signal, which may come after this one.
    create_permissions(sender, verbosity=0, using=using)
    known = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    by_name = {permission.codename: permission for permission in known}
    with acting(Actor.job("migrate")):
        groups = _groups(using)
        held = _held(known)
        for role in Role:
            wanted = {by_name[name].pk for name in _names_of(role, set(by_name), sender.label)}
            group = groups[role]
            if missing := wanted - held[group.pk]:
                group.permissions.add(*missing)
            if surplus := held[group.pk] - wanted:
                group.permissions.remove(*surplus)


def _groups(using: str) -> dict[Role, Group]:
    there = {group.name: group for group in Group.objects.using(using).filter(name__in=list(Role))}
    return {
        role: there.get(role.value) or Group.objects.using(using).create(name=role.value)
        for role in Role
    }


def _held(known: QuerySet[Permission]) -> dict[int, set[int]]:
    """Which of these permissions each group has."""
    held: dict[int, set[int]] = defaultdict(set)
    for group, permission in known.filter(group__isnull=False).values_list("group", "pk"):
        held[group].add(permission)
    return held


def _names_of(role: Role, known: set[str], app: str) -> set[str]:
    """The codenames of the app that the role has."""
    if role is Role.ADMINISTRATOR:
        return {name for name in known if not name.startswith("delete_")}
    prefix = f"{app}."
    granted = {p.removeprefix(prefix) for p in granted_to(role) if p.startswith(prefix)}
    if role is Role.AUDITOR:
        granted |= {name for name in known if name.startswith("view_")}
    return granted & known
