"""What a ledger says of an organisation, kept on its connection."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from integrations.models import Connection, Posting
from integrations.services.connectors import connector_of


def describe(connection: Connection, company: Mapping[str, Any]) -> None:
    """Keep country, home currency and the day through which the books are closed (a unified `company_info`).

    The name is the company's until people choose their own.
    """
    values = {
        "name": connection.name or _name(connection, str(company.get("name") or company.get("legal_name") or "")),
        "country": str(company.get("country") or "")[:3],
        "currency": str(company.get("currency") or "")[:3],
        "closed_through": company.get("closed_through"),
        "closed_read_at": timezone.now(),
    }
    before = connection.closed_through
    Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk).update(**values)
    for name, value in values.items():
        setattr(connection, name, value)
    if before is not None and before != connection.closed_through:
        _wake_postings(connection)


def _wake_postings(connection: Connection) -> None:
    """Documents of days that are open now go by themselves, whatever was asked or answered about them."""
    rows = Posting.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, question__code="period_closed"
    )
    if connection.closed_through is not None:
        rows = rows.filter(question__own_day__gt=connection.closed_through.isoformat())
    rows.filter(status=Posting.Status.PENDING, question__answer="wait").update(available_at=timezone.now())
    held = rows.filter(status=Posting.Status.HELD)
    held.update(status=Posting.Status.PENDING, question={}, available_at=timezone.now(), error={}, error_code="")


def _name(connection: Connection, company: str) -> str:
    """The company's name; with the ledger where another ledger of the tenant has a company of that name."""
    others = Connection.objects.for_tenant(connection.tenant_id).exclude(pk=connection.pk)
    name = company[:160]
    return f"{name} ({connector_of(connection).label})" if others.filter(name=name).exists() else name
