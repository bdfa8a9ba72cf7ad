"""The groups of the staff: made by the code (roles.py), so only to be looked at."""

import django.contrib.auth.admin  # noqa: F401 - registers Group with a screen that we replace
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.roles import WORK, Role
from apps.core import staff_display
from apps.core.admin import ReadOnlyAdmin

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    list_display = ["name", "work", "people"]
    ordering = ["name"]
    fields = ["name", "work", "members", "may"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(people_count=Count("user"))

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Whoever sees users sees their groups."""
        return request.user.has_perm("accounts.view_user")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description="what they do")
    def work(self, group: Group) -> str:
        return WORK[Role(group.name)] if group.name in set(Role) else ""

    @admin.display(description="people", ordering="people_count")
    def people(self, group: Group) -> int:
        return int(group.people_count)  # type: ignore[attr-defined]

    @admin.display(description="people")
    def members(self, group: Group) -> str:
        return staff_display.rows(
            [(staff_display.link(user), user.name) for user in User.objects.filter(groups=group)]
        )

    @admin.display(description="permissions")
    def may(self, group: Group) -> str:
        permissions = group.permissions.select_related("content_type").order_by(
            "content_type__app_label", "codename"
        )
        return staff_display.rows([(p.content_type.app_labeled_name, p.name) for p in permissions])
