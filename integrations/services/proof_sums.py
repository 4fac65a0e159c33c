"""What the portal's copy adds up to, for a proof: each figure is one question to the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db.models import Count, QuerySet, Sum

from integrations.models import Connection, LedgerRecord

_ZERO = Decimal(0)
_NOT_IN_FORCE = ("draft", "void")


@dataclass(frozen=True)
class Side:
    """Receivables or payables: which documents make up the balance of which accounts, and on which side it stands."""

    account_type: str
    owed: str
    credits: tuple[str, ...]
    sign: int

    @property
    def resources(self) -> tuple[str, ...]:
        """All of them."""
        return (self.owed, *self.credits)


SIDES = {
    "receivable": Side("accounts_receivable", "invoices", ("credit_notes", "payments"), 1),
    "payable": Side("accounts_payable", "bills", ("vendor_credits", "bill_payments"), -1),
}
DATED = (*SIDES["receivable"].resources, *SIDES["payable"].resources, "journal_entries", "bank_transactions")


@dataclass(frozen=True)
class Bank:
    """An account that money is on."""

    name: str
    currency: str


def counts(connection: Connection, resource: str = "") -> dict[str, dict[str, int]]:
    """resource → kind of record → how many present ones the portal holds."""
    rows = _present(connection)
    rows = rows.filter(resource=resource) if resource else rows
    found: dict[str, dict[str, int]] = {}
    for name, kind, count in rows.order_by().values_list("resource", "remote_type").annotate(count=Count("pk")):
        found.setdefault(name, {})[kind] = count
    return found


def accounts(connection: Connection, *types: str) -> dict[str, str]:
    """Ids and names of the accounts of some types."""
    rows = _present(connection, "accounts").filter(kind__in=types)
    return dict(rows.order_by("number", "name").values_list("external_id", "name"))


def banks(connection: Connection) -> dict[str, Bank]:
    """Bank and credit card accounts by id."""
    rows = _present(connection, "accounts").filter(kind__in=("bank", "credit_card")).order_by("kind", "number", "name")
    return {key: Bank(name, currency) for key, name, currency in rows.values_list("external_id", "name", "currency")}


def foreign(connection: Connection, side: Side) -> int:
    """How many open documents are in another currency than the books."""
    rows = _open(connection, side.resources)
    return rows.exclude(currency__in=("", connection.currency)).count() if connection.currency else 0


def open_amounts(connection: Connection, side: Side) -> Decimal:
    """What is owed by documents in force, less credits and payments that are not applied."""
    sums = _open(connection, side.resources).order_by().values_list("resource").annotate(sum=Sum("open_amount"))
    return sum((amount if resource == side.owed else -amount for resource, amount in sums), _ZERO)


_ENTRIES = """
SELECT line->'account'->>'id',
  SUM(COALESCE((line->>'debit')::numeric, 0) - COALESCE((line->>'credit')::numeric, 0))
FROM integrations_ledgerrecord r, jsonb_array_elements(
  CASE WHEN jsonb_typeof(r.unified->'lines') = 'array' THEN r.unified->'lines' ELSE '[]' END) AS line
WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = 'journal_entries'
  AND r.deleted_at IS NULL AND r.status NOT IN ('draft', 'void') AND line->'account'->>'id' = ANY(%(accounts)s)
GROUP BY 1
"""

_MOVED = """
SELECT account, SUM(amount) FROM (
  SELECT r.unified->'account'->>'id' AS account, r.amount * CASE
    WHEN r.resource = 'bill_payments' THEN -1 ELSE 1 END AS amount, r.resource
  FROM integrations_ledgerrecord r
  WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = ANY(%(resources)s)
    AND r.deleted_at IS NULL AND r.status NOT IN ('draft', 'void')
  UNION ALL
  SELECT r.unified->'other_account'->>'id', -r.amount, r.resource FROM integrations_ledgerrecord r
  WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = 'bank_transactions'
    AND r.deleted_at IS NULL AND r.status NOT IN ('draft', 'void')
) AS m WHERE account = ANY(%(accounts)s) GROUP BY 1
"""


def entries(connection: Connection, ids: Sequence[str]) -> Decimal:
    """What journal entries moved on these accounts, debits less credits."""
    return sum(_sums(_ENTRIES, connection, accounts=list(ids)).values(), _ZERO)


def moved(connection: Connection, ids: Sequence[str]) -> dict[str, Decimal]:
    """What moved on each of these accounts: bank transactions, payments where they are none of those, and entries."""
    kinds = set(_present(connection, "bank_transactions").order_by().values_list("kind", flat=True).distinct())
    apart = [name for name, kind in (("payments", "payment"), ("bill_payments", "bill_payment")) if kind not in kinds]
    found = _sums(_MOVED, connection, accounts=list(ids), resources=["bank_transactions", *apart])
    for key, amount in _sums(_ENTRIES, connection, accounts=list(ids)).items():
        found[key] = found.get(key, _ZERO) + amount
    return found


def _sums(statement: str, connection: Connection, **values: Any) -> dict[str, Decimal]:
    with database.cursor() as cursor:
        cursor.execute(statement, {"tenant": connection.tenant_id, "connection": connection.pk, **values})
        return {key: Decimal(amount) for key, amount in cursor.fetchall()}


def _present(connection: Connection, resource: str = "") -> "QuerySet[LedgerRecord]":
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(connection=connection, deleted_at=None)
    return rows.filter(resource=resource) if resource else rows


def _open(connection: Connection, resources: Iterable[str]) -> "QuerySet[LedgerRecord]":
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(connection=connection, deleted_at=None)
    return rows.filter(resource__in=list(resources)).open().exclude(status__in=_NOT_IN_FORCE)
