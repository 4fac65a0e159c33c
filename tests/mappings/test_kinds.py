"""The posting rules on the pure path: every kind balances, keeps its cents, and is the same for ever."""

from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.transform import Book, Document, Rule, Target, apply
from mappings.transform.effect import entries_of, exchange_difference
from mappings.transform.kinds import KINDS
from mappings.transform.money import quantum_of
from mappings.transform.practice import Linked, Practice
from mappings.transform.wellformed import TAX_MODES, errors_of

ROUNDINGS = ("rate", "line", "document")
CURRENCIES = ("JPY", "GBP", "KWD")
PLAIN = Practice(home="GBP", receivable=Target("90", "Debtors", kind="accounts_receivable"), bank=Target("91", "Bank"))
XERO = replace(
    PLAIN,
    tax_rounding="line",
    inclusive_lines="gross",
    allocates=frozenset({"credit_notes", "vendor_credits"}),
    credits_by_payment=False,
    settles_one=True,
    keeps_rest=False,
    refunds_by="payment",
    payouts_by="transfer",
)

_CREDITS = frozenset({"credit_notes", "vendor_credits"})
ZOHO = replace(PLAIN, inclusive_lines="gross", allocates=_CREDITS, credits_by_payment=False, priced_lines=True)
NETSUITE = replace(
    PLAIN,
    tax_rounding="line",
    takes_gross=False,
    allocates=_CREDITS,
    credits_by_payment=False,
    keeps_rest=False,
    paid_from_bank="check",
)
INTACCT = replace(
    PLAIN,
    tax_rounding="line",
    credits_by_payment=False,
    keeps_rest=False,
    paid_from_bank="bill",
    journals_name="ledger_account",
    needs_due_day=True,
    items_are="dimension",
    unapplied=dict.fromkeys(_CREDITS, "It is done there."),
)
EVERY_PRACTICE = {"plain": PLAIN, "xero": XERO, "zoho": ZOHO, "netsuite": NETSUITE, "intacct": INTACCT}


def _book(rates: dict[str, Decimal]) -> Book:
    targets = {
        ("category", "sales", "Goods"): Target("1", "4000 Sales", kind="income"),
        ("category", "purchases", "Cost"): Target("2", "6100 Costs", kind="expense"),
        ("category", "purchases", "Fees"): Target("3", "6200 Fees", kind="expense"),
        ("category", "purchases", "Reserve"): Target("4", "1300 Reserve", kind="other_asset"),
        ("category", "books", "Accrual"): Target("5", "2200 Accruals", kind="current_liability"),
        ("category", "books", "Rent"): Target("6", "6300 Rent", kind="expense"),
    }
    for side in ("sales", "purchases"):
        targets[("payment_method", side, "stripe")] = Target("7", "1010 Stripe", kind="bank")
        targets[("payment_method", side, "bank")] = Target("8", "1000 Bank", kind="bank")
        for code, percent in rates.items():
            parts = (("p", percent), ("n", -percent)) if code == "RC" else ((code, percent),)
            targets[("tax_code", side, code)] = Target(f"t{code}", code, kind="both", rates=parts)
    return Book(1, [Rule(*key, target) for key, target in targets.items()])


BOOK = _book({"A": Decimal(20), "B": Decimal("8.875"), "RC": Decimal(19)})
SALE = Linked("sale", "invoices", "GBP", Decimal("120.00"), "Blue Ltd", Decimal("0.80"), "Sale S-1")
BILL = Linked("purchase", "bills", "GBP", Decimal("96.00"), "Blue Ltd", None, "Purchase B-1")
LINKS = {"shop:s-1": SALE, "shop:s-2": SALE, "shop:b-1": BILL}


def body(kind: str, **changes: Any) -> dict[str, Any]:
    """A document of that kind that books: 100.00 + 20.00 where there is tax."""
    side = changes.get("side") or KINDS[kind].side
    line = {"category": "Goods" if side == "sales" else "Cost", "tax_code": "A", "amount": "100.00"}
    all_fields: dict[str, Any] = {
        "counterparty": {"name": "Blue Ltd"},
        "tax_mode": "exclusive",
        "lines": [line],
        "tax_total": "20.00",
        "payment_method": "stripe",
        "paid_into": "bank",
        "parts": [{"type": "charge", "amount": "123.00"}, {"type": "fee", "amount": "-3.00", "category": "Fees"}],
    }
    wanted = {name: value for name, value in all_fields.items() if name in KINDS[kind].needs | {"tax_total"}}
    if "tax_mode" not in KINDS[kind].needs:
        wanted.pop("tax_total")
    if kind == "adjustment":
        wanted["lines"] = [{"category": "Rent", "amount": "120.00"}, {"category": "Accrual", "amount": "-120.00"}]
    common = {
        "source": "shop",
        "external_id": "x-1",
        "kind": kind,
        "number": "N-1",
        "issued_on": "2026-11-02",
        "currency": "GBP",
        "total": "120.00",
    }
    return common | wanted | changes


def result_of(kind: str, practice: Practice = PLAIN, /, **changes: Any) -> Any:
    return apply(BOOK, Document.from_body(body(kind, **changes)), practice, LINKS)


def codes(result: Any) -> list[str]:
    return [problem.code for problem in result.problems]


def effect(result: Any) -> dict[str, Decimal]:
    """Account → debit above zero, credit below."""
    assert not result.problems, result.problems
    return {each.account: each.debit - each.credit for each in entries_of(result.writes)}


EVERY = [(kind, side) for kind, rule in KINDS.items() for side in rule.becomes]


@pytest.mark.parametrize(("kind", "side"), EVERY)
@pytest.mark.parametrize("practice", EVERY_PRACTICE.values(), ids=EVERY_PRACTICE)
def test_every_kind_books_debits_equal_to_credits(kind: str, side: str, practice: Practice) -> None:
    given: dict[str, Any] = (
        {"applies_to": [{"external_id": "s-1" if side == "sales" else "b-1"}]} if kind == "payment" else {}
    )
    result = result_of(kind, practice, side=side, **given)
    assert sum(effect(result).values()) == 0
    assert effect(result)
    assert result.writes[0].name == "create"
    assert len({write.name for write in result.writes}) == len(result.writes)


def test_a_sale_debits_customers_and_credits_income_and_tax() -> None:
    assert effect(result_of("sale")) == {"Accounts receivable": 120, "4000 Sales": -100, "Tax to pay": -20}


def test_a_credit_turns_a_sale_round_and_is_applied_by_a_payment_of_nothing_or_a_call() -> None:
    plain = result_of("credit", applies_to=[{"external_id": "s-1"}])
    assert effect(plain) == {"Accounts receivable": -120, "4000 Sales": 100, "Tax to pay": 20}
    zero = plain.writes[-1]
    assert (zero.resource, zero.body["total"]) == ("payments", 0)
    assert [share["type"] for share in zero.body["allocations"]] == ["invoice", "credit_note"]
    xero = result_of("credit", XERO, applies_to=[{"external_id": "s-1", "amount": "50.00"}])
    assert [write.operation for write in xero.writes] == ["create", "allocate"]
    assert xero.writes[-1].body["allocations"][0]["amount"] == 50


def test_a_refund_gives_money_back_and_leaves_customers_owing_nothing() -> None:
    found = effect(result_of("refund"))
    assert found["4000 Sales"] == 100
    assert found["1010 Stripe"] == -120
    assert found["Accounts receivable"] + found["Debtors"] == 0
    xero = effect(result_of("refund", XERO))
    assert xero == {"4000 Sales": 100, "Tax to pay": 20, "1010 Stripe": -120}


def test_a_payment_is_split_over_invoices_and_keeps_the_rest() -> None:
    shares = [{"external_id": "s-1", "amount": "50.00"}, {"external_id": "s-2", "amount": "40.00"}]
    whole = result_of("payment", applies_to=shares)
    assert [share["amount"] for share in whole.payload["allocations"]] == [50, 40]
    assert effect(whole) == {"1010 Stripe": 120, "Accounts receivable": -120}
    assert codes(result_of("payment", replace(PLAIN, overpayment="refuse"), applies_to=shares)) == ["overpaid"]
    assert codes(result_of("payment", XERO, applies_to=shares)) == ["overpaid"]
    exact = result_of("payment", XERO, applies_to=shares, total="90.00")
    assert [write.body["total"] for write in exact.writes] == [50, 40]
    assert [write.body["reference"] for write in exact.writes] == ["N-1/1", "N-1/2"]


def test_a_payment_that_settles_more_than_it_is_or_another_party_or_currency_is_refused() -> None:
    assert codes(result_of("payment", applies_to=[{"external_id": "s-1", "amount": "120.01"}])) == ["over_applied"]
    other: dict[str, Any] = {"counterparty": {"name": "Red Ltd"}, "applies_to": [{"external_id": "s-1"}]}
    assert codes(result_of("payment", **other)) == ["other_counterparty"]
    assert "other_currency" in codes(result_of("payment", currency="EUR", applies_to=[{"external_id": "s-1"}]))
    assert codes(result_of("payment", applies_to=[{"external_id": "b-1"}])) == ["wrong_reference"]


def test_a_payment_waits_for_the_document_it_settles() -> None:
    result = result_of("payment", applies_to=[{"external_id": "s-9"}])
    assert [(each.code, each.cause) for each in result.problems] == [("missing_document", "earlier")]


def test_a_payout_is_proved_against_its_parts_and_leaves_the_clearing_account() -> None:
    assert effect(result_of("payout")) == {"1000 Bank": 120, "6200 Fees": 3, "1010 Stripe": -123}
    off = result_of("payout", total="121.00")
    assert codes(off) == ["does_not_add_up"]
    assert "1.00 GBP" in off.problems[0].text
    parts = [{"type": "charge", "amount": "100.00"}, {"type": "fee", "amount": "20.00"}]
    assert codes(result_of("payout", parts=parts)) == ["wrong_sign"]


def test_reserves_chargebacks_and_refunds_of_a_payout_reach_their_accounts_in_both_ways_of_booking() -> None:
    parts = [
        {"type": "charge", "amount": "500.00"},
        {"type": "refund", "amount": "-50.00"},
        {"type": "fee", "amount": "-15.00", "category": "Fees"},
        {"type": "chargeback", "amount": "-65.00", "category": "Cost"},
        {"type": "reserve", "amount": "-250.00", "category": "Reserve"},
    ]
    expected = {"1000 Bank": 120, "6200 Fees": 15, "6100 Costs": 65, "1300 Reserve": 250, "1010 Stripe": -450}
    journal, transfer = result_of("payout", parts=parts), result_of("payout", XERO, parts=parts)
    assert effect(journal) == effect(transfer) == expected
    assert [write.resource for write in transfer.writes] == ["expenses", "bank_transactions"]


def test_an_adjustment_that_does_not_balance_is_refused_with_the_difference() -> None:
    lines = [{"category": "Rent", "amount": "120.00"}, {"category": "Accrual", "amount": "-119.00"}]
    result = result_of("adjustment", lines=lines)
    assert codes(result) == ["does_not_balance"]
    assert "1.00 GBP" in result.problems[0].text


def test_reverse_charge_adds_nothing_to_what_is_owed_and_wants_a_rate_that_cancels_out() -> None:
    line = {"category": "Cost", "tax_code": "RC", "amount": "100.00"}
    given: dict[str, Any] = {"tax_mode": "reverse_charge", "tax_total": None, "total": "100.00"}
    result = result_of("purchase", lines=[line], **given)
    assert effect(result) == {"6100 Costs": 100, "Accounts payable": -100}
    assert result.payload["lines"][0]["tax_rate"]["id"] == "tRC"
    assert codes(result_of("purchase", lines=[line | {"tax_code": "A"}], **given)) == ["not_reverse_charge"]


def test_each_ledger_rounds_its_own_way_and_what_differs_beyond_the_tolerance_is_refused() -> None:
    lines = [{"category": "Goods", "tax_code": "A", "amount": "0.02"}] * 10
    by_rate: dict[str, Any] = {"tax_total": "0.04", "total": "0.24"}
    by_line: dict[str, Any] = {"tax_total": "0.00", "total": "0.20"}
    assert not codes(result_of("sale", PLAIN, lines=lines, **by_rate))
    refused = result_of("sale", XERO, lines=lines, **by_rate)
    assert codes(refused) == ["tax_differs"]
    assert "0.04 GBP" in refused.problems[0].text
    assert not codes(result_of("sale", XERO, lines=lines, **by_line))
    assert not codes(result_of("sale", replace(XERO, tolerance=4), lines=lines, **by_rate))


def test_an_expense_that_a_bank_pays_is_a_bill_and_its_payment_where_only_cards_have_expenses() -> None:
    bill, paid = result_of("expense", INTACCT).writes
    assert (bill.resource, bill.body["due_on"], bill.body["number"]) == ("bills", "2026-11-02", "N-1")
    assert paid.body["allocations"] == [{"type": "bill", "id": {"write": "create"}, "amount": 120}]
    assert effect(result_of("expense", INTACCT)) == {"6100 Costs": 100, "Tax to reclaim": 20, "1010 Stripe": -120}
    card = Book(1, [*BOOK.rules, Rule("payment_method", "purchases", "visa", Target("9", "Visa", kind="credit_card"))])
    charged = apply(card, Document.from_body(body("expense", payment_method="visa")), INTACCT, LINKS)
    assert [write.resource for write in charged.writes] == ["expenses"]


def test_what_a_ledger_cannot_apply_stands_on_the_document_with_its_reason() -> None:
    result = result_of("credit", INTACCT, applies_to=[{"external_id": "s-1"}])
    assert [write.name for write in result.writes] == ["create"]
    (told,) = (each for each in result.trace if each.field == "applied to")
    assert (told.value, told.rule) == ("s-1", "not applied: do it in the ledger. It is done there.")
    refund = result_of("refund", NETSUITE)
    assert [write.name for write in refund.writes] == ["create", "money"]
    assert "set them off in the ledger" in next(each.rule for each in refund.trace if each.field == "applied to")
    assert not [each for each in result_of("refund").trace if each.field == "applied to"]


def test_prices_that_contain_tax_are_refused_where_no_net_amounts_reach_them() -> None:
    line = {"category": "Goods", "tax_code": "A", "amount": "9.99"}
    given: dict[str, Any] = {"tax_mode": "inclusive", "tax_total": None}
    result = result_of("sale", NETSUITE, lines=[line], total="9.99", **given)
    assert codes(result) == ["gross_out_of_reach"]
    assert "0.01 GBP" in result.problems[0].text
    reached = result_of("sale", NETSUITE, lines=[line | {"amount": "12.00"}], total="12.00", **given).payload
    assert (reached["tax_mode"], reached["lines"][0]["amount"], reached["tax_total"]) == ("exclusive", 10, 2)


def test_a_line_says_its_price_where_the_ledger_works_out_amounts() -> None:
    (line,) = result_of("sale", ZOHO).payload["lines"]
    assert (line["quantity"], line["unit_price"]) == (1, 100)


def test_a_payment_at_another_rate_realises_the_difference() -> None:
    given: dict[str, Any] = {"exchange_rate": "0.85", "rate_source": "ECB", "applies_to": [{"external_id": "s-1"}]}
    result = result_of("payment", **given)
    assert result.payload["exchange_rate"] == Decimal("0.85")
    gained = exchange_difference(result.payload, {"shop:s-1": Decimal("0.80")}, home="GBP", sign=1)
    assert gained == Decimal("6.00")
    assert exchange_difference(result.payload, {}, home="GBP", sign=1) is None
    assert any(each.field == "exchange rate" and "ECB" in each.rule for each in result.trace)


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], Practice]:
    """A sound document of any lined kind: amounts in the currency's unit, tax as the practice computes it."""
    currency = draw(st.sampled_from(CURRENCIES))
    unit = quantum_of(currency)
    kind = draw(st.sampled_from(["sale", "credit", "refund", "purchase", "expense", "fee"]))
    mode = draw(st.sampled_from(["exclusive", "inclusive", "none"]))
    amounts = draw(st.lists(st.integers(1, 9_999_999), min_size=1, max_size=6))
    rates = draw(st.lists(st.sampled_from(["A", "B"]), min_size=len(amounts), max_size=len(amounts)))
    word = "Goods" if KINDS[kind].side == "sales" else "Cost"
    lines = [
        {"category": word, "tax_code": code, "amount": str(amount * unit)}
        for amount, code in zip(amounts, rates, strict=True)
    ]
    base = draw(st.sampled_from([PLAIN, XERO, ZOHO, INTACCT]))
    practice = replace(base, tax_rounding=draw(st.sampled_from(ROUNDINGS)), tolerance=0)
    return body(kind, currency=currency, tax_mode=mode, lines=lines, tax_total=None), practice


@settings(deadline=None)
@given(documents())
def test_sums_and_tax_keep_every_cent_in_every_rounding_and_currency(made: tuple[dict[str, Any], Practice]) -> None:
    from mappings.transform.trade import computed_tax

    sent, practice = made
    lines = sum(Decimal(line["amount"]) for line in sent["lines"])
    tax = computed_tax(BOOK, Document.from_body(sent), practice) if sent["tax_mode"] != "none" else Decimal(0)
    total = lines + tax if sent["tax_mode"] == "exclusive" else lines
    sent |= {"total": str(total), "tax_total": str(tax) if sent["tax_mode"] != "none" else None}
    source = Document.from_body(sent)
    result = apply(BOOK, source, practice, LINKS)
    assert not result.problems
    found = entries_of(result.writes)
    assert sum(each.debit - each.credit for each in found) == 0
    unit = quantum_of(sent["currency"])
    assert not any(each.debit % unit or each.credit % unit for each in found)
    payload = result.payload or {}
    assert (payload["total"], payload["tax_total"]) == (total, tax)
    net = sum((line["amount"] for line in payload["lines"]), Decimal(0))
    is_gross = sent["tax_mode"] == "inclusive" and practice.inclusive_lines == "gross"
    assert net == (total if is_gross else total - tax)
    assert apply(BOOK, Document.from_body(dict(sent)), practice, LINKS) == result


@pytest.mark.parametrize(("kind", "side"), EVERY)
def test_what_every_kind_needs_is_asked_for_and_nothing_else_is_taken(kind: str, side: str) -> None:
    whole = _typed(body(kind, side=side))
    assert errors_of(whole) == {}
    for name in KINDS[kind].needs:
        assert name in errors_of({key: value for key, value in whole.items() if key != name})
    if kind != "payout":
        assert "parts" in errors_of(whole | {"parts": [{"type": "fee", "amount": Decimal(1)}]})
        assert "total" in errors_of(whole | {"total": Decimal(-1)})


@pytest.mark.parametrize(("mode", "kind"), list(product(TAX_MODES, ["sale", "purchase"])))
def test_taxed_lines_name_their_code(mode: str, kind: str) -> None:
    sent = _typed(body(kind, tax_mode=mode))
    sent["lines"] = [{name: value for name, value in sent["lines"][0].items() if name != "tax_code"}]
    assert ("lines" in errors_of(sent)) is (mode != "none")


def _typed(sent: dict[str, Any]) -> dict[str, Any]:
    def typed(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [{key: typed(key, each) for key, each in row.items()} for row in value]
        return Decimal(value) if name in ("amount", "total", "tax_total") and value is not None else value

    return {name: typed(name, value) for name, value in sent.items()}
