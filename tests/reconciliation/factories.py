"""Books and statements for the tests of reconciliation; call inside a tenant's scope."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any

from integrations.models import Connection, LedgerRecord
from reconciliation.models import BankAccount, BankLine, Proposal
from reconciliation.services.runs import request_match_run, run_matching
from tenants.models import Membership, Tenant, User

_numbers = count(1)
TODAY = date(2026, 11, 21)


def connection_of(tenant: Tenant, **fields: Any) -> Connection:
    """An active QuickBooks connection."""
    number = next(_numbers)
    defaults = {"connector": "quickbooks", "external_org_id": f"realm-{number}", "name": f"Books {number}"}
    return Connection.objects.create(
        tenant=tenant, **{**defaults, "currency": "GBP", "country": "GB", "status": "active", **fields}
    )


def bank_account_of(connection: Connection, **fields: Any) -> BankAccount:
    """A bank account that is booked on ledger account 35."""
    defaults = {"name": f"Current {next(_numbers)}", "currency": "GBP", "external_account_id": str(next(_numbers))}
    return BankAccount.objects.create(tenant_id=connection.tenant_id, connection=connection, **{**defaults, **fields})


def record_of(connection: Connection, resource: str, amount: str, **fields: Any) -> LedgerRecord:
    """A ledger record with something open; `amount` is unsigned, as ledgers write it."""
    number = next(_numbers)
    contact = fields.pop("contact", f"Customer {number} Ltd")
    is_document = resource in ("invoices", "bills", "credit_notes", "vendor_credits")
    row = {
        "remote_type": resource.removesuffix("s").title().replace("_", ""),
        "external_id": str(number),
        "unified": {"memo": "", "reference": ""},
        "raw": {},
        "content_hash": sha256(str(number).encode()).hexdigest(),
        "synced_at": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "number": f"INV-{1000 + number}",
        "contact_id_external": f"c-{contact}",
        "contact_name": contact,
        "issued_on": TODAY - timedelta(days=40),
        "due_on": TODAY - timedelta(days=10),
        "amount": Decimal(amount),
        "open_amount": Decimal(amount) if is_document else None,
        "currency": "GBP",
        "status": "open" if is_document else "posted",
    }
    return LedgerRecord.objects.create(
        tenant_id=connection.tenant_id, connection=connection, resource=resource, **{**row, **fields}
    )


def line_of(account: BankAccount, amount: str, **fields: Any) -> BankLine:
    """A line of the account's statement."""
    number = next(_numbers)
    defaults = {"external_id": f"B{number:07}", "booked_on": TODAY - timedelta(days=8), "currency": account.currency}
    return BankLine.objects.create(
        tenant_id=account.tenant_id, bank_account=account, amount=Decimal(amount), **{**defaults, **fields}
    )


def paid_invoice(account: BankAccount, amount: str = "1200.00", **fields: Any) -> tuple[BankLine, LedgerRecord]:
    """An open invoice and the bank line that cites and pays it."""
    invoice = record_of(account.connection, "invoices", amount, **fields)
    line = line_of(account, amount, description=f"PAYMENT {invoice.number}", counterparty=invoice.contact_name.upper())
    return line, invoice


def matched(connection: Connection) -> None:
    """Run the engine over the connection (inside the tenant's scope)."""
    run = request_match_run(connection=connection)
    run_matching(connection.tenant_id, run.pk)


def proposal_of(line: BankLine) -> Proposal:
    """The proposal that speaks for a line now."""
    line.refresh_from_db()
    assert line.proposal is not None
    return line.proposal


def member(tenant: Tenant, user: User) -> Membership:
    """The person's membership."""
    return Membership.objects.select_related("user", "tenant").get(tenant=tenant, user=user)
