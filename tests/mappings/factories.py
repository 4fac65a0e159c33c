"""A connected ledger with a small chart, and documents in the words of a shop."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, SourceDocument
from mappings.services import decisions, drafts
from mappings.services.intake import receive_document
from mappings.services.mapping import map_document
from mappings.services.targets import get_target
from mappings.services.versions import Word

ACCOUNTS = [
    ("1", "1000", "Current account", "bank", "GBP"),
    ("2", "2100", "Company card", "credit_card", "GBP"),
    ("3", "4000", "Sales of services", "income", "GBP"),
    ("4", "4100", "Other sales", "income", "GBP"),
    ("5", "6200", "Travel", "expense", "GBP"),
    ("6", "6300", "Software and subscriptions", "expense", "GBP"),
]


def connection_of(tenant: Any, name: str = "Acme Books", **changes: Any) -> Connection:
    """An active QuickBooks connection."""
    fields = {
        "connector": "quickbooks",
        "external_org_id": f"realm-{name}",
        "currency": "GBP",
        "country": "GB",
        "status": Connection.Status.ACTIVE,
    }
    return Connection.objects.create(tenant=tenant, name=name, **(fields | changes))


def record_of(connection: Connection, resource: str, external_id: str, name: str, **changes: Any) -> LedgerRecord:
    """A record as a sync would have left it."""
    unified = {"external_id": external_id, "name": name, **changes.pop("unified", {})}
    fields: dict[str, Any] = {
        "remote_type": {"accounts": "Account", "tax_rates": "TaxCode", "items": "Item"}.get(resource, "Customer"),
        "kind": "",
        "currency": "",
        "number": "",
    }
    fields |= changes
    return LedgerRecord.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        resource=resource,
        external_id=external_id,
        name=name,
        unified=unified,
        raw={"Id": external_id},
        content_hash="0" * 64,
        synced_at=timezone.now(),
        search=f"{fields['number']} {name}".lower().strip(),
        **fields,
    )


def chart_of(connection: Connection) -> None:
    """Six accounts, two tax rates for both sides, one item for 4000."""
    for external_id, code, name, kind, currency in ACCOUNTS:
        unified = {"code": code, "type": kind, "full_name": name, "currency": currency}
        record_of(connection, "accounts", external_id, name, kind=kind, currency=currency, number=code, unified=unified)
    for external_id, name, rate in (("20", "20.0% S", "20"), ("21", "0.0% Z", "0")):
        components = [{"id": f"r{rate}", "name": name, "rate": rate}]
        tax = {"rate": rate, "applies_to": "both", "components": components}
        record_of(connection, "tax_rates", external_id, name, kind="both", unified=tax)
    item = {"income_account": {"id": "3", "name": "Sales of services"}, "type": "service"}
    record_of(connection, "items", "30", "Consulting hours", kind="service", unified=item)


def sale(connection: Connection, external_id: str = "order-1", **changes: Any) -> dict[str, Any]:
    """A checked intake body: 100.00 + 20.00 in the words Consulting and VAT20."""
    body: dict[str, Any] = {
        "connection": connection,
        "source": "shop",
        "external_id": external_id,
        "kind": "sale",
        "number": external_id.upper(),
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
        "currency": "GBP",
        "tax_mode": "exclusive",
        "counterparty": {"name": "Blue Bottle Ltd", "email": "accounts@bluebottle.example"},
        "lines": [{"category": "Consulting", "tax_code": "VAT20", "amount": Decimal("100.00"), "description": "Day"}],
        "tax_total": Decimal("20.00"),
        "total": Decimal("120.00"),
    }
    return body | changes


def expense(connection: Connection, external_id: str = "exp-1", **changes: Any) -> dict[str, Any]:
    """A checked intake body: travel of 50.00 paid by visa."""
    lines = [{"category": "Travel costs", "tax_code": "VAT0", "amount": Decimal("50.00")}]
    body = sale(connection, external_id, kind="expense", payment_method="visa", lines=lines)
    body |= {"tax_total": Decimal("0.00"), "total": Decimal("50.00"), "counterparty": {"name": "Rail Co"}}
    return body | changes


def received(connection: Connection, **changes: Any) -> SourceDocument:
    """A document that has arrived and been looked at."""
    document = receive_document(connection=connection, body=sale(connection, **changes)).document
    map_document(connection.tenant_id, document.pk)
    document.refresh_from_db()
    return document


WORDS = {
    Word("category", "sales", "Consulting"): "3",
    Word("tax_code", "sales", "VAT20"): "20",
    Word("category", "purchases", "Travel costs"): "5",
    Word("tax_code", "purchases", "VAT0"): "21",
    Word("payment_method", "purchases", "visa"): "2",
}


def drafted(connection: Connection, by: Any, words: dict[Word, str] | None = None) -> MappingSet:
    """A draft that maps the given words (default: all the shop uses)."""
    draft = drafts.ensure_draft(connection=connection, by=by)
    for word, external_id in (WORDS if words is None else words).items():
        record = get_target(connection=connection, subject=word.subject, external_id=external_id)
        drafts.set_value(draft=draft, word=word, record=record, by=by)
    return draft


def activated(connection: Connection, actors: Any, words: dict[Word, str] | None = None) -> MappingSet:
    """A version drafted by the editor and approved by the approver."""
    draft = drafted(connection, actors.editor, words)
    decisions.submit(mapping_set=draft, by=actors.editor, comment="First chart")
    decisions.activate(mapping_set=draft, by=actors.approver, comment="Agreed")
    draft.refresh_from_db()
    return draft
