"""What a credential may do: each view says which scope each of its methods needs."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.models import Credential


class HasScope(BasePermission):
    """The view's `required_scopes` names a scope per method or, more exactly, per action.

    `{"GET": "cdrs:read", "POST": "cdrs:write", "accept": "cdrs:review"}`. What is not declared
    is refused, so that a new method can't be open by oversight. An empty scope lets any
    credential in.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Credential):
            return False
        needed = scope_needed(view, request.method or "")
        if needed is None:
            raise PermissionDenied("This method is not open to credentials.", code="SCOPE_MISSING")
        if needed and needed not in request.auth.scopes:
            raise PermissionDenied(
                f"This needs the scope {needed}; the credential has "
                f"{', '.join(request.auth.scopes)}.",
                code="SCOPE_MISSING",
            )
        return True


def scope_needed(view: Any, method: str) -> str | None:
    """The scope that the view declares for its action or method; None when it declares none."""
    declared: dict[str, str] = getattr(view, "required_scopes", {})
    action = getattr(view, "action", None)
    if action in declared:
        return declared[action]
    return declared.get("GET" if method in {"HEAD", "OPTIONS"} else method)
