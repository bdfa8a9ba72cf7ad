"""Our own addresses, as peers call them."""

from django.conf import settings

from apps.roaming.ocpi.versions import Version


def base_url(requested: str = "") -> str:
    """The address of /ocpi: as set, else as a peer just `requested` it, else the public one."""
    public = requested or f"{settings.PUBLIC_URL.rstrip('/')}/ocpi"
    return str(settings.OCPI_BASE_URL or public).rstrip("/")


def versions_url(base: str) -> str:
    return f"{base}/versions"


def details_url(base: str, version: Version) -> str:
    return f"{base}/{version}"


def module_url(base: str, version: Version, module: str) -> str:
    return f"{base}/{version}/{module}"
