"""Pages far down a list, and counts over everything, read what they show and not all that stands before it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from integrations.models import Discrepancy, LedgerRecord
from reconciliation.models import BankAccount, BankLine, Case
from reconciliation.services.cases import case_of
from reconciliation.services.filters import lines_of, read_filters
from tenants.admin import CappedPaginator
from tenants.rls import tenant_scope
from tests.building import build
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of, line_of, record_of


def _lines(account: BankAccount, count: int, status: str = "unmatched") -> None:
    first = date(2026, 1, 1)
    BankLine.objects.bulk_create(
        BankLine(
            tenant_id=account.tenant_id, bank_account=account, external_id=f"F{n:05}", currency="GBP", status=status,
            booked_on=first + timedelta(days=n % 200), amount=Decimal(n + 1), description="x" * 200,
        )
        for n in range(count)
    )  # fmt: skip


def test_pages_are_the_rows_of_the_order_one_after_the_other(account: BankAccount) -> None:
    _lines(account, 107)
    rows = BankLine.objects.for_tenant(account.tenant).select_related("bank_account").order_by("-booked_on", "-id")
    paginator = CappedPaginator(rows, 25)
    pages = [list(paginator.page(number)) for number in range(1, 6)]
    assert [len(page) for page in pages] == [25, 25, 25, 25, 7]
    assert [row for page in pages for row in page] == list(rows)
    with CaptureQueriesContext(connection) as queries:
        assert [row.bank_account.name for row in paginator.page(4)]
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_lines_before_a_page_are_passed_in_the_index_alone(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        _lines(bank_account_of(connection_of(acme.tenant)), 3000)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) reconciliation_bankline")
    with tenant_scope(acme.tenant.pk):
        rows = BankLine.objects.for_tenant(acme.tenant).order_by("-booked_on", "-id")
        plan = rows.window(1500, 1525).explain()
    assert "Index Only Scan using bank_line_newest" in plan, plan


def test_what_was_matched_last_comes_first_as_nothing_is_left_to_be_sure_of(account: BankAccount) -> None:
    _lines(account, 3, "matched")
    _lines_of = [row.booked_on.day for row in lines_of(account.tenant, read_filters({"show": "matched"}))]
    assert _lines_of == [3, 2, 1]
    waiting = BankLine.objects.all().update(status="unmatched")
    assert waiting == 3
    assert [row.booked_on.day for row in lines_of(account.tenant, read_filters({"show": "unmatched"}))] == [1, 2, 3]


def test_exceptions_are_counted_at_once_and_each_is_open_or_settled(account: BankAccount, acme: Actors) -> None:
    user, rows = acme.editor, []
    for status in ("unmatched", "proposed", "matched", "ignored"):
        line = line_of(account, "10.00")
        BankLine.objects.filter(pk=line.pk).update(status=status)
        rows.append(case_of(line))
    for open_amount in ("5.00", "0.00"):
        record = record_of(account.connection, "invoices", "10.00")
        LedgerRecord.objects.filter(pk=record.pk).update(open_amount=Decimal(open_amount))
        rows.append(case_of(record))
    gone = record_of(account.connection, "invoices", "10.00")
    rows.append(case_of(gone))
    LedgerRecord.objects.filter(pk=gone.pk).update(deleted_at="2026-11-01T00:00:00Z")
    rows.append(case_of(build(Discrepancy, account.tenant, status="open")))
    Case.objects.filter(pk=rows[0].pk).update(assignee=user, due_on=date(2020, 1, 1))
    cases = Case.objects.for_tenant(account.tenant)
    is_open = [True, True, False, False, True, False, False, True]
    assert set(cases.open()) == {row for row, said in zip(rows, is_open, strict=True) if said}
    assert set(cases.settled()) == {row for row, said in zip(rows, is_open, strict=True) if not said}
    with CaptureQueriesContext(connection) as queries:
        told = cases.open().counted(user)
    assert len(queries) == 1
    assert (told["all"], told["mine"], told["nobody"]) == (4, 1, 3)
    assert told["over"] == cases.open().overdue().count()
