"""What the portal's copy adds up to, for a proof: each figure is one question to the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db.models import Case, Count, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf, Round

from integrations.models import Connection, LedgerRecord

_ZERO = Decimal(0)
_BANKS = ("bank", "credit_card")
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
    account: str = ""
    """The account of the general ledger that it stands on, where it is a record of its own."""


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
    rows = _present(connection, "accounts")
    kinds = dict(rows.values_list("external_id", "kind"))
    found = {}
    told = rows.filter(kind__in=_BANKS).order_by("kind", "number", "name")
    for key, name, currency, parent in told.values_list("external_id", "name", "currency", "unified__parent__id"):
        # A parent that is a bank itself is a heading.
        account = str(parent) if parent and kinds.get(str(parent), "bank") not in _BANKS else ""
        found[key] = Bank(name, currency, account)
    return found


def foreign(connection: Connection, side: Side) -> int:
    """How many open documents are in another currency than the books."""
    rows = _open(connection, side.resources)
    return rows.exclude(currency__in=("", connection.currency)).count() if connection.currency else 0


def at_own_rates(connection: Connection, side: Side) -> tuple[Decimal, ...]:
    """The same in the books' currency, foreign documents at the rates they bear; nothing where one bears none.

    Ledgers say a rate either way round (Xero: foreign for one of home), so both sums are told.
    """
    foreign = ~Q(currency__in=("", connection.currency))
    rate = Cast(KT("unified__exchange_rate"), DecimalField(max_digits=20, decimal_places=10))
    rows = _open(connection, side.resources).annotate(rate=NullIf(rate, Value(_ZERO, DecimalField())))
    if rows.filter(foreign, rate=None).exists():
        return ()
    kinds = rows.order_by().values_list("resource")
    sums = kinds.annotate(
        times=Sum(_worth(foreign, F("open_amount") * F("rate"))), by=Sum(_worth(foreign, F("open_amount") / F("rate")))
    )
    signed = [(1 if resource == side.owed else -1, times, by) for resource, times, by in sums]
    return (
        sum((sign * times for sign, times, _ in signed), _ZERO),
        sum((sign * by for sign, _, by in signed), _ZERO),
    )


def _worth(foreign: Q, converted: Combinable) -> Case:
    """Coin by coin, as ledgers convert each document."""
    coins = Round(converted, precision=2)
    return Case(When(foreign, then=coins), default=F("open_amount"), output_field=DecimalField())


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
    # Some ledgers list payments there without an amount.
    told = _present(connection, "bank_transactions").exclude(amount=None)
    kinds = set(told.order_by().values_list("kind", flat=True).distinct())
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
