"""The request as views see it behind the tenant middleware."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from tenants.models import Membership, Tenant, User


class TenantRequest(HttpRequest):
    """A signed-in request inside one tenant: `user`, `tenant` and `membership` are always set."""

    user: User
    tenant: Tenant
    membership: Membership
    session: Any


def download(name: str, content: bytes | memoryview) -> HttpResponse:
    """A file that somebody else chose: saved by the browser, never shown in place or run."""
    answer = HttpResponse(bytes(content), content_type="application/octet-stream")
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in " ._-()") else "_" for sign in name)
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
