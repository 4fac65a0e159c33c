"""Exceptions: due by amount and age, given to colleagues, talked about with files, settled by what they are about."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from integrations.models import Discrepancy
from reconciliation.attachments import read_attachment
from reconciliation.models import BankAccount, BankLine, Case, CaseComment, CaseFile
from reconciliation.services.approval import approve
from reconciliation.services.case_mail import tell_assignee
from reconciliation.services.case_policy import set_policy
from reconciliation.services.cases import assign, case_of, comment, set_due
from reconciliation.services.closing import ground_of, start_close
from reconciliation.services.decisions import RefusedError
from reconciliation.services.reversal import undo
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.test_api import _partner as partner
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    member,
    paid_invoice,
    proposal_of,
    record_of,
)
from tests.reconciliation.test_case_policy import go_by_policies

LIST = reverse("admin:reconciliation_case_changelist")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant, name="Acme books"))


# What becomes an exception, and when it is over


def test_a_line_that_nothing_explains_is_an_exception_until_it_is_decided(account: BankAccount, role: Any) -> None:
    explained, _ = paid_invoice(account)
    unknown = line_of(account, "-12000.00", description="no words")
    matched(account.connection)
    case = Case.objects.get()
    assert case.bank_line == unknown
    assert (case.amount, case.currency, case.since) == (unknown.amount, "GBP", unknown.booked_on)
    matched(account.connection)
    assert Case.objects.count() == 1
    assert list(Case.objects.open()) == [case]
    BankLine.objects.filter(pk=unknown.pk).update(status=BankLine.Status.IGNORED)
    assert not Case.objects.open().exists()


def test_an_undone_match_opens_its_exception_again(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    case = case_of(line)
    assert case_of(line) == case
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))
    assert not Case.objects.open().exists()
    assert approval.match is not None
    undo(match=approval.match, by=role("approver"))
    assert list(Case.objects.open()) == [case]


def test_documents_and_discrepancies_are_exceptions_too(account: BankAccount, role: Any) -> None:
    invoice = record_of(account.connection, "invoices", "700.00")
    paid = record_of(account.connection, "invoices", "80.00", open_amount=Decimal(0))
    different = Discrepancy.objects.create(tenant_id=account.tenant_id, connection=account.connection, kind="count",
                                           key="k")  # fmt: skip
    cases = [case_of(subject) for subject in (invoice, paid, different)]
    assert set(Case.objects.open()) == {cases[0], cases[2]}
    assert cases[0].since == invoice.due_on


def test_an_exception_is_given_to_those_who_work_here_only(
    in_acme: Actors, rival: Actors, account: BankAccount, role: Any
) -> None:
    case = case_of(line_of(account, "40.00"))
    for stranger in (in_acme.auditor, in_acme.support, rival.owner):
        with pytest.raises(RefusedError, match="Choose"):
            assign(cases=[case], to=stranger, by=role("editor"))
    for name in ("auditor", "support"):
        with pytest.raises(RefusedError, match="Your role"):
            assign(cases=[case], to=in_acme.owner, by=role(name))
    assert assign(cases=[case], to=in_acme.owner, by=role("editor")) == 1
    assert assign(cases=[case], to=in_acme.owner, by=role("editor")) == 0
    assert assign(cases=[case], to=None, by=role("editor")) == 1


def test_one_mail_tells_of_everything_that_was_given_and_none_is_sent_twice(
    in_acme: Actors, account: BankAccount, role: Any
) -> None:
    cases = [case_of(line_of(account, f"{n}.00", counterparty=f"PAYER {n}")) for n in range(1, 13)]
    assign(cases=cases, to=in_acme.approver, by=role("editor"))
    assert tell_assignee(in_acme.tenant.pk, cases[0].pk) == 12
    assert tell_assignee(in_acme.tenant.pk, cases[5].pk) == 0
    (sent,) = mail.outbox
    assert sent.to == ["approver@acme.test"]
    assert "12 bank exceptions" in sent.subject
    assert "and 2 more" in sent.body
    assign(cases=cases[:1], to=in_acme.editor, by=role("editor"))
    assert tell_assignee(in_acme.tenant.pk, cases[0].pk) == 0


def test_another_day_needs_a_reason_and_survives_a_new_policy(account: BankAccount, role: Any) -> None:
    today = timezone.localdate()
    own, other = (case_of(line_of(account, "50.00", booked_on=today)) for _ in range(2))
    with pytest.raises(RefusedError, match="Say why"):
        set_due(case=own, by=role("editor"), on=today, reason=" ")
    with pytest.raises(RefusedError, match="before the money moved"):
        set_due(case=own, by=role("editor"), on=today - timedelta(days=1), reason="why not")
    set_due(case=own, by=role("editor"), on=today + timedelta(days=3), reason="Their bank answers then")
    bands = [{"least": "0", "days": 30}]
    with pytest.raises(RefusedError, match="Your role"):
        set_policy(bands=bands, late_days=1, by=role("editor"))
    assert set_policy(bands=bands, late_days=1, by=role("approver")) == 1
    days = dict(Case.objects.values_list("pk", "due_on"))
    assert days == {own.pk: today + timedelta(days=3), other.pk: today + timedelta(days=30)}
    assert set_due(case=own, by=role("editor"), on=None, reason="").due_on == today + timedelta(days=30)


def test_nothing_is_no_comment(account: BankAccount, role: Any) -> None:
    case = case_of(line_of(account, "50.00"))
    with pytest.raises(RefusedError, match="Write something"):
        comment(case=case, by=role("editor"), text=" ")
    with pytest.raises(RefusedError, match="Your role"):
        comment(case=case, by=role("auditor"), text="Seen")


def test_what_is_open_at_the_close_says_with_whom_and_what_was_said(
    in_acme: Actors, account: BankAccount, role: Any
) -> None:
    line = line_of(account, "50.00", booked_on=date(2026, 10, 5))
    line_of(account, "51.00", booked_on=date(2026, 10, 6))
    case = case_of(line)
    assign(cases=[case], to=in_acme.owner, by=role("editor"))
    comment(case=case, by=role("editor"), text="Asked the bank")
    close = start_close(bank_account=account, first_on=date(2026, 10, 1), last_on=date(2026, 10, 31), by=role("editor"))
    first, second = ground_of(close).open_items
    assert first.with_whom.startswith("owner@acme.test, due ")
    assert first.last_said == "editor@acme.test: Asked the bank"
    assert (second.with_whom, second.last_said) == ("", "")


# Pages


def _case(account: BankAccount, **fields: Any) -> Case:
    with tenant_scope(account.tenant_id):
        return case_of(line_of(account, fields.pop("amount", "640.00"), counterparty="UNKNOWN PAYER", **fields))


def test_a_comment_with_a_file_is_made_in_the_workbench_and_read_beside_the_line(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(account, "640.00", description="no words")
    client = acme.client("editor")
    url = reverse("admin:reconciliation_bankline_comment", args=[line.pk])
    back = reverse("admin:reconciliation_workbench") + "?show=unmatched"
    file = SimpleUploadedFile("scan.png", PNG)
    page = client.post(url, {"text": "Is this the <deposit>?", "file": file, "next": back}, follow=True)
    text = page.content.decode()
    assert "Is this the &lt;deposit&gt;?" in text
    assert "1 comment, 1 file" in text
    with tenant_scope(acme.tenant.pk):
        kept = CaseFile.objects.get()
    answer = client.get(reverse("admin:reconciliation_case_file", args=[kept.case_id, kept.pk]))
    assert answer.content == PNG
    assert answer["Content-Disposition"] == 'attachment; filename="scan.png"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_file_that_is_not_taken_leaves_no_comment_behind(acme: Actors, account: BankAccount) -> None:
    case = _case(account)
    file = SimpleUploadedFile("page.pdf", b"<script>alert(1)</script>", content_type="application/pdf")
    url = reverse("admin:reconciliation_case_comment", args=[case.pk])
    page = acme.client("editor").post(url, {"text": "Here", "file": file}, follow=True).content.decode()
    assert "not what its name says" in page
    with tenant_scope(acme.tenant.pk):
        assert not CaseComment.objects.exists()


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("support", 403)])
def test_files_are_for_those_who_see_content(acme: Actors, account: BankAccount, role: str, status: int) -> None:
    case = _case(account)
    with tenant_scope(acme.tenant.pk):
        said = comment(case=case, by=member(acme.tenant, acme.editor), text="", file=read_attachment("a.txt", b"text"))
        kept = said.files.get()
    assert (
        acme.client(role).get(reverse("admin:reconciliation_case_file", args=[case.pk, kept.pk])).status_code == status
    )


def test_chosen_exceptions_are_given_together(acme: Actors, account: BankAccount) -> None:
    cases = [_case(account, amount=f"{n}.00") for n in (10, 20, 30)]
    client = acme.client("editor")
    assert f'<option value="give_{acme.owner.pk}">Give to owner@acme.test</option>' in client.get(LIST).content.decode()
    data = {"action": f"give_{acme.owner.pk}", "_selected_action": [str(case.pk) for case in cases[:2]]}
    page = client.post(LIST, data, follow=True).content.decode()
    assert "2 exceptions given to owner@acme.test." in page
    with tenant_scope(acme.tenant.pk):
        assert set(Case.objects.of(acme.owner)) == set(cases[:2])
    acme.client("auditor").post(LIST, data | {"action": "give_nobody"})
    with tenant_scope(acme.tenant.pk):
        assert Case.objects.of(acme.owner).count() == 2


def test_the_list_is_narrowed_by_whose_until_when_how_old_and_how_much(acme: Actors, account: BankAccount) -> None:
    today = timezone.localdate()
    old = _case(account, amount="5000.00", booked_on=today - timedelta(days=40))
    new = _case(account, amount="20.00", booked_on=today)
    with tenant_scope(acme.tenant.pk):
        assign(cases=[new], to=acme.editor, by=member(acme.tenant, acme.editor))
        Case.objects.filter(pk=old.pk).update(due_on=today - timedelta(days=3))
    client = acme.client("editor")

    def shown(**query: str) -> set[Any]:
        page = client.get(LIST, query)
        assert page.context_data is not None
        return {row.pk for row in page.context_data["cl"].result_list}

    both = {old.pk, new.pk}
    assert shown() == both
    assert shown(who="mine") == {new.pk}
    assert shown(who="nobody") == {old.pk}
    assert shown(who="others") == set()
    assert shown(due="over") == {old.pk}
    assert shown(age="30") == {old.pk}
    assert shown(least="1000") == {old.pk}
    with tenant_scope(acme.tenant.pk):
        BankLine.objects.filter(cases=new).update(status=BankLine.Status.IGNORED)
    assert shown() == {old.pk}
    assert shown(state="settled") == {new.pk}
    assert shown(state="all") == both
    with tenant_scope(acme.tenant.pk):
        document = case_of(record_of(account.connection, "invoices", "70000.00", contact="Slow Payer"))
    assert shown(about="documents") == {document.pk} == shown(least="10000") == shown(q="slow")
    assert shown(about="lines") == {old.pk}
    assert shown(about="discrepancies") == set()
    home = acme.client("editor").get(reverse("admin:index")).content.decode()
    assert "Your exceptions" in home


def test_due_dates_are_changed_by_approvers_on_a_page(acme: Actors, account: BankAccount) -> None:
    url = reverse("admin:reconciliation_case_policy")
    said = {"least_0": "0", "days_0": "5", "late_days": "1"}
    assert acme.client("editor").post(url, said).status_code == 422
    assert acme.client("approver").post(url, said | {"least_1": "90", "days_1": ""}).status_code == 422
    assert acme.client("approver").post(url, said).status_code == 302
    assert 'value="5"' in acme.client("auditor").get(url).content.decode()
    taken = said | {"takes_documents": "on", "document_days": "", "document_least": "1000"}
    page = acme.client("approver").post(url, taken)
    assert page.status_code == 422
    assert "Say how many days" in page.content.decode()
    with tenant_scope(acme.tenant.pk):
        record_of(account.connection, "invoices", "5000.00", due_on=timezone.localdate() - timedelta(days=9))
    text = acme.client("approver").post(url, taken | {"document_days": "8"}, follow=True).content.decode()
    assert "The list follows" in text
    assert "documents 8 days after they were due" in text
    assert "1 document is late now" in acme.client("approver").get(url).content.decode()
    assert go_by_policies() == 1
    assert "Invoice INV-" in acme.client("approver").get(LIST).content.decode()


def test_a_rival_neither_sees_nor_touches_an_exception(acme: Actors, rival: Actors, account: BankAccount) -> None:
    case = _case(account)
    with tenant_scope(acme.tenant.pk):
        kept = comment(
            case=case, by=member(acme.tenant, acme.editor), text="Ours", file=read_attachment("a.txt", b"text")
        ).files.get()
    client = rival.client("owner")
    assert "UNKNOWN PAYER" not in client.get(LIST).content.decode()
    assert client.get(reverse("admin:reconciliation_case_file", args=[case.pk, kept.pk])).status_code == 404
    for kind, pk in (("line", case.bank_line_id), ("unknown", case.pk)):
        assert client.post(reverse("admin:reconciliation_case_about", args=[kind, pk])).status_code == 404
    for word in ("comment", "assign", "due"):
        client.post(reverse(f"admin:reconciliation_case_{word}", args=[case.pk]), {"text": "Mine", "to": ""})
    for word in ("comment", "assign"):
        client.post(reverse(f"admin:reconciliation_bankline_{word}", args=[case.bank_line_id]), {"text": "Mine"})
    with tenant_scope(acme.tenant.pk):
        assert [said.text for said in CaseComment.objects.all()] == ["Ours"]


def test_partners_read_exceptions_of_their_tenant_with_the_scope(
    acme: Actors, rival: Actors, account: BankAccount
) -> None:
    case = _case(account)
    with tenant_scope(acme.tenant.pk):
        comment(case=case, by=member(acme.tenant, acme.editor), text="Ours", file=read_attachment("a.txt", b"text"))
    (row,) = partner(acme, ["exceptions:read"]).get("/api/v1/exceptions").json()["results"]
    assert (row["id"], row["amount"], row["is_open"]) == (str(case.pk), "640.000000", True)
    assert [(said["by"], said["text"], said["files"]) for said in row["comments"]] == [
        ("editor@acme.test", "Ours", ["a.txt"])
    ]
    assert partner(rival, ["exceptions:read"]).get("/api/v1/exceptions").json()["results"] == []
    assert partner(acme, ["records:read"]).get("/api/v1/exceptions").status_code == 403


@pytest.mark.parametrize("role", ["auditor", "support"])
def test_readers_raise_nothing(acme: Actors, account: BankAccount, role: str) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(account, "640.00")
    client = acme.client(role)
    assert client.post(reverse("admin:reconciliation_case_about", args=["line", line.pk])).status_code == 403
    client.post(reverse("admin:reconciliation_bankline_comment", args=[line.pk]), {"text": "Me too"})
    with tenant_scope(acme.tenant.pk):
        assert not Case.objects.exists()
