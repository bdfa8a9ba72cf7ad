"""Staff screens of people and parties."""

from apps.accounts.admin import credentials, groups, parties, users  # noqa: F401 - they register
