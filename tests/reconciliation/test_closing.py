"""A period closes when the bank's balances prove it and two people have signed; a change behind it takes that away."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from reconciliation.models import BankAccount, BankLine, CloseStep, PeriodClose
from reconciliation.services.close_report import csv_of, pdf_of
from reconciliation.services.closing import certify, ground_of, prepare, recheck, reopen, send_back, start_close
from reconciliation.services.decisions import RefusedError
from reconciliation.services.rejection import bring_back, set_aside
from reconciliation.services.statements import import_statement, preview_statement
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of, line_of, matched, member, paid_invoice

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
OCTOBER = b"date,amount,balance,description\n2026-10-05,100.00,1100.00,a\n2026-10-30,-40.00,1060.00,b\n"


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        made = bank_account_of(connection_of(acme.tenant), name="Current")
        import_statement(bank_account=made, file_name="october.csv", content=OCTOBER)
        return made


def closed(acme: Actors, account: BankAccount) -> PeriodClose:
    """October, prepared and certified with every line set aside."""
    editor, approver = member(acme.tenant, acme.editor), member(acme.tenant, acme.approver)
    for line in account.lines.all():
        set_aside(line=line, by=editor, reason="own books")
    close = start_close(bank_account=account, first_on=FIRST, last_on=LAST, by=editor)
    prepare(close=close, by=editor, note="The ledger is asked later.")
    return certify(close=close, by=approver)


def test_figures_and_checklist_say_what_is_there_and_what_is_missing(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        by = member(acme.tenant, acme.editor)
        close = start_close(bank_account=account, first_on=FIRST, last_on=LAST, by=by)
        ground = ground_of(close)
        wanted = {"opening": 1000, "money_in": 100, "money_out": 40, "closing": 1060, "stated": 1060, "open": 2}
        assert {name: ground.figures[name] for name in wanted} == wanted
        assert [(item.days, item.age) for item in ground.open_items] == [(26, "up to 30 days"), (1, "up to 30 days")]
        assert not ground.is_blocked
        with pytest.raises(RefusedError, match="still open"):
            prepare(close=close, by=by)
        preview_statement(bank_account=account, file_name="more.csv", content=OCTOBER)
        with pytest.raises(RefusedError, match="checklist"):
            prepare(close=close, by=by, note="all fine")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (b"date,amount,balance\n2026-10-20,5.00,2000.00\n2026-10-21,5.00,2005.00\n", "differ"),
        (b"date,amount,description\n2026-10-31,5.00,x\n", "there are lines until 31 Oct 2026"),
    ],
)
def test_a_gap_in_the_balances_or_lines_after_the_last_one_block_it(
    acme: Actors, account: BankAccount, more: bytes, words: str
) -> None:
    with tenant_scope(acme.tenant.pk):
        import_statement(bank_account=account, file_name="more.csv", content=more)
        by = member(acme.tenant, acme.editor)
        ground = ground_of(start_close(bank_account=account, first_on=FIRST, last_on=LAST, by=by))
        assert ground.is_blocked
        assert any(words in check.text for check in ground.checks if check.state == "blocked")


def test_an_account_without_balances_and_a_match_on_its_way_block_it(acme: Actors) -> None:
    from reconciliation.services.approval import approve

    with tenant_scope(acme.tenant.pk):
        other = bank_account_of(connection_of(acme.tenant))
        line, _ = paid_invoice(other, "75.00", issued_on=FIRST)
        BankLine.objects.filter(pk=line.pk).update(booked_on=date(2026, 10, 9))
        matched(other.connection)
        line.refresh_from_db()
        assert line.proposal is not None
        approve(proposals=[line.proposal], by=member(acme.tenant, acme.approver))
        by = member(acme.tenant, acme.editor)
        ground = ground_of(start_close(bank_account=other, first_on=FIRST, last_on=LAST, by=by))
        texts = " ".join(check.text for check in ground.checks if check.state == "blocked")
        assert "No statement names one" in texts
        assert "1 on the way" in texts
        assert [check.state for check in ground.checks if "Nothing is proved" in check.text] == ["look"]


def test_two_people_sign_and_every_step_is_recorded(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        owner, approver = member(acme.tenant, acme.owner), member(acme.tenant, acme.approver)
        close = start_close(bank_account=account, first_on=FIRST, last_on=LAST, by=owner)
        with pytest.raises(RefusedError, match="does not wait"):
            certify(close=close, by=approver)
        prepare(close=close, by=owner, note="two lines are looked into")
        with pytest.raises(RefusedError, match="prepared it yourself"):
            certify(close=close, by=owner)
        with pytest.raises(RefusedError, match="role"):
            certify(close=close, by=member(acme.tenant, acme.editor))
        with pytest.raises(RefusedError, match="Say why"):
            send_back(close=close, by=approver, reason="")
        send_back(close=close, by=approver, reason="which lines?")
        prepare(close=close, by=owner, note="a and b")
        done = certify(close=close, by=approver)
        assert (done.status, done.prepared_by, done.approved_by) == ("certified", acme.owner, acme.approver)
        assert reopen(close=close, by=approver, reason="late invoice").status == "open"
        kinds = list(CloseStep.objects.order_by("id").values_list("kind", flat=True))
        assert kinds == ["prepare", "send_back", "prepare", "approve", "reopen"]


def test_what_changed_after_preparing_is_not_certified(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        by = member(acme.tenant, acme.editor)
        close = start_close(bank_account=account, first_on=FIRST, last_on=LAST, by=by)
        prepare(close=close, by=by, note="x")
        set_aside(line=account.lines.first(), by=by, reason="y")  # type: ignore[arg-type]
        with pytest.raises(RefusedError, match="changed since"):
            certify(close=close, by=member(acme.tenant, acme.approver))


def _reopened_line(acme: Actors, account: BankAccount) -> None:
    line = account.lines.first()
    assert line is not None
    bring_back(line=line, by=member(acme.tenant, acme.editor))


def _late_line(acme: Actors, account: BankAccount) -> None:
    late = b"date,amount,description\n2026-10-15,9.00,late\n"
    import_statement(bank_account=account, file_name="late.csv", content=late)


def _older_line(acme: Actors, account: BankAccount) -> None:
    line_of(account, "3.00", booked_on=date(2026, 9, 1))


@pytest.mark.parametrize("change", [_reopened_line, _late_line, _older_line])
def test_a_change_behind_a_certified_period_takes_the_certificate_and_says_what(
    acme: Actors, account: BankAccount, change: Any
) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closed(acme, account)
        assert recheck(acme.tenant.pk, close.pk).status == "certified"  # type: ignore[union-attr]
        change(acme, account)
    assert recheck(acme.tenant.pk, close.pk).status == "changed"  # type: ignore[union-attr]
    with tenant_scope(acme.tenant.pk):
        step = CloseStep.objects.filter(close=close).first()
        assert step is not None
        assert (step.kind, step.by) == ("change", None)
        assert "open from 0 to 1" in step.reason
        by = member(acme.tenant, acme.editor)
        if ground_of(close).is_blocked:
            # The bank's balance knows nothing of the late line: it is a gap now, and no note signs it away.
            with pytest.raises(RefusedError, match="checklist"):
                prepare(close=close, by=by, note="one late line")
            return
        prepare(close=close, by=by, note="one line is open")
        assert certify(close=close, by=member(acme.tenant, acme.approver)).status == "certified"


def test_lines_of_the_next_period_change_nothing_and_the_sweeper_finds_what_is_due(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closed(acme, account)
        line_of(account, "5.00", booked_on=date(2026, 11, 1))

    def due(at: Any) -> set[Any]:
        with database.cursor() as cursor:
            cursor.execute("SELECT kind, row_id FROM reconciliation_due(%s, 100)", [at])
            return {row for kind, row in cursor.fetchall() if kind == "close"}

    assert due(timezone.now()) == set()
    assert due(timezone.now() + timedelta(minutes=11)) == {close.pk}
    assert recheck(acme.tenant.pk, close.pk).status == "certified"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 10, 15), date(2026, 11, 15), "overlaps"),
        (date(2026, 9, 30), date(2026, 9, 1), "before it begins"),
        (date(2026, 11, 1), date(2999, 1, 31), "not over yet"),
    ],
)
def test_periods_do_not_overlap_and_end_in_the_past(
    acme: Actors, account: BankAccount, first: date, last: date, words: str
) -> None:
    with tenant_scope(acme.tenant.pk):
        by = member(acme.tenant, acme.editor)
        start_close(bank_account=account, first_on=FIRST, last_on=LAST, by=by)
        with pytest.raises(ValidationError, match=words):
            start_close(bank_account=account, first_on=first, last_on=last, by=by)


def test_both_files_hold_figures_signatures_and_lines_and_run_no_formula(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closed(acme, account)
        BankLine.objects.filter(bank_account=account).update(description="=HYPERLINK(1)")
        ground = ground_of(close)
        text = csv_of(close, ground).decode("utf-8-sig")
        for words in ('Closing balance,"1,060.00"', "Certified,approver@acme.test", "'=HYPERLINK(1)", "2026-10-30"):
            assert words in text
        pdf = pdf_of(close, ground)
        assert pdf.startswith(b"%PDF")
        assert len(pdf) > 5_000


def test_a_close_goes_from_form_to_certificate_through_the_pages(acme: Actors, account: BankAccount) -> None:
    editor, approver = acme.client("editor"), acme.client("approver")
    add = reverse("admin:reconciliation_periodclose_add")
    said = {"account": str(account.pk), "first_on": "2026-10-01", "last_on": "2026-10-31"}
    page = editor.post(add, said, follow=True).content.decode()
    assert "Sign as preparer" in page
    assert editor.post(add, said).status_code == 422
    with tenant_scope(acme.tenant.pk):
        close = PeriodClose.objects.get()

    def act(client: Any, word: str, **said: str) -> str:
        url = reverse(f"admin:reconciliation_periodclose_{word}", args=[close.pk])
        return str(client.post(url, said, follow=True).content.decode())

    assert "Say something" in act(editor, "prepare")
    assert "Waits for approval" in act(editor, "prepare", note="looked into")
    assert "Certified" in act(approver, "certify")
    for kind, start in (("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbf")):
        answer = approver.get(reverse("admin:reconciliation_periodclose_file", args=[close.pk, kind]))
        assert answer.content.startswith(start)
    assert "Signed" in editor.get(reverse("admin:reconciliation_periodclose_changelist")).content.decode()


def test_no_stranger_sees_signs_or_downloads(acme: Actors, rival: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        close = closed(acme, account)
    stranger = rival.client("owner")
    for kind in ("pdf", "csv"):
        address = reverse("admin:reconciliation_periodclose_file", args=[close.pk, kind])
        assert stranger.get(address).status_code == 404
    stranger.post(reverse("admin:reconciliation_periodclose_reopen", args=[close.pk]), {"reason": "x"})
    page = stranger.get(reverse("admin:reconciliation_periodclose_change", args=[close.pk]), follow=True)
    assert "1,060.00" not in page.content.decode()
    add = reverse("admin:reconciliation_periodclose_add")
    said = {"account": str(account.pk), "first_on": "2026-09-01", "last_on": "2026-09-30"}
    assert stranger.post(add, said).status_code == 422
    assert acme.client("auditor").post(add, said).status_code == 403
    with tenant_scope(acme.tenant.pk):
        assert PeriodClose.objects.get().status == "certified"
        assert Decimal(PeriodClose.objects.get().figures["closing"]) == 1060
