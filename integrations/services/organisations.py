"""What a ledger says of an organisation, kept on its connection."""

from collections.abc import Mapping
from typing import Any

from integrations.models import Connection
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
    }
    Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk).update(**values)
    for name, value in values.items():
        setattr(connection, name, value)


def _name(connection: Connection, company: str) -> str:
    """The company's name; with the ledger where another ledger of the tenant has a company of that name."""
    others = Connection.objects.for_tenant(connection.tenant_id).exclude(pk=connection.pk)
    name = company[:160]
    return f"{name} ({connector_of(connection).label})" if others.filter(name=name).exists() else name
