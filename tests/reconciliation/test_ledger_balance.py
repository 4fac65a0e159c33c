"""The ledger's own balance beside the bank's in a close: asked by a worker, explained to the cent."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import Fetch
from integrations.services.fetching import perform_fetch
from reconciliation.models import PeriodClose
from reconciliation.services.approval import approve
from reconciliation.services.close_report import csv_of
from reconciliation.services.closing import ground_of
from reconciliation.services.ledger_balance import ask
from reconciliation.services.rejection import propose_by_hand
from reconciliation.services.statements import bank_account_for
from tenants.models import Membership
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import CLIENT, Sandbox, sandbox, sandbox_process  # noqa: F401
from tests.mappings.test_ledger_kinds import Ledger, _accounts, _in_books, _open
from tests.reconciliation.factories import bank_account_of, connection_of, line_of, record_of

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def closing(acme: Actors, **connection: Any) -> PeriodClose:
    """A period with a stated balance, one line that is not posted, one payment that is not on the statement."""
    account = bank_account_of(connection_of(acme.tenant, **connection))
    line_of(account, "-7.50", booked_on=date(2026, 10, 12), description="account fee")
    book = {"account": {"id": account.external_account_id}, "memo": "", "reference": ""}
    record_of(
        account.connection,
        "payments",
        "40.00",
        issued_on=date(2026, 10, 30),
        unified=book,
        number="P-1",
        contact="Late",
    )
    return PeriodClose.objects.create(tenant_id=acme.tenant.pk, bank_account=account, first_on=FIRST, last_on=LAST)


def stated(close: PeriodClose, amount: str) -> None:
    """The bank's own balance on the last day."""
    statement = close.bank_account.imports.create(
        tenant_id=close.tenant_id, file_name="x", file_hash="", content=b"", status="imported"
    )
    close.bank_account.balances.create(
        tenant_id=close.tenant_id, statement=statement, on=LAST, is_opening=False, amount=Decimal(amount)
    )


def answered(close: PeriodClose, by: Any, debit: str, at: int = 0) -> Fetch:
    """What a worker brings of the last day, or (`at` 1) of the day before the period."""
    fetch = ask(close=close, by=by)[at]
    values = {"debit": debit, "credit": None}
    leaf = {"kind": "line", "id": close.bank_account.external_account_id, "values": values, "rows": []}
    fetch.answer = {"rows": [{"kind": "section", "rows": [leaf]}]}
    fetch.status, fetch.finished_at = Fetch.Status.DONE, timezone.now() - timedelta(minutes=1)
    fetch.save()
    return fetch


def test_what_lies_between_the_bank_and_the_ledger_is_explained_to_the_cent(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        stated(close, "100.00")
        unasked = ground_of(close)
        assert unasked.comparison.told.state == "unasked"
        assert unasked.needs_note
        assert any("was not asked yet" in check.text for check in unasked.checks)
        assert "is not noticed" in csv_of(close, unasked).decode("utf-8-sig")
        # 100.00 at the bank, 40.00 under way to it, 7.50 that nobody posted.
        answered(close, acme.editor, "147.50")
        found = ground_of(close).comparison
        assert (found.posted_total, found.stated_total) == (Decimal("40.00"), Decimal("-7.50"))
        assert found.unexplained == 0
        assert "147.50" in csv_of(close, ground_of(close)).decode("utf-8-sig")
        assert any(check.title == "The ledger's own balance is explained" for check in ground_of(close).checks)
    page = acme.client("auditor").get(reverse("admin:reconciliation_periodclose_change", args=[close.pk]))
    text = page.content.decode()
    with tenant_scope(acme.tenant.pk):
        payment, fee = (each[0] for each in (found.posted_only, found.stated_only))
    assert (payment.text, fee.text) == ("payment P-1 Late", "account fee")
    assert reverse("admin:integrations_ledgerrecord_change", args=[payment.pk]) in text
    assert reverse("admin:reconciliation_bankline_change", args=[fee.pk]) in text
    assert "Nothing is left unexplained" in text
    assert "Ask again" not in text


def test_items_of_before_and_across_the_end_say_where_their_other_side_is(acme: Actors, role: Any) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        account = close.bank_account
        book = {"account": {"id": account.external_account_id}, "memo": "", "reference": ""}

        def posted(amount: str, on: date) -> Any:
            return record_of(
                account.connection, "payments", amount, issued_on=on, unified=book, number="", contact=amount
            )

        line_of(account, "-3.00", booked_on=date(2026, 9, 5), description="older fee")
        posted("11.00", date(2026, 9, 20))
        posted("12.00", date(2026, 9, 4))  # of before the first line: nobody knows the bank's side
        early = line_of(account, "13.00", booked_on=date(2026, 10, 30), description="PAYMENT")
        late = line_of(account, "14.00", booked_on=date(2026, 11, 2), description="PAYMENT")
        for line, on in ((early, date(2026, 11, 1)), (late, date(2026, 10, 29))):
            made = propose_by_hand(
                connection=account.connection, lines=[line], records=[posted(str(line.amount), on)], by=role("editor")
            )
            (done,) = approve(proposals=[made], by=role("approver"))
            assert done.refused == ""
        stated(close, "100.00")
        answered(close, acme.editor, str(Decimal("100.00") + 40 + 11 + 14 + Decimal("7.50") + 3 - 13 + 5))
        found = ground_of(close).comparison
        assert {(each.amount, each.why) for each in found.posted_only} == {
            (Decimal(40), ""),
            (Decimal(11), "from before this period"),
            (Decimal(14), "on the statement on 2 Nov 2026"),
        }
        assert {(each.amount, each.why) for each in found.stated_only} == {
            (Decimal("-7.5"), ""),
            (Decimal(-3), "from before this period"),
            (Decimal(13), "in the ledger on 1 Nov 2026"),
        }
        assert found.unexplained == Decimal(5)


def test_what_is_left_names_the_journal_entries_on_the_account(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        account = close.bank_account
        sides = [("5.00", "0", account.external_account_id), ("0", "5.00", "999")]
        lines = [{"debit": debit, "credit": credit, "account": {"id": key}} for debit, credit, key in sides]
        for day in (10, 31):
            body = {"unified": {"lines": lines}, "number": f"J-{day}", "issued_on": date(2026, 10, 1) + timedelta(day)}
            record_of(account.connection, "journal_entries", "5.00", **body)
        stated(close, "100.00")
        answered(close, acme.editor, "153.50")
        found = ground_of(close).comparison
        assert found.unexplained == Decimal(6)
        assert [(each.text, each.amount) for each in found.perhaps] == [("journal J-10", Decimal(5))]
        assert found.made_up_by == []
        assert "Perhaps in it: journal J-10" in csv_of(close, ground_of(close)).decode("utf-8-sig")
    url = reverse("admin:reconciliation_periodclose_change", args=[close.pk])
    assert "These journal entries of the period are on the account" in acme.client("auditor").get(url).content.decode()
    with tenant_scope(acme.tenant.pk):
        answered(close, acme.editor, "152.50")
        assert [each.text for each in ground_of(close).comparison.made_up_by] == ["journal J-10"]
        assert "Made up to the cent by: journal J-10" in csv_of(close, ground_of(close)).decode("utf-8-sig")
    assert "This journal entry makes up the rest to the cent" in acme.client("auditor").get(url).content.decode()


def test_what_was_unexplained_before_is_told_from_what_came_since(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        stated(close, "100.00")
        before = PeriodClose.objects.create(
            tenant_id=acme.tenant.pk,
            bank_account=close.bank_account,
            first_on=date(2026, 9, 1),
            last_on=date(2026, 9, 30),
            status=PeriodClose.Status.CERTIFIED,
            figures={"unexplained": "2.00"},
        )
        answered(close, acme.editor, "150.00")
        ground = ground_of(close)
        assert (ground.comparison.unexplained, ground.comparison.arisen) == (Decimal("2.50"), Decimal("0.50"))
        assert any("2.50 GBP are not, 0.50 GBP of it since 30 Sep 2026" in check.text for check in ground.checks)
        assert "unexplained already on 2026-09-30" in csv_of(close, ground).decode("utf-8-sig")
    url = reverse("admin:reconciliation_periodclose_change", args=[close.pk])
    assert "of it unexplained already on 30 Sep 2026" in acme.client("auditor").get(url).content.decode()
    with tenant_scope(acme.tenant.pk):
        PeriodClose.objects.filter(pk=before.pk).update(status=PeriodClose.Status.CHANGED)
        # A certificate that was lost vouches for nothing.
        assert ground_of(close).comparison.before is None


def test_in_a_first_period_the_ledgers_balance_of_the_day_before_tells_what_was_there_already(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        account = close.bank_account
        book = {"account": {"id": account.external_account_id}, "memo": "", "reference": ""}
        line_of(account, "-3.00", booked_on=date(2026, 9, 20), description="nobody posted it")
        # Paid out in the ledger in September, on the statement in October: between the two only until then.
        late = record_of(account.connection, "expenses", "20.00", issued_on=date(2026, 9, 29), unified=book)
        across = line_of(account, "-20.00", booked_on=date(2026, 10, 2))
        by = Membership.objects.select_related("user", "tenant").get(user=acme.editor)
        proposal = propose_by_hand(connection=account.connection, lines=[across], records=[late], by=by)
        (made,) = approve(
            proposals=[proposal], by=Membership.objects.select_related("user", "tenant").get(user=acme.approver)
        )
        assert made.match is not None
        stated(close, "100.00")
        # 127.50 was there before the lines of October, so the ledger held 110.50 (3.00 and -20.00 between) and a rest.
        statement = account.imports.get()
        account.balances.create(
            tenant_id=close.tenant_id, statement=statement, on=FIRST, is_opening=True, amount=Decimal("127.50")
        )
        answered(close, acme.editor, "155.50")
        answered(close, acme.editor, "115.50", at=1)
        found = ground_of(close).comparison
        assert found.before is not None
        assert (found.before.on, found.before.amount, found.before.is_certified) == (
            date(2026, 9, 30), Decimal("5.00"), False
        )  # fmt: skip
        assert (found.unexplained, found.arisen) == (Decimal("5.00"), Decimal("0.00"))
        assert "as the ledger tells that day" in csv_of(close, ground_of(close)).decode("utf-8-sig")


def test_open_items_are_summed_by_age_and_the_sums_are_those_of_the_items(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        for amount, day in (("10.00", date(2026, 10, 30)), ("-4.00", date(2026, 9, 10)), ("1.00", date(2026, 1, 5))):
            line_of(close.bank_account, amount, booked_on=day)
        ground = ground_of(close)
        assert ground.ages == [
            ("up to 30 days", 2, Decimal("2.50")),
            ("31 to 60 days", 1, Decimal("-4.00")),
            ("over 90 days", 1, Decimal("1.00")),
        ]
        assert sum(amount for _, _, amount in ground.ages) == ground.figures["open_money"]
        assert "Open items by age" in csv_of(close, ground).decode("utf-8-sig")
    url = reverse("admin:reconciliation_periodclose_change", args=[close.pk])
    assert "2 items, 2.50 GBP" in acme.client("auditor").get(url).content.decode()


def test_what_is_not_explained_needs_a_word_of_the_preparer(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
        stated(close, "100.00")
        answered(close, acme.editor, "150.00")
        ground = ground_of(close)
        assert ground.comparison.unexplained == Decimal("2.50")
        assert "2.50" in next(check.text for check in ground.checks if "own balance" in check.title)
        assert ground.needs_note


def test_the_ledger_is_asked_by_a_worker_and_only_on_request(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme)
    address = reverse("admin:reconciliation_periodclose_ask", args=[close.pk])
    assert acme.client("auditor").post(address).status_code == 403
    rival.client("editor").post(address)
    with tenant_scope(acme.tenant.pk):
        assert not Fetch.objects.exists()
    page = acme.client("editor").post(address, follow=True).content.decode()
    assert "The ledger is being asked" in page
    with tenant_scope(acme.tenant.pk):
        asked = [fetch.params for fetch in Fetch.objects.order_by("id")]
        assert asked == [{"name": "trial_balance", "end_on": day} for day in ("2026-10-31", "2026-09-30")]


@pytest.mark.integration
@pytest.mark.parametrize("name", ["quickbooks", "xero", "netsuite", "sage_intacct"])
def test_the_balance_that_is_read_is_that_of_the_true_books(
    name: str,
    sandbox: Sandbox,  # noqa: F811
    acme: Actors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"PORTAL_{name.upper()}_CLIENT_ID", CLIENT)
    monkeypatch.setenv(f"PORTAL_{name.upper()}_CLIENT_SECRET", CLIENT)
    connection, company = _open(name, sandbox, acme)
    last = timezone.localdate() - timedelta(days=1)
    with tenant_scope(acme.tenant.pk):
        books = Ledger(connection, company, _accounts(connection))
        account = bank_account_for(connection=connection, account=books.accounts["bank"])
        close = PeriodClose.objects.create(
            tenant_id=acme.tenant.pk, bank_account=account, first_on=last - timedelta(days=30), last_on=last
        )
        asked, _ = ask(close=close, by=acme.editor)
    perform_fetch(acme.tenant.pk, asked.pk)
    true = books.balances()[_in_books(books.accounts["bank"])]
    with tenant_scope(acme.tenant.pk):
        told = ground_of(close).comparison.told
    assert true != 0
    assert (told.state, told.balance) == ("told", true)


def test_a_ledger_that_tells_no_past_balance_says_so(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closing(acme, connector="zoho_books")
    page = acme.client("editor").get(reverse("admin:reconciliation_periodclose_change", args=[close.pk]))
    assert "tells no balances of a past day" in page.content.decode()
