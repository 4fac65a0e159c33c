"""Records found by hand: the nearest amounts that are still free, in the line's direction, of this tenant alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database

from integrations.models import LedgerRecord
from reconciliation.models import BankAccount, Match, MatchEntry, Proposal
from reconciliation.services.finding import find_records
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import TODAY, bank_account_of, connection_of, line_of, record_of


@pytest.fixture
def account(in_acme: Actors) -> BankAccount:
    return bank_account_of(connection_of(in_acme.tenant))


def _use(account: BankAccount, record: LedgerRecord, amount: str) -> None:
    """A live match of another line takes so much of the record."""
    line = line_of(account, amount)
    shared = {"tenant_id": account.tenant_id, "connection": account.connection, "currency": "GBP"}
    shared["amount"] = Decimal(amount)
    proposal = Proposal.objects.create(
        **shared, kind=Proposal.Kind.MANUAL, confidence=1, lead=line, status=Proposal.Status.APPROVED
    )
    match = Match.objects.create(**shared, proposal=proposal, status=Match.Status.LINKED)
    owner = {"tenant_id": account.tenant_id, "match": match, "bank_line": line}
    MatchEntry.objects.create(**owner, record=record, amount=Decimal(amount), open_before=Decimal(amount))


def _numbers(account: BankAccount, amount: str, text: str = "") -> list[str]:
    return [entry.record.number for entry in find_records(line_of(account, amount), text=text)]


def test_the_nearest_amount_stands_first_and_of_equal_ones_the_nearest_day(account: BankAccount) -> None:
    for number, amount, days in (
        ("far", "90.00", 8),
        ("later", "29.00", 3),
        ("old", "29.00", 300),
        ("near", "28.00", 8),
    ):
        record_of(account.connection, "invoices", amount, number=number, issued_on=TODAY - timedelta(days=days))
    assert _numbers(account, "29.00") == ["later", "old", "near", "far"]


def test_equal_payments_that_are_used_up_do_not_hide_the_one_that_is_free(account: BankAccount) -> None:
    for _ in range(70):
        _use(account, record_of(account.connection, "payments", "29.00"), "29.00")
    record_of(account.connection, "payments", "29.00", number="free", issued_on=TODAY - timedelta(days=200))
    part = record_of(account.connection, "payments", "100.00", number="part")
    _use(account, part, "60.00")
    found = find_records(line_of(account, "29.00"))
    assert [(entry.record.number, entry.free) for entry in found] == [("free", Decimal(29)), ("part", Decimal(40))]


def test_only_what_money_in_the_lines_direction_settles_is_found(account: BankAccount) -> None:
    kinds = ("invoices", "vendor_credits", "bills", "credit_notes", "payments", "bill_payments", "expenses")
    for kind in kinds:
        record_of(account.connection, kind, "10.00", number=kind)
    for kind, amount in (("deposit", "10.00"), ("transfer", "-10.00")):
        record_of(account.connection, "bank_transactions", amount, number=kind, kind=kind)
    assert set(_numbers(account, "10.00")) == {"invoices", "vendor_credits", "payments", "deposit"}
    assert set(_numbers(account, "-10.00")) == {"bills", "credit_notes", "bill_payments", "expenses", "transfer"}
    assert _numbers(account, "10.00", "invoices") == ["invoices"]


def test_paid_deleted_and_foreign_records_are_not_found(account: BankAccount) -> None:
    record_of(account.connection, "invoices", "10.00", open_amount=Decimal(0))
    record_of(account.connection, "invoices", "10.00", deleted_at=record_of(account.connection, "bills", "1").synced_at)
    record_of(account.connection, "invoices", "10.00", currency="USD")
    record_of(connection_of(account.tenant), "invoices", "10.00")
    assert _numbers(account, "10.00") == []


def test_the_function_finds_nothing_of_another_tenant_and_nothing_without_one(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant)
        record_of(connection, "invoices", "10.00")
    asked: list[Any] = [connection.pk, "GBP", ["invoices"], Decimal(10), TODAY, 60]
    call = "SELECT count(*) FROM reconciliation_records_near(%s::uuid, %s, %s::text[], %s::numeric, %s::date, %s)"

    def count() -> int:
        with database.cursor() as cursor:
            cursor.execute(call, asked)
            return int(cursor.fetchone()[0])

    with tenant_scope(acme.tenant.pk):
        assert count() == 1
    with tenant_scope(rival.tenant.pk):
        assert count() == 0
    assert count() == 0
