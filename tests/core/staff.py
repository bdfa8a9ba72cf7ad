"""People of the staff, logged in, for tests of staff screens."""

from django.test import Client

from apps.accounts.roles import Role
from apps.accounts.services.users import create_staff_user


def staff_client(*roles: Role) -> Client:
    """A browser of somebody with these roles."""
    name = "-".join(roles) or "nobody"
    user = create_staff_user(
        email=f"{name}@example.com", name=name.title(), password=None, roles=roles
    )
    client = Client()
    client.force_login(user)
    return client
