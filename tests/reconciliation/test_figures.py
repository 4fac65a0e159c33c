"""The sums that progress stands on are always what the lines are, whoever changes those and however."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Abs
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.models import BankAccount, BankLine, DayFigure
from reconciliation.services.board import progress_of
from reconciliation.services.figures import fold
from reconciliation.services.filters import read_filters
from reconciliation.services.splitting import Part, join, split
from reconciliation.tasks import fold_figures
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of, line_of

_KEY = ("bank_account", "booked_on", "status", "currency")
_DAYS = [date(2026, 10, 30) + timedelta(days=n) for n in range(4)]


def _counted() -> dict[Any, Any]:
    """As the lines say it."""
    net = Case(When(part_of=None, then=F("amount")), default=Value(Decimal(0)))
    rows = BankLine.objects.order_by().values(*_KEY)
    sums = rows.annotate(n=Count("pk"), moved=Sum(Abs("amount")), total=Sum(net))
    return {tuple(row[name] for name in _KEY): (row["n"], row["moved"], row["total"]) for row in sums}


def _kept() -> dict[Any, Any]:
    """As the figures say it."""
    rows = DayFigure.objects.order_by().values(*_KEY)
    sums = rows.annotate(n=Sum("lines"), moved=Sum("money"), total=Sum("net"))
    found = sums.exclude(Q(n=0) & Q(moved=0) & Q(total=0))
    return {tuple(row[name] for name in _KEY): (row["n"], row["moved"], row["total"]) for row in found}


def _act(account: BankAccount, step: tuple[str, int, int]) -> None:
    """One change of some lines, in one statement."""
    kind, number, at = step
    some = BankLine.objects.filter(pk__in=list(BankLine.objects.order_by("pk").values_list("pk", flat=True)[at::3]))
    day, amount = _DAYS[at % 4], Decimal(number) / 100 or Decimal(1)
    if kind == "add":
        rows = [
            BankLine(
                tenant_id=account.tenant_id, bank_account=account, external_id=f"{timezone.now()} {n}", booked_on=day,
                amount=amount * n, currency="GBP" if n < 3 else "EUR", status="unmatched",
            )
            for n in (1, -2, 3)
        ]  # fmt: skip
        BankLine.objects.bulk_create(rows)
    elif kind == "status":
        some.update(status=["proposed", "matched", "ignored", "unmatched"][number % 4])
    elif kind == "amount":
        some.update(amount=F("amount") + amount * 1000, booked_on=day)
    elif kind == "touch":
        some.update(waits_since=timezone.now())
    elif kind == "delete":
        some.delete()
    else:
        fold(account.tenant_id)


_STEPS = st.tuples(
    st.sampled_from(["add", "add", "status", "amount", "touch", "delete", "fold"]),
    st.integers(1, 100_000),
    st.integers(0, 5),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(_STEPS, min_size=3, max_size=12))
def test_after_any_changes_the_figures_are_the_lines(account: BankAccount, steps: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        for step in steps:
            _act(account, step)
            assert _kept() == _counted(), step
        fold(account.tenant_id)
        assert _kept() == _counted()
        assert DayFigure.objects.count() == len(_counted())
        transaction.set_rollback(True)


def test_parts_count_instead_of_their_line_and_the_bank_delivered_it_once(
    account: BankAccount, role: Callable[[str], Any]
) -> None:
    line = line_of(account, "90.00")
    split(line=line, parts=[Part(Decimal(95)), Part(Decimal(-5))], by=role("editor"))
    assert _kept() == _counted()
    progress = progress_of(account.tenant, read_filters({}))
    assert (progress.total, progress.money) == (2, [("GBP", Decimal(0), Decimal(100))])
    assert DayFigure.objects.aggregate(net=Sum("net")) == {"net": Decimal(90)}
    line.refresh_from_db()
    join(line=line, by=role("editor"))
    progress = progress_of(account.tenant, read_filters({}))
    assert (progress.total, progress.money) == (1, [("GBP", Decimal(0), Decimal(90))])
    assert _kept() == _counted()


def test_what_was_taken_back_never_counted(account: BankAccount) -> None:
    line = line_of(account, "10.00")
    with transaction.atomic():
        BankLine.objects.filter(pk=line.pk).update(status="matched")
        assert _kept() == _counted()
        transaction.set_rollback(True)
    assert progress_of(account.tenant, read_filters({})).counts == {"unmatched": 1}


def test_a_statement_that_changes_no_sum_leaves_no_row(account: BankAccount) -> None:
    line_of(account, "10.00")
    before = DayFigure.objects.count()
    BankLine.objects.update(waits_since=timezone.now(), description="said anew")
    assert DayFigure.objects.count() == before


def test_an_account_takes_its_figures_with_it(account: BankAccount) -> None:
    other = bank_account_of(account.connection, name="Other")
    line_of(account, "10.00")
    line_of(other, "20.00")
    account.delete()
    assert set(DayFigure.objects.values_list("bank_account", flat=True)) == {other.pk}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_figures_end_at_the_fence(acme: Actors, rival: Actors) -> None:
    for each, amount in ((acme, "10.00"), (rival, "7.00")):
        with tenant_scope(each.tenant.pk):
            line_of(bank_account_of(connection_of(each.tenant)), amount)
    with tenant_scope(acme.tenant.pk):
        assert _kept() == _counted()
        assert progress_of(acme.tenant, read_filters({})).money == [("GBP", Decimal(0), Decimal(10))]
        assert progress_of(rival.tenant, read_filters({})).total == 0
    assert not DayFigure.objects.exists()


def test_the_sweeper_folds_what_many_changes_left(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        line = line_of(account, "10.00")
        for _ in range(125):
            for status in ("matched", "unmatched"):
                BankLine.objects.filter(pk=line.pk).update(status=status)
        assert DayFigure.objects.count() == 501
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, tenant_id, row_id FROM reconciliation_figures_due(%s, 10)", [timezone.now()])
        assert cursor.fetchall() == [("figures", acme.tenant.pk, acme.tenant.pk)]
    fold_figures(str(acme.tenant.pk), str(acme.tenant.pk))
    with tenant_scope(acme.tenant.pk):
        assert DayFigure.objects.get().lines == 1
        assert _kept() == _counted()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_people_who_decide_at_once_wait_for_nobody_and_nothing_is_lost(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        lines = [line_of(account, "10.00", booked_on=_DAYS[0]) for _ in range(3)]
    together = Barrier(3, timeout=20)
    done: list[BankLine] = []

    def decide(line: BankLine) -> None:
        try:
            for status in ("proposed", "matched"):
                with tenant_scope(acme.tenant.pk):
                    BankLine.objects.filter(pk=line.pk).update(status=status)
                    # Nobody commits before everybody has written: a lock on a common row would end this in time-out.
                    together.wait()
                if line is lines[0]:
                    fold(acme.tenant.pk)
            done.append(line)
        finally:
            connections.close_all()

    threads = [Thread(target=decide, args=(line,)) for line in lines]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(done) == 3
    with tenant_scope(acme.tenant.pk):
        assert _kept() == _counted()
        fold(acme.tenant.pk)
        assert _kept() == _counted() == {(account.pk, _DAYS[0], "matched", "GBP"): (3, Decimal(30), Decimal(30))}
