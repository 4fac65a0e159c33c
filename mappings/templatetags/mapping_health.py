"""What is unwell about the mappings of a connection, for pages of other apps: they name the tag and no more."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from integrations.models import Connection
from mappings.models import HealthFinding

register = template.Library()

_SHOWN = 3


@register.inclusion_tag("mappings/parts/health_note.html")
def mapping_health(connection: Connection) -> dict[str, Any]:
    """The open findings that concern most documents, each with the way to set it right; two queries at most."""
    rows = HealthFinding.objects.for_tenant(connection.tenant_id).filter(connection=connection).open()
    first = list(rows.order_by("-waiting", "-documents", "-id")[: _SHOWN + 1])
    count = len(first) if len(first) <= _SHOWN else rows.count()
    return {
        "connection": connection,
        "findings": [(row, fix_url(row)) for row in first[:_SHOWN]],
        "count": count,
        "more": count - _SHOWN,
    }


def fix_url(row: HealthFinding) -> str:
    """The workbench at the first value that is concerned."""
    return word_url(row, row.words[0]) if row.words else _workbench(row)


def word_url(row: HealthFinding, word: dict[str, str]) -> str:
    """The workbench at one value."""
    return f"{_workbench(row)}?{urlencode({name: word.get(name, '') for name in ('subject', 'side', 'value')})}"


def _workbench(row: HealthFinding) -> str:
    return reverse("admin:mappings_workbench_connection", args=[row.connection_id])
