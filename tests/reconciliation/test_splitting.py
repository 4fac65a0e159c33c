"""A split line: its parts are the line to the cent, go where they are sent, and can be put together again."""

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from integrations.models import Posting
from reconciliation.models import BankAccount, BankLine, BankRule, Case, Decision, Match, Proposal
from reconciliation.services.approval import approve, weigh_bulk
from reconciliation.services.board import cards_of, progress_of
from reconciliation.services.closing import ground_of, start_close
from reconciliation.services.decisions import RefusedError
from reconciliation.services.filters import read_filters
from reconciliation.services.rejection import set_aside
from reconciliation.services.reversal import undo
from reconciliation.services.splitting import Part, join, live_parts, split
from reconciliation.services.statements import account_proof
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


def _amounts(*texts: str) -> list[Part]:
    return [Part(Decimal(text)) for text in texts]


def _fee_rule(account: BankAccount, **fields: Any) -> BankRule:
    values = {"name": "Fees", "text": "fee", "most": Decimal(50), "outcome": "write_off", "is_active": True}
    values |= {"external_account_id": "77", "external_account_name": "Bank charges"}
    return BankRule.objects.create(tenant_id=account.tenant_id, connection=account.connection, **{**values, **fields})


def _whole(account: BankAccount) -> Any:
    """Everything that is said of the account in sums."""
    lines = BankLine.objects.moving().filter(bank_account=account)
    proofs = account_proof(account, date(2026, 11, 1), date(2026, 11, 30))
    progress = progress_of(account.tenant, read_filters({}))
    moved = sum(lines.values_list("amount", flat=True), Decimal(0))
    return moved, [(proof.on, proof.closing) for proof in proofs], progress.total, progress.money


def test_a_payment_for_two_customers_less_a_fee_goes_to_each_to_the_cent(account: BankAccount, role: Any) -> None:
    first, second = (record_of(account.connection, "invoices", amount) for amount in ("600.00", "400.00"))
    line = line_of(account, "970.00", description="collected")
    rule = _fee_rule(account)
    parts = [
        Part(Decimal(600), record=first.pk),
        Part(Decimal(400), record=second.pk),
        Part(Decimal(-30), rule=rule.pk),
    ]
    made = split(line=line, parts=parts, by=role("editor"))
    approvals = approve(proposals=[proposal_of(part) for part in made], by=role("approver"))
    assert [approval.refused for approval in approvals] == ["", "", ""]
    bodies = [posting.body for approval in approvals for posting in approval.postings]
    assert [body["total"] for body in bodies] == ["600.00", "400.00", "30.00"]
    assert [body["allocations"][0]["id"] for body in bodies[:2]] == [first.external_id, second.external_id]
    assert bodies[2]["lines"][0]["account"]["id"] == "77"
    assert {body["reference"] for body in bodies} == {line.external_id}
    line.refresh_from_db()
    assert line.status == BankLine.Status.SPLIT


@pytest.mark.parametrize("seed", range(6))
def test_splitting_changes_no_sum_and_joining_brings_the_very_same_state_back(
    account: BankAccount, role: Any, seed: int
) -> None:
    chance = Random(seed)
    line, _ = paid_invoice(account, "1234.56")
    line_of(account, "-40.00", description="another")
    matched(account.connection)
    before, whole = _state(), _whole(account)
    cents = [chance.randrange(-90_000, 90_000) or 1 for _ in range(chance.randrange(1, 6))]
    cents.append(123_456 - sum(cents))
    parts = [Part(Decimal(each) / 100) for each in cents if each]
    if len(parts) > 1:
        made = split(line=line, parts=parts, by=role("editor"))
        assert sum((part.amount for part in made), Decimal(0)) == line.amount
        moved, proofs, lines, money = _whole(account)
        assert (moved, proofs) == whole[:2]
        assert lines == whole[2] + len(parts) - 1
        matched(account.connection)
        join(line=line, by=role("editor"))
    assert _state() == before
    assert _whole(account) == whole


def _state() -> Any:
    rows = BankLine.objects.moving().order_by("pk").values_list("pk", "status", "proposal", "amount")
    return list(rows), list(Proposal.objects.open().order_by("pk").values_list("pk", "amount"))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (_amounts("970.00"), "2 to 20"),
        (_amounts("500.00", "469.99"), "0.01 GBP of 970.00 GBP remain"),
        (_amounts("500.00", "470.01"), "-0.01 GBP of 970.00 GBP remain"),
        (_amounts("970.00", "0.00"), "needs an amount"),
        (_amounts("485.0000001", "484.9999999"), "needs an amount"),
        (_amounts(*["1.00"] * 21), "2 to 20"),
    ],
)
def test_parts_that_are_not_the_line_are_refused(
    account: BankAccount, role: Any, parts: list[Part], words: str
) -> None:
    line = line_of(account, "970.00")
    with pytest.raises(RefusedError, match=words):
        split(line=line, parts=parts, by=role("editor"))
    line.refresh_from_db()
    assert (line.status, line.parts.count()) == (BankLine.Status.UNMATCHED, 0)


def test_a_part_goes_no_further_than_what_is_open_and_within_limits(account: BankAccount, role: Any) -> None:
    invoice = record_of(account.connection, "invoices", "600.00")
    bill = record_of(account.connection, "bills", "600.00")
    elsewhere = record_of(connection_of(account.tenant), "invoices", "600.00")
    rule, out = _fee_rule(account), _fee_rule(account, name="Out", direction="out")
    off = _fee_rule(account, name="Off", is_active=False)
    line = line_of(account, "970.00")
    wrong: list[tuple[str, Part, str]] = [
        ("300", Part(Decimal(670), record=invoice.pk), "Only 600.00 GBP"),
        ("470", Part(Decimal(500), record=bill.pk), "nothing open for this money"),
        ("470", Part(Decimal(500), record=elsewhere.pk), "nothing open for this money"),
        ("470", Part(Decimal(500), rule=rule.pk), "outside its limits"),
        ("940", Part(Decimal(30), rule=out.pk), "money out only"),
        ("940", Part(Decimal(30), rule=off.pk), "not in use"),
        ("940", Part(Decimal(30), rule=rule.pk, record=invoice.pk), "not to both"),
    ]
    for rest, part, words in wrong:
        with pytest.raises(RefusedError, match=words):
            split(line=line, parts=[Part(Decimal(rest)), part], by=role("editor"))
    twice = [Part(Decimal(485), record=invoice.pk)] * 2
    with pytest.raises(RefusedError, match="two parts"):
        split(line=line, parts=twice, by=role("editor"))


def test_nobody_approves_the_parts_they_made(account: BankAccount, role: Any) -> None:
    invoice = record_of(account.connection, "invoices", "600.00")
    parts = [Part(Decimal(600), record=invoice.pk), Part(Decimal(370), rule=_fee_rule(account, most=500).pk)]
    made = split(line=line_of(account, "970.00"), parts=parts, by=role("owner"))
    approvals = approve(proposals=[proposal_of(part) for part in made], by=role("owner"))
    assert all("somebody else" in approval.refused for approval in approvals)
    assert not Posting.objects.exists()


@pytest.mark.parametrize("name", ["approver", "auditor", "support"])
def test_those_who_propose_split_and_join(account: BankAccount, role: Any, name: str) -> None:
    line = line_of(account, "970.00")
    with pytest.raises(RefusedError, match="Your role"):
        split(line=line, parts=_amounts("500", "470"), by=role(name))
    split(line=line, parts=_amounts("500", "470"), by=role("editor"))
    with pytest.raises(RefusedError, match="Your role"):
        join(line=line, by=role(name))


def test_nobody_splits_a_payment_below_the_two_person_limit(in_acme: Actors, account: BankAccount, role: Any) -> None:
    in_acme.tenant.two_person_limit = Decimal(500)
    in_acme.tenant.save()
    invoices = [record_of(account.connection, "invoices", "450.00") for _ in range(2)]
    parts = [Part(Decimal(450), record=invoice.pk) for invoice in invoices]
    made = split(line=line_of(account, "900.00"), parts=parts, by=role("editor"))
    proposal = proposal_of(made[0])
    (card,) = cards_of([made[0]], by=role("approver"))
    assert card.needs_second
    assert weigh_bulk([proposal], by=role("approver")).left_out == 1
    (first,) = approve(proposals=[proposal], by=role("approver"))
    assert first.waits_for_second
    (second,) = approve(proposals=[proposal], by=role("owner"))
    assert second.match is not None


def test_a_matched_part_is_undone_before_the_line_is_whole_again(account: BankAccount, role: Any) -> None:
    invoice = record_of(account.connection, "invoices", "600.00")
    line = line_of(account, "970.00")
    first, second = split(
        line=line, parts=[Part(Decimal(600), record=invoice.pk), Part(Decimal(370))], by=role("editor")
    )
    (approval,) = approve(proposals=[proposal_of(first)], by=role("approver"))
    with pytest.raises(RefusedError, match="undo that first"):
        join(line=line, by=role("editor"))
    assert approval.match is not None
    undo(match=approval.match, by=role("approver"))
    join(line=line, by=role("editor"))
    assert {part.status for part in line.parts.all()} == {BankLine.Status.JOINED}
    assert not Proposal.objects.open().exists()
    again = split(line=line, parts=_amounts("1", "969"), by=role("editor"))
    assert [part.pk for part in live_parts(line)] == [part.pk for part in again]
    assert list(Decision.objects.order_by("id").values_list("kind", flat=True)) == [
        "split", "propose", "approve", "undo", "join", "split",
    ]  # fmt: skip


def test_a_part_is_not_split_again(account: BankAccount, role: Any) -> None:
    first, _ = split(line=line_of(account, "970.00"), parts=_amounts("500", "470"), by=role("editor"))
    with pytest.raises(RefusedError, match="a part already"):
        split(line=first, parts=_amounts("250", "250"), by=role("editor"))


def test_equal_parts_are_neither_a_second_delivery_nor_a_return(account: BankAccount, role: Any) -> None:
    line = line_of(account, "500.00", description="ACME COLLECTED 77", counterparty="COLLECTOR")
    parts = split(line=line, parts=_amounts("300", "300", "-300", "200"), by=role("editor"))
    matched(account.connection)
    kinds = set(Proposal.objects.filter(lead__in=parts).values_list("kind", flat=True))
    assert not kinds & {"duplicate", "return", "transfer"}
    assert Case.objects.open().count() == 4


def test_the_database_holds_that_parts_are_the_line(account: BankAccount, role: Any) -> None:
    line = line_of(account, "970.00")
    first, _ = split(line=line, parts=_amounts("500", "470"), by=role("editor"))
    changes: list[tuple[Any, dict[str, Any]]] = [
        (first, {"amount": Decimal("500.01")}),
        (first, {"status": BankLine.Status.JOINED}),
        (line, {"status": BankLine.Status.UNMATCHED}),
    ]
    for row, change in changes:
        with pytest.raises(IntegrityError, match="are not the line"), transaction.atomic():
            _changed(row, change)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _changed(row: BankLine, change: dict[str, Any]) -> None:
    """As at the end of a transaction."""
    BankLine.objects.filter(pk=row.pk).update(**change)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_part_that_is_left_open_is_open_at_the_close(account: BankAccount, role: Any) -> None:
    line = line_of(account, "970.00", booked_on=date(2026, 10, 5))
    close = start_close(bank_account=account, first_on=date(2026, 10, 1), last_on=date(2026, 10, 31), by=role("editor"))
    whole = ground_of(close).figures
    first, second = split(line=line, parts=_amounts("900", "70"), by=role("editor"))
    set_aside(line=second, by=role("editor"), reason="Rounded")
    figures = ground_of(close).figures
    assert (figures["money_in"], figures["closing"]) == (whole["money_in"], whole["closing"])
    assert (figures["open"], figures["open_money"], figures["set_aside"]) == (1, Decimal(900), 1)


# Pages


def _url(word: str, line: BankLine) -> str:
    return reverse(f"admin:reconciliation_bankline_{word}", args=[line.pk])


def test_a_line_is_split_on_its_page_and_undone_from_the_workbench(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        invoice = record_of(account.connection, "invoices", "600.00")
        line = line_of(account, "970.00", description="collected")
    client = acme.client("editor")
    assert invoice.number in client.get(_url("split", line)).content.decode()
    wrong = {"amount": ["600", "370.5", ""], "target": [f"record:{invoice.pk}", "", ""]}
    refused = client.post(_url("split", line), wrong)
    assert refused.status_code == 422
    assert "-0.50 GBP of 970.00 GBP remain" in refused.content.decode()
    assert 'value="370.5"' in refused.content.decode()
    unreadable = client.post(_url("split", line), {"amount": ["NaN", "1"], "target": ["", "rule:x"]})
    assert "Row 1 has no amount" in unreadable.content.decode()
    page = client.post(_url("split", line), wrong | {"amount": ["600", "370", ""]}, follow=True).content.decode()
    assert "Split into 2 parts." in page
    assert "Put it together again" in page
    workbench = reverse("admin:reconciliation_workbench")
    assert "Line split" in client.get(workbench).content.decode()
    assert client.post(_url("join", line), {"next": workbench}, follow=True).status_code == 200
    with tenant_scope(acme.tenant.pk):
        line.refresh_from_db()
        assert line.status == BankLine.Status.UNMATCHED


def _short_by_a_fee(account: BankAccount, line_amount: str = "98.50") -> tuple[BankLine, Any]:
    """A line that pays an invoice of 100.00 less a fee, as the engine proposes it."""
    invoice = record_of(account.connection, "invoices", "100.00", number="INV-7701")
    line = line_of(account, line_amount, description="INV-7701", counterparty=invoice.contact_name)
    matched(account.connection)
    line.refresh_from_db()
    return line, invoice


def test_a_payment_short_by_a_fee_is_settled_in_full_and_the_fee_booked(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        _fee_rule(account, name="Any size", outcome="expense", most=None)
        rule = _fee_rule(account)
        line, invoice = _short_by_a_fee(account)
        assert proposal_of(line).difference == Decimal("-1.50")
    client = acme.client("editor")
    address = f"{_url('split', line)}?settle=1"
    assert address in client.get(reverse("admin:reconciliation_workbench")).content.decode()
    page = client.get(address)
    wanted = [("100.00", f"record:{invoice.pk}"), ("-1.50", f"rule:{rule.pk}")]
    assert page.context["rows"] == wanted
    sent = {"amount": [amount for amount, _ in wanted], "target": [target for _, target in wanted]}
    assert "Split into 2 parts." in client.post(_url("split", line), sent, follow=True).content.decode()
    with tenant_scope(acme.tenant.pk):
        parts = live_parts(line)
        approvals = approve(proposals=[proposal_of(part) for part in parts], by=member(acme.tenant, acme.approver))
        bodies = [posting.body for approval in approvals for posting in approval.postings]
    assert [(body["total"], body["issued_on"]) for body in bodies] == [
        ("100.00", line.booked_on.isoformat()),
        ("1.50", line.booked_on.isoformat()),
    ]


def test_a_difference_beyond_every_write_off_is_left_for_a_person_to_place(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        _fee_rule(account, most=Decimal("1.00"))
        line, invoice = _short_by_a_fee(account)
    page = acme.client("editor").get(f"{_url('split', line)}?settle=1")
    assert page.context["rows"] == [("100.00", f"record:{invoice.pk}"), ("-1.50", "")]
    assert "No write-off rule holds the difference" in page.content.decode()


def test_a_search_for_documents_keeps_what_was_typed(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        invoice = record_of(account.connection, "invoices", "600.00", number="INV-1")
        other = record_of(account.connection, "invoices", "70.00", number="OTHER-2")
        line = line_of(account, "970.00", description="collected")
    typed = {"amount": ["600", "370"], "target": [f"record:{invoice.pk}", ""], "search": "1", "q": "other-2"}
    page = acme.client("editor").post(_url("split", line), typed)
    assert page.status_code == 200
    assert page.context["rows"] == [("600", f"record:{invoice.pk}"), ("370", "")]
    assert {entry.record.pk for entry in page.context["found"]} == {invoice.pk, other.pk}
    with tenant_scope(acme.tenant.pk):
        assert not line.parts.exists()


def test_a_rival_splits_and_joins_nothing(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        line = line_of(account, "970.00")
    client = rival.client("owner")
    assert client.get(_url("split", line)).status_code == 403
    assert client.post(_url("split", line), {"amount": ["1", "969"], "target": ["", ""]}).status_code == 403
    with tenant_scope(acme.tenant.pk):
        split(line=line, parts=_amounts("1", "969"), by=member(acme.tenant, acme.editor))
    client.post(_url("join", line))
    with tenant_scope(acme.tenant.pk):
        line.refresh_from_db()
        assert line.status == BankLine.Status.SPLIT
        assert not Match.objects.exists()
