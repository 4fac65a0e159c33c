"""What bank lines come to, read from the sums that the database keeps with every change of a line."""

from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from reconciliation.models import BankLine, DayFigure
from tenants.models import Tenant
from tenants.rls import tenant_scope

# What went away and what took its place are one statement, so that whoever reads sees the one or the other.
_FOLD = """
WITH days AS (
  SELECT DISTINCT bank_account_id, booked_on, status, currency FROM reconciliation_dayfigure
   WHERE tenant_id = %(tenant)s AND NOT is_folded),
gone AS (
  DELETE FROM reconciliation_dayfigure f USING days d
   WHERE f.tenant_id = %(tenant)s AND f.bank_account_id = d.bank_account_id AND f.booked_on = d.booked_on
     AND f.status = d.status AND f.currency = d.currency RETURNING f.*)
INSERT INTO reconciliation_dayfigure
  (id, tenant_id, bank_account_id, booked_on, status, currency, lines, money, net, is_folded)
SELECT gen_random_uuid(), tenant_id, bank_account_id, booked_on, status, currency, sum(lines), sum(money), sum(net),
  true FROM gone GROUP BY tenant_id, bank_account_id, booked_on, status, currency
HAVING sum(lines) <> 0 OR sum(money) <> 0 OR sum(net) <> 0
"""


def figures_of(
    tenant: Tenant, *, account: UUID | None = None, first_on: date | None = None, before: date | None = None
) -> QuerySet[DayFigure]:
    """The figures of a tenant, of one account, from a day on, before a day: to be summed."""
    rows = DayFigure.objects.for_tenant(tenant).order_by()
    if account is not None:
        rows = rows.filter(bank_account=account)
    if first_on is not None:
        rows = rows.filter(booked_on__gte=first_on)
    return rows.filter(booked_on__lt=before) if before is not None else rows


def moving_of(rows: QuerySet[DayFigure]) -> QuerySet[DayFigure]:
    """Every amount once: parts instead of the line that was split into them."""
    return rows.exclude(status__in=[BankLine.Status.SPLIT, BankLine.Status.JOINED])


def fold(tenant_id: UUID | str) -> int:
    """Make one row of the many that a day's changes left; how many rows came of it. The sums stay what they are."""
    with tenant_scope(tenant_id), connection.cursor() as cursor:
        cursor.execute(_FOLD, {"tenant": str(tenant_id)})
        return int(cursor.rowcount)
