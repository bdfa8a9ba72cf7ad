"""How often one credential may call."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from apps.accounts.models import Credential


class CredentialThrottle(SimpleRateThrottle):
    """`API_RATE` requests per credential, counted in the default cache."""

    scope = "credential"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not isinstance(request.auth, Credential):
            return None
        return f"throttle:credential:{request.auth.pk}"
