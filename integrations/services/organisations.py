"""What a ledger says of an organisation, kept on its connection."""

from collections.abc import Mapping
from typing import Any

from integrations.models import Connection


def describe(connection: Connection, company: Mapping[str, Any]) -> None:
    """Keep name, country, home currency and the day through which the books are closed (a unified `company_info`)."""
    values = {
        "name": str(company.get("name") or company.get("legal_name") or connection.name)[:200],
        "country": str(company.get("country") or "")[:3],
        "currency": str(company.get("currency") or "")[:3],
        "closed_through": company.get("closed_through"),
    }
    Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk).update(**values)
    for name, value in values.items():
        setattr(connection, name, value)
