"""The laws of the neutral books: what they refuse, and what is the same afterwards."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.sandbox.books.company import BooksError
from tests.sandbox.books.firm import Firm, found_firm

AMOUNTS = st.decimals(min_value="0.01", max_value="9999", places=2)
STEPS = st.tuples(st.sampled_from(["invoice", "bill", "pay", "void", "delete", "credit", "edit"]), AMOUNTS)


@pytest.fixture
def firm() -> Firm:
    """Books without documents."""
    return found_firm()


def refusal(act: Any, *arguments: Any, **more: Any) -> BooksError:
    """The refusal that an act meets."""
    with pytest.raises(BooksError) as caught:
        act(*arguments, **more)
    return caught.value


def _step(firm: Firm, name: str, amount: Decimal) -> None:
    documents = [*firm.company.live("invoice"), *firm.company.live("bill")]
    last = documents[-1]
    match name:
        case "invoice":
            firm.invoice(amount, tax="20%")
        case "bill":
            firm.bill(amount, currency="EUR", rate=Decimal("0.8713"))
        case "credit":
            firm.credit(amount)
        case "pay":
            firm.pay(last, amount, rate=Decimal("0.9"))
        case "edit":
            firm.company.save(last.table, {**last.body, "lines": [firm.line(amount)]}, last.id)
        case "void":
            firm.company.void(last.table, last.id)
        case _:
            firm.company.delete(last.table, last.id)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_the_trial_balance_is_zero_whatever_happens(steps: list[tuple[str, Decimal]]) -> None:
    firm = found_firm()
    firm.invoice(1)
    for name, amount in steps:
        if not (firm.company.live("invoice") or firm.company.live("bill")):
            firm.invoice(amount)
        before = firm.state()
        try:
            _step(firm, name, amount)
        except BooksError:
            assert firm.state() == before
        assert firm.difference() == 0
        for record in [*firm.company.live("invoice"), *firm.company.live("bill")]:
            assert firm.company.open_amount(record) >= 0


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, AMOUNTS, st.sampled_from([Decimal("0.8"), Decimal("0.8713"), Decimal("1.21")]))
def test_an_allocation_taken_back_leaves_no_trace(total: Decimal, credit: Decimal, rate: Decimal) -> None:
    firm = found_firm()
    invoice = firm.invoice(total, currency="EUR", rate=Decimal("0.85"))
    note = firm.credit(credit, currency="EUR", rate=rate)
    before = firm.state()
    amount = min(total, credit)
    firm.company.allocate("credit_note", note.id, [{"document": invoice.key, "amount": amount, "on": "2026-05-07"}])
    assert firm.company.open_amount(firm.fresh(invoice)) == total - amount
    assert firm.company.open_amount(firm.fresh(note)) == credit - amount
    firm.company.allocate("credit_note", note.id, [], replace=True)
    assert firm.state() == before


def test_a_settled_document_can_neither_go_nor_shrink(firm: Firm) -> None:
    invoice = firm.invoice(100)
    payment = firm.pay(invoice, 60)
    for act in (firm.company.delete, firm.company.void):
        assert refusal(act, "invoice", invoice.id).code == "settled"
    smaller = {**invoice.body, "lines": [firm.line(59)]}
    assert refusal(firm.company.save, "invoice", smaller, invoice.id).code == "settled"
    firm.company.delete("payment", payment.id)
    firm.company.delete("invoice", invoice.id)
    assert [record.id for record in firm.company.deleted("invoice")] == [invoice.id]
    assert refusal(firm.company.get, "invoice", invoice.id).code == "not_found"


def test_a_closed_period_refuses_every_change_in_it(firm: Firm) -> None:
    invoice, note = firm.invoice(100), firm.credit(50)
    firm.company.close_through(date(2026, 5, 7))
    assert firm.company.closed_through == date(2026, 5, 7)
    allocation = {"document": invoice.key, "amount": 50, "on": "2026-05-06"}
    assert refusal(firm.invoice, 1).code == "period_closed"
    assert (
        refusal(firm.company.save, "invoice", {**invoice.body, "on": "2026-05-09"}, invoice.id).code == "period_closed"
    )
    assert refusal(firm.company.delete, "invoice", invoice.id).code == "period_closed"
    assert refusal(firm.company.void, "invoice", invoice.id).code == "period_closed"
    assert refusal(firm.company.allocate, "credit_note", note.id, [allocation]).code == "period_closed"
    firm.company.allocate("credit_note", note.id, [{**allocation, "on": "2026-05-08"}])
    firm.company.close_through(None)
    assert firm.invoice(1).body["total"] == 1


def test_an_archived_account_or_contact_refuses_new_documents(firm: Firm) -> None:
    for kind, key in (("account", firm.account("4000")), ("contact", firm.customer)):
        body = firm.company.get(kind, key).body
        firm.company.save(kind, {**body, "is_active": False}, key)
        error = refusal(firm.invoice, 10)
        assert (error.code, error.facts["kind"]) == ("inactive_reference", kind)
        firm.company.save(kind, {**body, "is_active": True}, key)
    firm.invoice(10)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"contact": None}, "missing", "contact"),
        ({"contact": "nobody"}, "invalid_reference", "contact"),
        ({"lines": [{"amount": 5}]}, "missing", "lines[0].account"),
        ({"on": "yesterday"}, "missing", "on"),
        ({"tax_mode": "sometimes"}, "invalid_tax", "tax_mode"),
    ],
)
def test_a_refusal_says_which_field(firm: Firm, change: dict[str, Any], code: str, field: str) -> None:
    body = {**firm.invoice(10).body, **change}
    error = refusal(firm.company.save, "invoice", body)
    assert (error.code, error.field) == (code, field)


def test_money_goes_only_where_it_belongs(firm: Firm) -> None:
    invoice = firm.invoice(100)
    other = firm.made.contacts[1]
    assert refusal(firm.pay, invoice, 50, contact=other).code == "wrong_party"
    assert refusal(firm.pay, invoice, 50, currency="EUR", rate=1).code == "wrong_currency"
    assert refusal(firm.pay, invoice, 101).code == "over_applied"
    assert refusal(firm.pay, invoice, 10, account=firm.account("6000")).code == "wrong_account_type"
    allocation = {"document": invoice.key, "amount": 20}
    assert refusal(firm.pay, invoice, 10, allocations=[allocation]).code == "over_applied"
    assert firm.company.open_amount(firm.fresh(invoice)) == 100


def test_a_journal_must_balance(firm: Firm) -> None:
    lines = [{"account": firm.account("6000"), "debit": 10}, {"account": firm.account("1000"), "credit": 9}]
    error = refusal(firm.company.save, "journal_entry", {"lines": lines, "tax_mode": "none"})
    assert (error.code, error.facts["difference"]) == ("unbalanced", 1)


def test_names_and_numbers_are_used_once(firm: Firm) -> None:
    firm.invoice(1, number="A-1")
    assert refusal(firm.invoice, 1, number="A-1").code == "duplicate_number"
    name = firm.company.get("contact", firm.customer).body["name"]
    assert refusal(firm.company.save, "contact", {"name": name.upper()}).code == "duplicate_name"


def test_what_is_used_cannot_be_deleted(firm: Firm) -> None:
    firm.invoice(10)
    assert refusal(firm.company.delete, "account", firm.account("4000")).code == "in_use"
    assert refusal(firm.company.delete, "contact", firm.customer).code == "in_use"
    firm.company.delete("contact", firm.made.contacts[3])


def test_a_draft_posts_nothing_until_it_is_authorised(firm: Firm) -> None:
    before = firm.company.store.journal.trial_balance()
    draft = firm.invoice(10, status="draft")
    assert firm.company.store.journal.trial_balance() == before
    assert refusal(firm.pay, draft, 10).code == "status"
    firm.company.save("invoice", {**draft.body, "status": "authorised"}, draft.id)
    assert firm.company.open_amount(firm.fresh(draft)) == 10


def test_what_is_void_stays_void_and_frees_what_it_held(firm: Firm) -> None:
    payment = firm.pay(firm.invoice(10), 10, account=firm.account("1200"))
    lines = [{"document": payment.key, "amount": 10}]
    body = {"account": firm.account("1000"), "on": "2026-05-09", "tax_mode": "none", "lines": lines}
    deposit = firm.company.save("deposit", body)
    assert refusal(firm.company.delete, "payment", payment.id).code == "settled"
    firm.company.void("deposit", deposit.id)
    assert refusal(firm.company.save, "deposit", deposit.body, deposit.id).code == "status"
    firm.company.delete("payment", payment.id)


def test_a_refund_pays_out_a_credit(firm: Firm) -> None:
    note = firm.credit(40)
    before = firm.company.balance(firm.account("1000"))
    firm.pay(note, 40)
    assert firm.company.open_amount(firm.fresh(note)) == 0
    assert firm.company.balance(firm.account("1000")) == before - 40
    assert firm.company.balance(firm.account("1100")) == 0


def test_every_change_is_announced(firm: Firm) -> None:
    invoice = firm.invoice(10)
    payment = firm.pay(invoice, 10)
    firm.company.delete("payment", payment.id)
    firm.company.void("invoice", invoice.id)
    assert [(event.kind, event.operation) for event in firm.events] == [
        ("invoice", "create"), ("invoice", "update"), ("payment", "create"), ("invoice", "update"),
        ("payment", "delete"), ("invoice", "void"),
    ]  # fmt: skip


def _broken(firm: Firm) -> None:
    with firm.company.store.transaction():
        firm.pay(firm.invoice(10), 10)
        raise KeyboardInterrupt


def test_a_broken_transaction_leaves_nothing(firm: Firm) -> None:
    before, heard = firm.state(), len(firm.events)
    with pytest.raises(KeyboardInterrupt):
        _broken(firm)
    assert (firm.state(), len(firm.events)) == (before, heard)


def test_payments_that_meet_never_settle_more_than_there_is(firm: Firm) -> None:
    invoice = firm.invoice(100)

    def pay(_: int) -> str:
        try:
            firm.pay(invoice, 30)
        except BooksError as error:
            return error.code
        return "paid"

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(pay, range(16)))
    assert outcomes == {"paid": 3, "over_applied": 13}
    assert firm.company.open_amount(firm.fresh(invoice)) == 10
    assert len(firm.company.settlements(firm.fresh(invoice))) == 3
