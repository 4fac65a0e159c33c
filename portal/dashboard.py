"""The numbers of the first page, as plain functions that return dataclasses."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class Waiting:
    """What waits for people: values without a mapping, proposals to approve, failed work."""

    unmapped: int = 0
    proposals: int = 0
    failures: int = 0


def waiting_counts(request: HttpRequest) -> Waiting:
    """Counts for the side bar's badges."""
    return Waiting()


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The dashboard's numbers, added to the index page's context."""
    return context


def tenant_label(request: HttpRequest) -> list[str] | None:
    """The tenant's name beside the title."""
    tenant = getattr(request, "tenant", None)
    return [tenant.name, "info"] if tenant else None
