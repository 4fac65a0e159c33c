"""Rows to look at: plain functions that make one row each, inside the caller's tenant scope, without any network."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from integrations.engine import manifest
from integrations.models import ApiCall, Authorisation, Connection, Credential, LedgerRecord, Posting, Resource, SyncRun
from tenants.models import Tenant

_numbers = count(1)
_DATED = {
    Resource.INVOICES,
    Resource.CREDIT_NOTES,
    Resource.BILLS,
    Resource.VENDOR_CREDITS,
    Resource.PURCHASE_ORDERS,
    Resource.PAYMENTS,
    Resource.BILL_PAYMENTS,
    Resource.EXPENSES,
    Resource.JOURNAL_ENTRIES,
    Resource.BANK_TRANSACTIONS,
}
_KINDS = {"accounts": "bank", "contacts": "customer", "items": "service", "bank_transactions": "deposit"}


def make_connection(tenant: Tenant, **fields: Any) -> Connection:
    """A healthy QuickBooks connection."""
    number = next(_numbers)
    values = {
        "connector": "quickbooks",
        "external_org_id": f"93414{number:05}",
        "name": f"Company {number}",
        "country": "US",
        "currency": "USD",
        "status": Connection.Status.ACTIVE,
        "last_success_at": timezone.now() - timedelta(minutes=4),
        "next_sync_at": timezone.now() + timedelta(minutes=11),
    }
    return Connection.objects.create(tenant=tenant, **{**values, **fields})


def make_credential(connection: Connection, **fields: Any) -> Credential:
    """Secrets that are worth nothing."""
    now = timezone.now()
    values = {
        "secret": {"connection": str(connection.pk), "access_token": "a", "refresh_token": "r"},
        "expires_at": now + timedelta(hours=1),
        "refresh_expires_at": now + timedelta(days=100),
        "hard_expires_at": now + timedelta(days=1800),
    }
    return Credential.objects.create(tenant=connection.tenant, connection=connection, **{**values, **fields})


def make_authorisation(tenant: Tenant, **fields: Any) -> Authorisation:
    """A consent that has been asked for."""
    values = {
        "connector": "quickbooks",
        "state": f"state-{next(_numbers)}",
        "redirect_uri": "http://127.0.0.1:8000/oauth/quickbooks/callback/",
        "expires_at": timezone.now() + timedelta(minutes=10),
        "secret": {},
    }
    return Authorisation.objects.create(tenant=tenant, **{**values, **fields})


def make_record(connection: Connection, resource: str = Resource.INVOICES, **fields: Any) -> LedgerRecord:
    """A record as a sync would have stored it; `unified` is made of the columns unless it is given."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "remote_type": _remote_type(connection.connector, str(resource)),
        "external_id": str(number),
        "content_hash": f"{number:064}",
        "version": "0",
        "modified_at": datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=number),
        "synced_at": timezone.now(),
        "name": "" if resource in _DATED else f"Name {number}",
        "number": f"N-{number}",
        "contact_name": f"Contact {number}" if resource in _DATED else "",
        "issued_on": date(2026, 10, 1) if resource in _DATED else None,
        "due_on": date(2026, 10, 31) if resource in _DATED else None,
        "amount": Decimal("1250.50"),
        "open_amount": Decimal("250.50") if resource in _DATED else None,
        "currency": "USD",
        "status": "partially_paid" if resource in _DATED else "",
        "kind": _KINDS.get(str(resource), ""),
        **fields,
    }
    values.setdefault("unified", _unified(values))
    values.setdefault("raw", {"Id": values["external_id"], "SyncToken": "0"})
    words = (values["number"], values["name"], values["contact_name"])
    values.setdefault("search", " ".join(word for word in words if word).lower())
    return LedgerRecord.objects.create(
        tenant_id=connection.tenant_id, connection=connection, resource=resource, **values
    )


def _remote_type(connector: str, resource: str) -> str:
    known = manifest.load(connector).resources
    return next(iter(known[resource].entities)) if resource in known else "Unknown"


def _unified(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "external_id": values["external_id"],
        "remote_type": values["remote_type"],
        "number": values["number"],
        "name": values["name"],
        "contact": {"id": "58", "name": values["contact_name"], "type": "customer"} if values["contact_name"] else None,
        "issued_on": str(values["issued_on"]) if values["issued_on"] else None,
        "due_on": str(values["due_on"]) if values["due_on"] else None,
        "currency": values["currency"],
        "status": values["status"] or None,
        "total": str(values["amount"]),
        "balance": str(values["open_amount"]) if values["open_amount"] is not None else None,
        "modified_at": str(values["modified_at"]),
        "custom_fields": [],
    }


def make_run(connection: Connection, **fields: Any) -> SyncRun:
    """A run that succeeded a minute ago."""
    now = timezone.now()
    values = {
        "trigger": SyncRun.Trigger.SCHEDULE,
        "status": SyncRun.Status.SUCCEEDED,
        "progress": {"invoices": {"records": 12, "pages": 1, "total": 12, "cursor": None, "is_done": True}},
        "records": 12,
        "changed": 3,
        "calls": 1,
        "started_at": now - timedelta(minutes=1),
        "finished_at": now - timedelta(seconds=58),
    }
    return SyncRun.objects.create(tenant_id=connection.tenant_id, connection=connection, **{**values, **fields})


FAILURE = {
    "code": "permission_missing",
    "message": "QuickBooks does not let the portal read bills.",
    "remedy": "Reconnect with a QuickBooks user who may see bills.",
    "who_can_fix": "administrator of the ledger",
    "ledger_code": "5020",
    "ledger_message": "Permission denied: Feature not enabled",
    "correlation_id": "1-5759b5f2-3c7c5b1f0b9bd0a2",
}


def make_failed_run(connection: Connection, **fields: Any) -> SyncRun:
    """A run that rests with a cause."""
    values = {"status": SyncRun.Status.FAILED, "error_code": FAILURE["code"], "error": FAILURE}
    return make_run(connection, **{**values, **fields})


def make_posting(connection: Connection, **fields: Any) -> Posting:
    """A posted invoice."""
    number = next(_numbers)
    values = {
        "resource": Resource.INVOICES,
        "body": {
            "number": f"P-{number}",
            "contact": {"id": "58", "name": "Bill's Windsurf Shop", "type": "customer"},
            "issued_on": "2026-11-20",
            "currency": "USD",
            "lines": [{"description": "Consulting", "quantity": "2", "unit_price": "60.00", "amount": "120.00"}],
            "subtotal": "120.00",
            "tax_total": "0.00",
            "total": "120.00",
        },
        "body_hash": f"{number:064}",
        "idempotency_key": f"key-{number}",
        "status": Posting.Status.POSTED,
        "origin_kind": "api",
        "external_id": str(9000 + number),
        "remote_type": "Invoice",
        "attempts": 1,
        "sent_at": timezone.now(),
        "finished_at": timezone.now(),
    }
    return Posting.objects.create(tenant_id=connection.tenant_id, connection=connection, **{**values, **fields})


def make_call(connection: Connection, **fields: Any) -> ApiCall:
    """An exchange that went well."""
    values = {
        "method": "GET",
        "url": f"https://quickbooks.test/v3/company/{connection.external_org_id}/query?query=select",
        "request_headers": {"Authorization": "[redacted]", "Accept": "application/json"},
        "status_code": 200,
        "response_headers": {"Content-Type": "application/json", "intuit_tid": "1-abc"},
        "response_body": '{"QueryResponse": {"maxResults": 0}}',
        "started_at": timezone.now(),
        "seconds": 0.184,
        "bytes_received": 1834,
        "correlation_id": "1-abc",
    }
    return ApiCall.objects.create(tenant_id=connection.tenant_id, connection=connection, **{**values, **fields})
