"""Exceptions that the tenant's policy raises, and what was said of a split line and of its parts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from integrations.models import Discrepancy
from reconciliation.attachments import read_attachment
from reconciliation.models import BankAccount, BankLine, Case
from reconciliation.services.case_policy import Taking, raise_by_policy, set_policy, taking_of
from reconciliation.services.cases import assign, case_of, comment
from reconciliation.services.splitting import Part, join, split
from reconciliation.services.threads import kin_comments, threads_of
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    member,
    paid_invoice,
    record_of,
)


def go_by_policies() -> int:
    """What the sweeper does with the tenant's policy, when it is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, row_id FROM reconciliation_policies_due(%s, 10)", [timezone.now()])
        return sum(raise_by_policy(tenant_id, row_id) for tenant_id, row_id in cursor.fetchall())


def _take(by: Any, **taking: Any) -> int:
    return set_policy(bands=[{"least": "0", "days": 7}], late_days=3, by=by, taking=Taking(**taking))


def test_late_documents_become_exceptions_only_where_the_policy_takes_them(account: BankAccount, role: Any) -> None:
    today = timezone.localdate()
    late = record_of(account.connection, "bills", "700.00", due_on=today - timedelta(days=31))
    record_of(account.connection, "invoices", "700.00", due_on=today - timedelta(days=30))
    record_of(account.connection, "invoices", "99.99", due_on=today - timedelta(days=90))
    record_of(account.connection, "invoices", "700.00", due_on=today - timedelta(days=90), open_amount=Decimal(0))
    record_of(account.connection, "invoices", "700.00", due_on=today - timedelta(days=90), status="draft")
    assert go_by_policies() == 0
    _take(role("approver"), documents=True, days=30, least=Decimal(100))
    assert go_by_policies() == 1
    case = Case.objects.get()
    assert case.record == late
    assert (case.amount, case.currency, case.since) == (Decimal(-700), "GBP", late.due_on)
    assert case.due_on == today + timedelta(days=3), "it was late when it turned up"
    assert list(Case.objects.open()) == [case]
    assert go_by_policies() == 0, "once an hour"
    late.open_amount = Decimal(0)
    late.save()
    assert not Case.objects.open().exists()


def test_a_document_that_a_line_is_proposed_for_is_not_raised(account: BankAccount, role: Any) -> None:
    long_ago = timezone.localdate() - timedelta(days=60)
    paid_invoice(account, "500.00", due_on=long_ago)
    matched(account.connection)
    _take(role("owner"), documents=True)
    assert go_by_policies() == 0


def test_discrepancies_are_due_by_the_money_they_are_about(account: BankAccount, role: Any) -> None:
    tax = [
        {"field": "tax", "label": "Tax", "ours": "20.00", "theirs": "21.50"},
        {"field": "x", "ours": "a", "theirs": "b"},
    ]
    about = {"tenant_id": account.tenant_id, "connection": account.connection}
    open_one = Discrepancy.objects.create(**about, kind="tax", key="1", differences=tax)
    Discrepancy.objects.create(**about, kind="deleted", key="2", status="ignored", decided_at=timezone.now())
    _take(role("owner"), discrepancies=True)
    assert go_by_policies() == 1
    case = Case.objects.get()
    assert (case.discrepancy, case.amount) == (open_one, Decimal("1.50"))


def test_what_is_taken_no_longer_leaves_unless_somebody_touched_it(
    in_acme: Actors, account: BankAccount, role: Any
) -> None:
    long_ago = timezone.localdate() - timedelta(days=60)
    rows = [record_of(account.connection, "invoices", f"{n}00.00", due_on=long_ago) for n in range(1, 6)]
    by_hand = case_of(rows[0])
    _take(role("owner"), documents=True)
    assert go_by_policies() == 4
    given, said, untouched, small = (Case.objects.get(record=row) for row in (rows[4], rows[3], rows[2], rows[1]))
    assign(cases=[given], to=in_acme.owner, by=role("editor"))
    comment(case=said, by=role("editor"), text="They pay on Friday")
    _take(role("owner"), documents=True, least=Decimal(250))
    assert set(Case.objects.all()) == {by_hand, given, said, untouched}
    assert small not in Case.objects.all()
    _take(role("owner"), documents=False)
    assert set(Case.objects.all()) == {by_hand, given, said}


def test_a_settled_exception_stays_in_the_record_whatever_is_taken_next(account: BankAccount, role: Any) -> None:
    late = record_of(account.connection, "bills", "700.00", due_on=timezone.localdate() - timedelta(days=60))
    _take(role("owner"), documents=True)
    assert go_by_policies() == 1
    late.open_amount = Decimal(0)
    late.save()
    _take(role("owner"), documents=False)
    assert Case.objects.get().record == late


def test_other_bands_leave_what_is_taken_as_it_was(account: BankAccount, role: Any) -> None:
    _take(role("owner"), documents=True, days=45)
    set_policy(bands=[{"least": "0", "days": 2}], late_days=1, by=role("owner"))
    assert taking_of(account.tenant_id) == Taking(documents=True, days=45)


# A split line and its parts hear each other


def _split_line(account: BankAccount, by: Any) -> tuple[BankLine, list[BankLine]]:
    line = line_of(account, "640.00", counterparty="TWO THINGS")
    comment(case=case_of(line), by=by, text="Said of the whole")
    return line, split(line=line, parts=[Part(Decimal(600)), Part(Decimal(40))], by=by)


def test_what_was_said_of_a_line_is_found_on_its_parts_and_the_other_way(account: BankAccount, role: Any) -> None:
    line, (first, second) = _split_line(account, role("editor"))
    comment(case=case_of(first), by=role("owner"), text="Said of the part", file=read_attachment("a.txt", b"text"))
    found = threads_of([line.pk, first.pk, second.pk])
    assert [each.words for each in found[line.pk].kin] == ["the part of 600.00 GBP"]
    assert [each.case.bank_line for each in found[first.pk].kin] == [line]
    assert (found[second.pk].case, found[second.pk].said, len(found[second.pk].kin)) == (None, 0, 1)
    ((_, words, said),) = kin_comments(case_of(first))
    assert (words, [each.text for each in said]) == ("the whole line", ["Said of the whole"])
    join(line=line, by=role("editor"))
    ((_, words, said),) = kin_comments(case_of(line))
    assert (words, [each.text for each in said]) == ("the part of 600.00 GBP", ["Said of the part"])


def test_a_part_links_to_what_was_said_of_its_line_on_every_page(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        line, (part, _) = _split_line(account, member(acme.tenant, acme.editor))
        whole, own = case_of(line), case_of(part)
    client = acme.client("editor")
    address = reverse("admin:reconciliation_case_change", args=[whole.pk])
    for url in (
        reverse("admin:reconciliation_bankline_change", args=[part.pk]),
        reverse("admin:reconciliation_workbench") + "?show=unmatched",
    ):
        text = client.get(url).content.decode()
        assert "1 comment on the whole line" in text
        assert address in text
    text = client.get(reverse("admin:reconciliation_case_change", args=[own.pk])).content.decode()
    assert "Said of the whole" in text
    text = client.get(reverse("admin:reconciliation_bankline_change", args=[line.pk])).content.decode()
    assert "Said of the whole" in text
