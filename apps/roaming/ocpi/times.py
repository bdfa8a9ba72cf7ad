"""DateTime of OCPI (`types`): RFC 3339 in UTC; no zone designator means UTC."""

import re
from datetime import UTC, datetime

_FORM = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})?", re.ASCII
)


# How mod_cdrs itself writes a time that the operator doesn't know.
_UNKNOWN = "1970-1-1T00:00:00Z"


def read_time(text: str) -> datetime | None:
    """The aware UTC time of a DateTime, or None when it is none; digits beyond µs are cut."""
    if text.strip() == _UNKNOWN:
        return datetime(1970, 1, 1, tzinfo=UTC)
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    whole = text.strip().upper()
    if fraction := match.group(1):
        whole = whole.replace(fraction, fraction[:7])
    try:
        time = datetime.fromisoformat(whole)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_time(time: datetime) -> str:
    """As OCPI writes it: 2015-06-29T20:39:09Z, with the fraction only when there is one."""
    utc = time.astimezone(UTC)
    # string(25): microseconds and the Z would be 27 characters.
    spec = "milliseconds" if utc.microsecond else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=spec) + "Z"
