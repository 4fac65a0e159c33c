"""The partner API's root: router, OpenAPI, and one shape for every error (RFC 9457 problem details)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import exception_handler

from integrations import api as integrations_api
from mappings import api as mappings_api
from mappings.views import SourceDocumentViewSet
from reconciliation import api as reconciliation_api

router = DefaultRouter(trailing_slash=False)
router.include_format_suffixes = False
integrations_api.register(router)
router.register("source-documents", SourceDocumentViewSet, basename="source-documents")
mappings_api.register(router)
reconciliation_api.register(router)


class PartnerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells API readers how to get a token: OAuth 2.0 client credentials."""

    target_class = "tenants.authentication.PartnerAuthentication"
    name = "partner"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The OpenAPI security scheme."""
        flow = {"tokenUrl": reverse("idp:oidc:token"), "scopes": {}}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """`application/problem+json` with a stable `code`; field errors keep their paths under `errors`."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    code = getattr(error, "default_code", "error")
    detail = getattr(error, "detail", "")
    code = getattr(detail, "code", code) if isinstance(detail, str) else code
    problem: dict[str, Any] = {
        "type": f"urn:ledger-portal:problem:{code}",
        "title": getattr(error, "default_detail", "Error"),
        "status": response.status_code,
        "code": code,
        "detail": detail if isinstance(detail, str) else "Some fields need attention; see errors.",
    }
    if remedy := getattr(error, "remedy", ""):
        problem["remedy"] = remedy
    if not isinstance(detail, str):
        problem["errors"] = detail
    response.data = problem
    response.content_type = "application/problem+json"
    return response
