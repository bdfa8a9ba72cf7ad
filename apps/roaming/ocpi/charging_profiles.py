"""Charging profiles as operators send them (`mod_charging_profiles`)."""

from datetime import datetime

from apps.roaming.ocpi.fields import Fields


def check_active_profile(fields: Fields) -> datetime:
    """When the charge point calculated this ActiveChargingProfile. Raises InvalidMessage."""
    profile = fields.object("charging_profile")
    profile.text("charging_rate_unit")
    profile.opt_time("start_date_time")
    profile.opt_number("duration")
    profile.opt_number("min_charging_rate")
    for period in profile.objects("charging_profile_period"):
        period.number("start_period")
        period.number("limit")
    return fields.time("start_date_time")
