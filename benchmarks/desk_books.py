"""A tenant whose bank accounts hold very many lines, with the documents and proposals behind them, for benchmarks.

Rows are made by PostgreSQL itself and take seconds, because the owner of the tables takes their indexes and triggers
away meanwhile: take a database that may be thrown away, and that nobody else uses.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.matching_runs import books

_AT_ONCE = 100_000
_TABLES = (
    "reconciliation_bankline", "integrations_ledgerrecord", "reconciliation_proposal", "reconciliation_proposalline",
    "reconciliation_proposalentry", "reconciliation_case", "reconciliation_anomaly",
)  # fmt: skip
# Of a hundred lines three are unexplained, five proposed, two set aside; names come from 5,000 payers, references are
# their own. Half of the records are paid documents, a twentieth open ones, the others bookings.
_ROWS = {
    "record": """
INSERT INTO integrations_ledgerrecord (id, tenant_id, connection_id, resource, remote_type, external_id, unified, raw,
  content_hash, version, synced_at, name, number, contact_id_external, contact_name, issued_on, due_on, amount,
  open_amount, currency, status, kind, is_active, search)
SELECT md5(%(tenant)s || 'record' || n)::uuid, %(tenant)s, %(connection)s, kind, kind, 'R' || n,
  jsonb_build_object('memo', 'Delivery ' || n, 'reference', 'REF-' || n),
  json_build_object('Id', 'R' || n, 'Memo', 'Delivery ' || n, 'Text', repeat('as long as ledgers send it ', 4)),
  repeat('0', 64), '', now() - interval '1 day', '', 'INV-' || n, 'C' || n %% 5000,
  'Payer ' || left(md5((n %% 5000)::text), 10),
  date '2016-01-01' + n %% 3650, date '2016-01-31' + n %% 3650, 10 + (n::bigint * 7919 %% 1000000) / 100.0,
  CASE WHEN kind IN ('payments', 'bill_payments') OR n %% 100 NOT BETWEEN 3 AND 7 THEN 0
    ELSE 10 + (n::bigint * 7919 %% 1000000) / 100.0 END,
  'EUR', 'open', '', true,
  lower('INV-' || n || ' Payer ' || left(md5((n %% 5000)::text), 10) || ' Delivery ' || n || ' REF-' || n)
FROM (SELECT n, CASE WHEN n %% 100 BETWEEN 3 AND 7 OR n %% 2 = 0 THEN 'invoices' ELSE 'payments' END AS kind
      FROM generate_series(%(first)s, %(last)s) AS n) AS made
""",
    "line": """
INSERT INTO reconciliation_bankline (id, tenant_id, bank_account_id, external_id, booked_on, amount, currency,
  description, counterparty, reference, status, proposal_id, created_at, waits_since)
SELECT md5(%(tenant)s || 'line' || n)::uuid, %(tenant)s, %(account)s, 'B' || n, date '2016-01-01' + n %% 3650,
  10 + (n::bigint * 7919 %% 1000000) / 100.0, 'EUR', 'PAYMENT OF INVOICE INV-' || n,
  'Payer ' || left(md5((n %% 5000)::text), 10), 'E2E' || left(md5(n::text), 12),
  CASE WHEN n %% 100 < 3 THEN 'unmatched' WHEN n %% 100 < 8 THEN 'proposed' WHEN n %% 100 < 10 THEN 'ignored'
    ELSE 'matched' END,
  CASE WHEN n %% 100 BETWEEN 3 AND 7 THEN md5(%(tenant)s || 'proposal' || n)::uuid END, now(), NULL
FROM generate_series(%(first)s, %(last)s) AS n
""",
    "proposal": """
INSERT INTO reconciliation_proposal (id, tenant_id, connection_id, kind, confidence, reasons, alternatives, amount,
  currency, difference, booking, status, lead_id, created_at)
SELECT md5(%(tenant)s || 'proposal' || n)::uuid, %(tenant)s, %(connection)s,
  CASE WHEN n %% 1000 = 3 THEN 'fee' ELSE 'match' END, 1 - (n::bigint * 31 %% 3000) / 10000.0, '[]', '[]',
  10 + (n::bigint * 7919 %% 1000000) / 100.0, 'EUR', 0, '{}', 'open', md5(%(tenant)s || 'line' || n)::uuid, now()
FROM generate_series(%(first)s, %(last)s) AS n WHERE n %% 100 BETWEEN 3 AND 7
""",
    "proposal line": """
INSERT INTO reconciliation_proposalline (id, tenant_id, proposal_id, bank_line_id, position)
SELECT gen_random_uuid(), %(tenant)s, md5(%(tenant)s || 'proposal' || n)::uuid, md5(%(tenant)s || 'line' || n)::uuid, 0
FROM generate_series(%(first)s, %(last)s) AS n WHERE n %% 100 BETWEEN 3 AND 7
""",
    "proposal entry": """
INSERT INTO reconciliation_proposalentry (id, tenant_id, proposal_id, record_id, amount, position)
SELECT gen_random_uuid(), %(tenant)s, md5(%(tenant)s || 'proposal' || n)::uuid, md5(%(tenant)s || 'record' || n)::uuid,
  10 + (n::bigint * 7919 %% 1000000) / 100.0, 0
FROM generate_series(%(first)s, %(last)s) AS n WHERE n %% 100 BETWEEN 3 AND 7
""",
    "exception": """
INSERT INTO reconciliation_case (id, tenant_id, bank_line_id, amount, currency, since, due_on, due_reason, raised_at,
  is_by_policy)
SELECT gen_random_uuid(), %(tenant)s, md5(%(tenant)s || 'line' || n)::uuid,
  10 + (n::bigint * 7919 %% 1000000) / 100.0, 'EUR', date '2016-01-01' + n %% 3650, date '2016-01-15' + n %% 3650, '',
  now(), false
FROM generate_series(%(first)s, %(last)s) AS n WHERE n %% 100 < 3 OR n %% 50 = 11
""",
    "odd payment": """
INSERT INTO reconciliation_anomaly (id, tenant_id, bank_line_id, kind, reason, is_strong, others, status, decided_at,
  note, created_at)
SELECT gen_random_uuid(), %(tenant)s, md5(%(tenant)s || 'line' || n)::uuid, 'amount', 'Unusually much', n %% 2 = 0,
  '[]', CASE WHEN n %% 100 < 8 THEN 'open' ELSE 'explained' END, CASE WHEN n %% 100 >= 8 THEN now() END, '', now()
FROM generate_series(%(first)s, %(last)s) AS n WHERE n %% 25 = 5
""",
}

# The triggers that keep these are away while lines are made.
_FIGURES = """
INSERT INTO reconciliation_dayfigure (id, tenant_id, bank_account_id, booked_on, status, currency, lines, money, net,
  is_folded)
SELECT gen_random_uuid(), tenant_id, bank_account_id, booked_on, status, currency, count(*), sum(abs(amount)),
  sum(amount), true
FROM reconciliation_bankline WHERE tenant_id = %s
GROUP BY tenant_id, bank_account_id, booked_on, status, currency
"""


@contextmanager
def _unburdened(owner: Any) -> Iterator[None]:
    """The tables without triggers, and without the indexes that no constraint needs."""
    rows = owner.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid"
        " WHERE i.indrelid = ANY (%s::regclass[]) AND c.oid IS NULL",
        [list(_TABLES)],
    ).fetchall()
    for table in _TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for name, _ in rows:
        owner.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        owner.execute("SET maintenance_work_mem = '256MB'")
        for _, definition in rows:
            owner.execute(definition)
        for table in _TABLES:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def stored(slug: str, lines: int, parts: tuple[str, ...] = tuple(_ROWS)) -> Any:
    """A tenant with one bank account that holds so many lines; `parts`: what is made beside them, all of it else."""
    import psycopg
    from django.db import connection

    from reconciliation.models import BankAccount
    from tenants.rls import tenant_scope

    tenant, connected = books(slug, "Many lines")
    with tenant_scope(tenant.pk):
        account = BankAccount.objects.create(tenant=tenant, connection=connected, name="Current", currency="EUR")
    names = {"tenant": str(tenant.pk), "connection": str(connected.pk), "account": str(account.pk)}
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        with _unburdened(owner):
            for first in range(1, lines + 1, _AT_ONCE):
                with tenant_scope(tenant.pk), connection.cursor() as cursor:
                    for part in parts:
                        span = {"first": first, "last": min(first + _AT_ONCE - 1, lines)}
                        cursor.execute(_ROWS[part], {**names, **span})
            with tenant_scope(tenant.pk), connection.cursor() as cursor:
                cursor.execute(_FIGURES, [tenant.pk])
        for table in (*_TABLES, "reconciliation_dayfigure"):
            owner.execute(f"VACUUM (ANALYZE) {table}")
    return tenant


def found(slug: str) -> Any:
    """A tenant that was stored before."""
    import psycopg

    from tenants.models import Tenant
    from tenants.rls import tenant_scope

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        row = owner.execute("SELECT id FROM tenants_tenant WHERE slug = %s", [slug]).fetchone()
    if row is None:
        raise SystemExit(f"There is no tenant {slug!r} in this database.")
    with tenant_scope(row[0]):
        return Tenant.objects.get(pk=row[0])
