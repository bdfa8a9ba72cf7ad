"""Groups and permissions in the trail."""

import pytest
from django.contrib.auth.models import Group, Permission

from apps.audit.models import Entry
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory(is_staff=True)


@pytest.fixture
def groups():
    return [Group.objects.create(name=f"group {n}") for n in "abc"]


def changes(obj, field):
    label = obj._meta.label_lower
    entries = Entry.objects.filter(object_type=label, object_id=str(obj.pk)).order_by("pk")
    return [(e.before.get(field), e.after.get(field)) for e in entries if field in e.before]


def test_setting_groups_is_one_change_and_a_no_op_none(user, groups):
    a, b, c = groups
    user.groups.set([a, b])
    user.groups.set([b, c])
    user.groups.set([b, c])
    user.groups.add(c)
    user.groups.remove(a)
    assert changes(user, "groups") == [
        ([], ["group a", "group b"]),
        (["group a", "group b"], ["group b", "group c"]),
    ]
    assert user.history.count() == 3


def test_groups_written_from_the_other_side_are_in_the_users_story(user, groups):
    a = groups[0]
    a.user_set.add(user)
    a.user_set.clear()
    a.user_set.set([user])
    assert changes(user, "groups") == [
        ([], ["group a"]), (["group a"], []), ([], ["group a"])]  # fmt: skip


def test_deleted_group_is_told_in_its_story_and_in_its_members(user, groups):
    a = groups[0]
    user.groups.add(a)
    key = str(a.pk)
    a.delete()
    assert changes(user, "groups")[-1] == (["group a"], [])
    assert Entry.objects.filter(object_id=key, activity="deleted group").exists()


def test_permissions_of_groups_and_users_are_told_by_name(user, groups):
    permission = Permission.objects.get(codename="view_provider")
    groups[0].permissions.add(permission)
    user.user_permissions.add(permission)
    [(_, names)] = changes(groups[0], "permissions")
    assert names == [str(permission)]
    assert changes(user, "user_permissions") == [([], [str(permission)])]


def test_renamed_group_keeps_both_names(groups):
    groups[0].name = "other"
    groups[0].save()
    groups[0].save()
    assert changes(groups[0], "name") == [("group a", "other")]
