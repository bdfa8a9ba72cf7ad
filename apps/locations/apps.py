from django.apps import AppConfig


class LocationsConfig(AppConfig):
    name = "apps.locations"
    verbose_name = "Network"

    def ready(self) -> None:
        from apps.accounts.roles import Role, grant, grant_view

        for role in (Role.SUPPORT, Role.FINANCE):
            grant_view(role, "locations", "operator", "location", "evse", "connector")
        grant(
            Role.SUPPORT,
            "locations.change_location", "locations.change_evse", "locations.change_connector",
        )  # fmt: skip
