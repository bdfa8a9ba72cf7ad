"""How the OpenAPI document describes our credentials; found by drf-spectacular on import."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class CredentialScheme(OpenApiAuthenticationExtension):
    target_class = "apps.accounts.api.authentication.CredentialAuthentication"
    name = "credential"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "evc_<prefix>_<secret>",
            "description": "A credential is issued by staff and shown once.",
        }
