"""The pages: what each role may do, what another tenant never sees, and that a page costs the same at any length."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reconciliation.models import BankAccount, BankLine, Decision, Match, Proposal
from reconciliation.services.approval import approve
from tenants.rls import tenant_scope
from tests.conftest import Actors
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

WORKBENCH = reverse("admin:reconciliation_workbench")


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant, name="Acme books"))


def _prepared(account: BankAccount, amounts: list[str]) -> list[BankLine]:
    with tenant_scope(account.tenant_id):
        lines = [paid_invoice(account, amount)[0] for amount in amounts]
        matched(account.connection)
        return lines


def _in(account: BankAccount, ask: Callable[[], Any]) -> Any:
    with tenant_scope(account.tenant_id):
        return ask()


def test_the_button_says_what_approval_does_in_which_ledger(acme: Actors, account: BankAccount) -> None:
    _prepared(account, ["1200.00"])
    page = acme.client("approver").get(WORKBENCH).content.decode()
    assert "Approve: post a payment of 1,200.00 GBP on invoice INV-" in page
    assert "to QuickBooks" in page


def test_an_approval_on_the_workbench_leaves_a_match_and_a_message(acme: Actors, account: BankAccount) -> None:
    (line,) = _prepared(account, ["75.00"])
    proposal = _in(account, lambda: proposal_of(line))
    client = acme.client("approver")
    page = client.post(
        reverse("admin:reconciliation_proposal_approve", args=[proposal.pk]), {"next": f"{WORKBENCH}?at=1"}, follow=True
    )
    assert page.redirect_chain == [(f"{WORKBENCH}?at=1", 302)]
    assert "1 match approved, 1 payment on the way to the ledger." in page.content.decode()
    match = _in(account, Match.objects.get)
    detail = client.get(reverse("admin:reconciliation_match_change", args=[match.pk])).content.decode()
    assert "Waits to be sent; until then the approval can be undone." in detail
    undone = client.post(reverse("admin:reconciliation_match_undo", args=[match.pk]), follow=True)
    assert "the proposal is open again" in undone.content.decode()


def test_what_was_not_on_the_screen_is_not_approved(acme: Actors, account: BankAccount) -> None:
    (line,) = _prepared(account, ["75.00"])
    with tenant_scope(acme.tenant.pk):
        proposal = proposal_of(line)
        other = record_of(account.connection, "invoices", "75.00")
    url = reverse("admin:reconciliation_proposal_approve", args=[proposal.pk])
    page = acme.client("approver").post(url, {"records": str(other.pk), "next": WORKBENCH}, follow=True)
    assert "This explanation is gone" in page.content.decode()
    assert _in(account, Match.objects.count) == 0


def test_a_way_back_to_another_site_is_not_followed(acme: Actors, account: BankAccount) -> None:
    (line,) = _prepared(account, ["75.00"])
    proposal = _in(account, lambda: proposal_of(line))
    url = reverse("admin:reconciliation_proposal_approve", args=[proposal.pk])
    answer = acme.client("approver").post(url, {"next": "//evil.test/"})
    assert answer["Location"] == reverse("admin:reconciliation_proposal_change", args=[proposal.pk])


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("approver", True), ("editor", False), ("auditor", False)])
def test_the_approve_button_is_there_for_those_who_may(
    acme: Actors, account: BankAccount, role: str, may: bool
) -> None:
    (line,) = _prepared(account, ["75.00"])
    proposal = _in(account, lambda: proposal_of(line))
    client = acme.client(role)
    assert ("data-approve" in client.get(WORKBENCH).content.decode()) is may
    client.post(reverse("admin:reconciliation_proposal_approve", args=[proposal.pk]))
    assert (_in(account, Match.objects.count) == 1) is may


def test_a_rejection_keeps_its_reason_and_can_be_taken_back(acme: Actors, account: BankAccount) -> None:
    (line,) = _prepared(account, ["75.00"])
    proposal = _in(account, lambda: proposal_of(line))
    client = acme.client("editor")
    client.post(reverse("admin:reconciliation_proposal_reject", args=[proposal.pk]), {"reason": "Not theirs"})
    assert _in(account, lambda: Decision.objects.get(kind="reject").reason) == "Not theirs"
    client.post(reverse("admin:reconciliation_proposal_reopen", args=[proposal.pk]))
    assert _in(account, lambda: Proposal.objects.get().status) == Proposal.Status.OPEN


def test_bulk_shows_the_risk_and_then_approves_exactly_that(acme: Actors, account: BankAccount) -> None:
    _prepared(account, ["10.00", "20.00"])
    _in(account, lambda: Proposal.objects.update(confidence="0.995"))
    client = acme.client("approver")
    url = reverse("admin:reconciliation_bulk")
    page = client.get(url, {"confidence": "99"}).content.decode()
    assert "30.00 GBP" in page
    assert "0.01 of 2" in page
    ids = _in(account, lambda: [str(pk) for pk in Proposal.objects.values_list("pk", flat=True)])
    told = client.post(url, {"proposal": ids}, follow=True).content.decode()
    assert "2 matches approved, 2 payments on the way" in told


def test_rival_sees_nothing_of_acme(acme: Actors, rival: Actors, account: BankAccount) -> None:
    lines = _prepared(account, ["1234.56", "88.00"])
    with tenant_scope(acme.tenant.pk):
        (approval,) = approve(proposals=[proposal_of(lines[1])], by=member(acme.tenant, acme.approver))
        proposal = proposal_of(lines[0])
    assert approval.match is not None
    client = rival.client("owner")
    for name in ("workbench", "bulk"):
        assert "1,234.56" not in client.get(reverse(f"admin:reconciliation_{name}")).content.decode()
    rows = {
        "bankline": lines[0].pk, "proposal": proposal.pk, "match": approval.match.pk, "bankaccount": account.pk,
    }  # fmt: skip
    for model, pk in rows.items():
        assert client.get(reverse(f"admin:reconciliation_{model}_change", args=[pk])).status_code == 302
        assert "1,234.56" not in client.get(reverse(f"admin:reconciliation_{model}_changelist")).content.decode()
    client.post(reverse("admin:reconciliation_proposal_approve", args=[proposal.pk]))
    client.post(reverse("admin:reconciliation_bulk"), {"proposal": [str(proposal.pk)]})
    client.post(reverse("admin:reconciliation_match_undo", args=[approval.match.pk]))
    assert _in(account, Match.objects.live().count) == 1
    assert client.get(WORKBENCH, {"account": str(account.pk)}).status_code == 200


def _queries(client: Any, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(database) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("show", ["proposed", "unmatched", "matched"])
def test_the_workbench_costs_the_same_at_two_and_at_twenty_lines(acme: Actors, account: BankAccount, show: str) -> None:
    client = acme.client("approver")

    def more(count: int, start: int) -> None:
        lines = _prepared(account, [f"{start + n}.17" for n in range(count)])
        with tenant_scope(acme.tenant.pk):
            for n in range(count):
                line_of(account, f"-{start + n}.99", description=f"Unknown {start + n}")
            if show == "matched":
                approve(proposals=[proposal_of(line) for line in lines], by=member(acme.tenant, acme.approver))

    more(2, 100)
    few = _queries(client, f"{WORKBENCH}?show={show}")
    more(18, 3000)
    assert _queries(client, f"{WORKBENCH}?show={show}") == few


@pytest.mark.parametrize("model", ["bankline", "proposal", "match", "decision", "matchrun", "statementimport"])
def test_every_list_and_page_opens_with_and_without_rows(acme: Actors, account: BankAccount, model: str) -> None:
    client = acme.client("auditor")
    url = reverse(f"admin:reconciliation_{model}_changelist")
    assert client.get(url).status_code == 200
    lines = _prepared(account, ["75.00", "80.00"])
    with tenant_scope(acme.tenant.pk):
        approve(proposals=[proposal_of(lines[0])], by=member(acme.tenant, acme.approver))
    page = client.get(url)
    assert page.status_code == 200
    assert page.context_data is not None
    for row in page.context_data["cl"].result_list:
        assert client.get(reverse(f"admin:reconciliation_{model}_change", args=[row.pk])).status_code == 200


def test_a_line_without_a_proposal_is_matched_by_hand_and_approved_by_somebody_else(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(account, "640.00", description="no words")
        invoices = [record_of(account.connection, "invoices", amount) for amount in ("400.00", "240.00", "77.00")]
        record_of(account.connection, "bills", "640.00")
    client = acme.client("owner")
    url = reverse("admin:reconciliation_bankline_find", args=[line.pk])
    page = client.get(url)
    assert page.context_data is not None
    assert {entry.record for entry in page.context_data["found"]} == set(invoices)
    done = client.post(url, {"record": [str(invoices[0].pk), str(invoices[1].pk)]}, follow=True).content.decode()
    assert "somebody else has to approve it" in done
    with tenant_scope(acme.tenant.pk):
        proposal = proposal_of(line)
        assert proposal.difference == 0
        assert proposal.proposed_by == acme.owner
    # Nobody has measured how often a choice by hand is right: it is no part of bulk.
    bulk = acme.client("approver").get(reverse("admin:reconciliation_bulk")).content.decode()
    assert "Left out: 1 matched by hand, so without a measured confidence." in bulk
    assert "Approve these" not in bulk
    acme.client("approver").post(reverse("admin:reconciliation_proposal_approve", args=[proposal.pk]))
    with tenant_scope(acme.tenant.pk):
        match = Match.objects.get()
    told = acme.client("approver").get(reverse("admin:reconciliation_match_change", args=[match.pk])).content.decode()
    assert "Matched by hand." in told
    assert "confident" not in told


def test_what_is_chosen_by_hand_stays_chosen_while_somebody_searches_for_more(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(account, "640.00", description="no words")
        first = record_of(account.connection, "invoices", "400.00", number="A-1")
        other = record_of(account.connection, "invoices", "240.00", number="B-2")
    url = reverse("admin:reconciliation_bankline_find", args=[line.pk])
    asked = {"record": [str(first.pk), "no id"], "q": "b-2", "reason": "two of them", "search": "1"}
    page = acme.client("owner").post(url, asked)
    assert page.context_data is not None
    assert [entry.record for entry in page.context_data["found"]] == [first, other]
    assert page.context_data["chosen"] == {first.pk}
    assert 'value="two of them"' in page.content.decode()
    assert _in(account, Proposal.objects.count) == 0


def test_a_line_that_no_document_explains_leads_to_a_rule_that_would_take_it(
    acme: Actors, rival: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(account, "-16.53", counterparty="Bank charges", description="CHARGES 123 MONTHLY FEE 7")
        plain = line_of(account, "3.86", counterparty="", description="CHARGES 123 MONTHLY FEE 7")
    card = acme.client("editor").get(reverse("admin:reconciliation_workbench") + "?show=unmatched").content.decode()
    assert f"{reverse('admin:reconciliation_bankrule_add')}?line={line.pk}" in card
    asked = _initial(acme, line.pk)
    assert (asked["counterparty"], asked["name"], asked["direction"]) == ("Bank charges", "Bank charges", "out")
    assert (asked["bank_account"], asked["connection"]) == (account.pk, account.connection_id)
    assert _initial(acme, plain.pk)["text"] == "MONTHLY FEE"
    assert "counterparty" not in _initial(rival, line.pk)
    assert _initial(acme, "nothing") == {"connection": account.connection_id}


def _initial(actors: Actors, pk: object) -> dict[str, Any]:
    page = actors.client("editor").get(reverse("admin:reconciliation_bankrule_add"), {"line": str(pk)})
    assert page.context_data is not None
    return dict(page.context_data["adminform"].form.initial)


def test_finding_by_hand_is_for_those_who_propose(acme: Actors, rival: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(account, "640.00")
    url = reverse("admin:reconciliation_bankline_find", args=[line.pk])
    assert acme.client("auditor").get(url).status_code == 403
    assert rival.client("owner").get(url).status_code == 403
