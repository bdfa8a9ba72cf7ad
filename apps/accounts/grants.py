"""What the roles may do with parties, and with the floors below, which know no roles."""

from apps.accounts.roles import Role, grant, grant_view


def register() -> None:
    """Called in AccountsConfig.ready()."""
    for role in (Role.SUPPORT, Role.FINANCE):
        grant_view(role, "accounts", "provider", "vatregistration", "account", "token", "user")
        grant_view(role, "core", "jobrun")
    grant_view(Role.SUPPORT, "events", "event")
    grant(Role.ADMINISTRATOR, "events.replay_event")
    grant(
        Role.SUPPORT,
        "accounts.add_account", "accounts.change_account",
        "accounts.add_token", "accounts.change_token",
    )  # fmt: skip
    grant(
        Role.FINANCE,
        "accounts.change_account",
        "accounts.add_vatregistration", "accounts.change_vatregistration",
    )  # fmt: skip
