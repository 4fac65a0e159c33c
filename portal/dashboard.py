"""What the first page shows."""

from typing import Any

from django.http import HttpRequest


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The dashboard's numbers, added to the index page's context."""
    return context


def tenant_label(request: HttpRequest) -> list[str] | None:
    """The tenant's name beside the title."""
    tenant = getattr(request, "tenant", None)
    return [tenant.name, "info"] if tenant else None
