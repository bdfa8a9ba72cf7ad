"""The base of all staff screens; the only module that imports django-unfold."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from apps.core.models import JobRun


class StaffModelAdmin(ModelAdmin):
    """A staff screen: records are never deleted here, lists are paged without surprises."""

    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(StaffModelAdmin):
    """A screen of what only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StaffTabularInline(TabularInline):
    """Rows of a related record on its parent's page."""

    extra = 0
    can_delete = False
    show_change_link = True


class StaffStackedInline(StackedInline):
    """Related records in full on their parent's page."""

    extra = 0
    can_delete = False


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = ["job", "started_at", "ended_at", "outcome", "counts"]
    list_filter = ["job", "outcome"]
