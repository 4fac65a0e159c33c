"""Bank rules: which lines they take and in which order, what they propose, what is posted; tried before use."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from integrations.models import Posting
from reconciliation.models import BankAccount, BankLine, BankRule, Match, Proposal
from reconciliation.rules import Conditions, Line, RuleError, compiled, first_of
from reconciliation.services.approval import approve
from reconciliation.services.bank_rules import apply_rules, move, save_rule, try_out
from reconciliation.services.rejection import reject
from reconciliation.services.reversal import undo
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

FEE = Line("a", Decimal("-7.50"), "MONTHLY Account FEE nov", "Bänk AG", "R-1")


@pytest.mark.parametrize(
    ("asked", "takes"),
    [
        ({"text": "account  fee"}, True),
        ({"text": "account fee", "test": "starts"}, False),
        ({"text": "monthly", "test": "starts"}, True),
        ({"text": r"fee\s+(nov|dec)$", "test": "pattern"}, True),
        ({"text": r"^fee", "test": "pattern"}, False),
        ({"text": "bank", "field": "description"}, False),
        ({"text": "BANK", "field": "counterparty"}, True),
        ({"counterparty": "bank ag"}, True),
        ({"least": Decimal(7), "most": Decimal("7.50")}, True),
        ({"least": Decimal("7.51")}, False),
        ({"most": Decimal(10), "direction": "in"}, False),
        ({"most": Decimal(10), "direction": "out"}, True),
        ({"most": Decimal(10), "account_id": "b"}, False),
    ],
)
def test_a_rule_takes_a_line_when_all_it_asks_for_holds(asked: dict[str, Any], takes: bool) -> None:
    assert compiled(Conditions(**asked))(FEE) is takes


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"direction": "in"},
        {"text": "(", "test": "pattern"},
        {"text": r"(a)\1", "test": "pattern"},
        {"text": "(?=a)", "test": "pattern"},
        {"text": "((a{100}){100}){100}", "test": "pattern"},
        {"least": Decimal(2), "most": Decimal(1)},
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(asked: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match=r"RE2|Ask for|larger"):
        compiled(Conditions(**asked))


def test_a_pattern_that_would_hang_other_engines_ends() -> None:
    test = compiled(Conditions(test="pattern", text="(a+)+$"))
    assert not test(Line("a", Decimal(1), "a" * 900 + "!"))


@given(st.lists(st.sampled_from(["fee", "rent", "x"]), max_size=5), st.sampled_from(["fee", "rent", "nothing"]))
def test_the_first_rule_that_takes_a_line_wins(texts: list[str], said: str) -> None:
    tests = [compiled(Conditions(text=text)) for text in texts]
    at = first_of(Line("a", Decimal(1), said), tests)
    assert at == (texts.index(said) if said in texts else None)


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant, name="Acme books")
        fields = {"kind": "expense", "number": "4970", "name": "Bank charges", "unified": {"code": "4970"}}
        record_of(connection, "accounts", "0", search="4970 bank charges", external_id="70", **fields)
        record_of(
            connection, "contacts", "0", kind="vendor", name="Landlord Ltd", external_id="9", search="landlord ltd"
        )
        return bank_account_of(connection)


def rule_of(account: BankAccount, by: Any, **fields: Any) -> BankRule:
    """A rule in use that books on the expense account."""
    row = BankRule(
        tenant_id=account.tenant_id,
        connection=account.connection,
        **{
            "name": f"Rule {BankRule.objects.count()}",
            "is_active": True,
            "external_account_id": "70",
            "external_account_name": "4970 Bank charges",
            **fields,
        },
    )
    return save_rule(rule=row, by=by)


def test_a_rule_proposes_what_no_document_explains_and_approval_posts_it(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        rule = rule_of(account, acme.editor, text="account fee")
        fee = line_of(account, "-7.50", description="Account fee November")
        paid, _ = paid_invoice(account, "75.00")
        other = line_of(account, "-9.00", description="Something else")
        matched(account.connection)
        proposal = proposal_of(fee)
        assert (proposal.kind, proposal.rule, proposal.confidence) == ("rule", rule, Decimal("0.5"))
        assert proposal_of(paid).kind == "match"
        other.refresh_from_db()
        assert other.proposal is None
        matched(account.connection)
        assert proposal_of(fee) == proposal  # the same question stays the same row
        (done,) = approve(proposals=[proposal], by=member(acme.tenant, acme.approver))
        assert done.refused == ""
        (posting,) = done.postings
        assert (posting.resource, posting.body["total"], posting.body["payment_type"]) == ("expenses", "7.50", "cash")
        assert posting.body["lines"][0]["account"] == {"id": "70", "name": "4970 Bank charges"}
        assert posting.body["account"]["id"] == account.external_account_id
        again = line_of(account, "-8.00", description="Account fee December")
        apply_rules(account.connection)
        assert proposal_of(again).confidence == Decimal("0.666667")
        undo(match=Match.objects.get(), by=member(acme.tenant, acme.approver))
        assert proposal_of(fee).status == Proposal.Status.OPEN
        assert Posting.objects.get(pk=posting.pk).status == Posting.Status.CANCELLED


def test_the_card_says_what_is_booked_and_the_match_that_no_document_was_needed(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        rule_of(account, acme.editor, text="account fee")
        fee = line_of(account, "-7.50", description="Account fee November")
        apply_rules(account.connection)
        proposal = proposal_of(fee)
    client = acme.client("approver")
    page = client.get(reverse("admin:reconciliation_workbench")).content.decode()
    assert "Approve: post an expense of 7.50 GBP on 4970 Bank charges to QuickBooks" in page
    assert "Expense on 4970 Bank charges, dated 13 Nov 2026" in page
    assert "explain each other" not in page
    client.post(reverse("admin:reconciliation_proposal_approve", args=[proposal.pk]))
    with tenant_scope(acme.tenant.pk):
        match = Match.objects.get()
    done = client.get(reverse("admin:reconciliation_match_change", args=[match.pk])).content.decode()
    assert "booked as a bank rule says" in done


def test_money_in_is_a_journal_and_a_bill_is_posted_with_its_payment(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        rule_of(account, acme.editor, text="interest")
        vendor = {"external_contact_id": "9", "contact_name": "Landlord Ltd"}
        rule_of(account, acme.editor, text="rent", outcome="bill", **vendor)
        interest = line_of(account, "3.20", description="Credit interest")
        rent = line_of(account, "-900.00", description="Rent December")
        apply_rules(account.connection)
        by = member(acme.tenant, acme.approver)
        entry, bill = approve(proposals=[proposal_of(interest), proposal_of(rent)], by=by)
        (journal,) = entry.postings
        assert [(row.get("debit"), row.get("credit")) for row in journal.body["lines"]] == [
            ("3.20", None),
            (None, "3.20"),
        ]
        first, second = bill.postings
        assert (first.resource, second.resource, second.depends_on) == ("bills", "bill_payments", first)
        assert second.body["allocations"][0]["id"] == {"posting": str(first.pk)}


def test_a_transfer_books_both_own_accounts_and_never_one_twice(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        savings = bank_account_of(account.connection, name="Savings")
        rule_of(account, acme.editor, text="to savings", outcome="transfer", other_account=savings)
        there = line_of(account, "-500.00", description="to savings")
        wrong = line_of(savings, "-1.00", description="to savings")
        apply_rules(account.connection)
        by = member(acme.tenant, acme.approver)
        done, refused = approve(proposals=[proposal_of(there), proposal_of(wrong)], by=by)
        (entry,) = done.postings
        accounts = [row["account"]["id"] for row in entry.body["lines"]]
        assert accounts == [account.external_account_id, savings.external_account_id]
        assert "this very account" in refused.refused


def test_order_decides_rejection_is_remembered_and_a_changed_rule_proposes_anew(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        wide = rule_of(account, acme.editor, text="fee")
        narrow = rule_of(account, acme.editor, text="account fee", memo="Bank")
        line = line_of(account, "-7.50", description="account fee")
        apply_rules(account.connection)
        assert proposal_of(line).rule == wide
        move(rule=narrow, up=True)
        apply_rules(account.connection)
        assert proposal_of(line).rule == narrow
        narrow.refresh_from_db()
        narrow.memo = "Charges"
        save_rule(rule=narrow, by=acme.editor)
        apply_rules(account.connection)
        assert proposal_of(line).booking["memo"] == "Charges"
        reject(proposal=proposal_of(line), by=member(acme.tenant, acme.editor), reason="not this one")
        assert apply_rules(account.connection) == 0


def test_a_try_out_counts_money_and_what_an_earlier_rule_takes(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        rule_of(account, acme.editor, text="account fee")
        for amount, text in (("-7.50", "account fee"), ("-2.00", "card fee"), ("-3.00", "late fee"), ("9.00", "rent")):
            line_of(account, amount, description=text)
        rule = rule_of(account, acme.editor, text="fee", is_active=False)
        found = try_out(rule)
        assert (found.looked_at, found.taken, found.before) == (4, 2, 1)
        assert (found.money_in, found.money_out) == (Decimal(0), Decimal("5.00"))
        assert apply_rules(account.connection) == 1


def _said(of: BankAccount, **changes: Any) -> dict[str, Any]:
    said = {"name": "Fees", "connection": str(of.connection_id), "field": "any", "test": "contains"}
    return said | {"text": "fee", "outcome": "expense", "account": "4970", "is_active": "on", **changes}


ADD = reverse("admin:reconciliation_bankrule_add")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account": "Bank chargez"}, "has none called"),
        ({"account": "Bank"}, "4970 Bank charges"),
        ({"text": ""}, "Ask for something"),
        ({"test": "pattern", "text": "("}, "no pattern of RE2"),
        ({"outcome": "transfer"}, "other end of the transfer"),
        ({"outcome": "write_off"}, "up to which amount"),
        ({"outcome": "bill"}, "needs its vendor"),
        ({"outcome": "bill", "contact": "Nobody"}, "has none called Nobody"),
    ],
)
def test_the_form_says_what_is_missing(acme: Actors, account: BankAccount, changes: dict[str, Any], words: str) -> None:
    page = acme.client("editor").post(ADD, _said(account, **changes))
    assert words in page.content.decode()
    with tenant_scope(acme.tenant.pk):
        assert not BankRule.objects.exists()


def test_an_editor_writes_a_rule_sees_the_try_out_and_others_may_not(
    acme: Actors, rival: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        line_of(account, "-7.50", description="account fee")
    page = acme.client("editor").post(ADD, _said(account), follow=True).content.decode()
    assert "Tried on the last 1 line" in page
    with tenant_scope(acme.tenant.pk):
        rule = BankRule.objects.get()
        assert (rule.external_account_id, rule.external_account_name, rule.position) == ("70", "4970 Bank charges", 1)
    change = reverse("admin:reconciliation_bankrule_change", args=[rule.pk])
    again = acme.client("editor").post(
        change, _said(account, account=rule.external_account_name, text="card"), follow=True
    )
    assert "It takes" in again.content.decode()
    assert acme.client("auditor").get(change).status_code == 200
    assert acme.client("auditor").post(ADD, _said(account)).status_code == 403
    up = reverse("admin:reconciliation_bankrule_move", args=[rule.pk])
    assert acme.client("auditor").post(up, {"to": "up"}).status_code == 403
    stranger = rival.client("editor")
    assert stranger.post(up, {"to": "up"}).status_code == 403
    assert "account fee" not in stranger.get(change, follow=True).content.decode()
    assert "Select a valid choice" in stranger.post(ADD, _said(account)).content.decode()
    with tenant_scope(acme.tenant.pk):
        rule.refresh_from_db()
        assert rule.text == "card"
        assert BankLine.objects.count() == 1


def tax_of(account: BankAccount, **fields: Any) -> Any:
    """A code of 20 % for purchases."""
    said = {"kind": "purchases", "name": "20% VAT on purchases", "external_id": "T20", "search": "20% vat on purchases"}
    return record_of(account.connection, "tax_rates", "0", number="", unified={"rate": "20"}, **{**said, **fields})


def test_a_tax_code_is_split_out_of_the_gross_and_only_valid_ones_are_taken(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        tax_of(account)
        tax_of(account, kind="sales", name="20% VAT on sales", external_id="S20", search="20% vat on sales")
    client = acme.client("editor")
    said = _said(account, tax="20% VAT on sales", direction="out")
    assert "has none called 20% VAT on sales" in client.post(ADD, said).content.decode()
    assert "money out only" in client.post(ADD, _said(account, tax="20% VAT on purchases")).content.decode()
    client.post(ADD, _said(account, tax="20% VAT on purchases", direction="out"))
    with tenant_scope(acme.tenant.pk):
        assert BankRule.objects.get().external_tax_id == "T20"
        line = line_of(account, "-9.99", description="card fee")
        apply_rules(account.connection)
        (done,) = approve(proposals=[proposal_of(line)], by=member(acme.tenant, acme.approver))
        body = done.postings[0].body
        assert (body["tax_mode"], body["subtotal"], body["tax_total"], body["total"]) == (
            "inclusive", "8.33", "1.66", "9.99",
        )  # fmt: skip
        assert body["lines"][0]["tax_rate"]["id"] == "T20"


def test_a_rule_on_an_archived_account_proposes_nothing_and_says_so(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        rule = rule_of(account, acme.editor, text="fee")
        line_of(account, "-7.50", description="fee")
        record = account.connection.records.get(resource="accounts", external_id="70")
        record.name, record.unified = "Bank costs", {"code": "4970"}
        record.save()
    change = reverse("admin:reconciliation_bankrule_change", args=[rule.pk])
    client = acme.client("editor")
    assert "is called 4970 Bank costs now" in client.get(change).content.decode()
    assert "Renamed" in client.get(reverse("admin:reconciliation_bankrule_changelist")).content.decode()
    with tenant_scope(acme.tenant.pk):
        assert apply_rules(account.connection) == 1
        record.is_active = False
        record.save()
        apply_rules(account.connection)
        assert not BankLine.objects.exclude(proposal=None).exists()
    page = client.get(change).content.decode()
    assert "is archived in the ledger" in page
    assert "this rule proposes nothing" in page
    assert "Proposes nothing" in client.get(reverse("admin:reconciliation_bankrule_changelist")).content.decode()


def test_accounts_are_picked_from_the_tenants_own_ledger(acme: Actors, rival: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        fields = {"kind": "expense", "number": "4980", "name": "Bank old", "unified": {"code": "4980"}}
        record_of(account.connection, "accounts", "0", search="4980 bank old", is_active=False, **fields)
    address = reverse("admin:reconciliation_bankrule_choices", args=[account.connection_id])
    found = acme.client("editor").get(address, {"of": "account", "q": "bank"}).json()["choices"]
    assert [(each["label"], each["why_not"]) for each in found] == [
        ("4970 Bank charges", ""),
        ("4980 Bank old", "it is inactive in the ledger"),
    ]
    assert acme.client("auditor").get(address, {"of": "account"}).status_code == 403
    assert rival.client("editor").get(address, {"of": "account"}).status_code == 403
