"""The laws of documents: one of three outcomes, entries that balance, no cent lost, and the same result for ever."""

import json
import os
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.services import approval
from mappings.transform import Book, Document, Result, apply
from mappings.transform.effect import entries_of
from mappings.transform.kinds import KINDS
from mappings.transform.money import quantum_of
from mappings.transform.practice import Practice
from mappings.transform.wellformed import errors_of
from tests.mappings.test_kinds import BOOK, CURRENCIES, EVERY_PRACTICE, LINKS, PLAIN, ROUNDINGS, XERO, body

GOLDEN = Path(__file__).parent / "golden.json"

# On the pure path ----------------------------------------------------------------------------------------------------

_ODD: dict[str, list[Any]] = {
    "side": ["sales", "purchases"],
    "tax_mode": ["exclusive", "inclusive", "reverse_charge", "none", ""],
    "counterparty": [{}, {"name": "Red Ltd", "country": "DE"}],
    "payment_method": ["", "bank", "Unheard of"],
    "paid_into": ["", "stripe", "Unheard of"],
    "lines": [[], [{"category": "Unheard of", "tax_code": "A", "amount": Decimal("1.00")}]],
    "parts": [[], [{"type": "fee", "amount": Decimal(3)}], [{"type": "release", "amount": Decimal(900)}]],
    "applies_to": [[], [{"external_id": "never came"}], [{"external_id": "b-1"}], [{"external_id": "x-1"}]],
    "refers_to": [[{"external_id": "s-1"}], [{"external_id": "s-1", "amount": Decimal(-1)}]],
    "tax_total": [None, Decimal(0), Decimal("-1"), Decimal("0.005"), Decimal(7)],
    "total": [Decimal(0), Decimal("-120.00"), Decimal("0.1"), Decimal(77)],
    "currency": ["GBP", "EUR"],
    "number": [""],
    "due_on": ["2026-12-02", "2026-01-01"],
    "exchange_rate": [Decimal("0.85"), Decimal(0), Decimal("-1")],
    "purchase_order": ["PO-1"],
}
_LINE: dict[str, list[Any]] = {
    "tax_code": ["A", "B", "RC", "", "Unheard of"],
    "category": ["Goods", "Cost", "Unheard of"],
    "quantity": [Decimal(3)],
    "unit_price": [Decimal("33.33")],
    "description": ["A day"],
}


@st.composite
def wild(draw: st.DrawFn) -> dict[str, Any]:
    """A sound document of any kind, side, currency and amounts, in which up to two things were put otherwise."""
    kind = draw(st.sampled_from(list(KINDS)))
    side = draw(st.sampled_from(list(KINDS[kind].becomes)))
    currency = draw(st.sampled_from(["GBP", "JPY", "KWD"]))
    unit = quantum_of(currency)
    found = body(kind, side=side, currency=currency, source="shop") | _amounts(draw, kind, side, unit)
    for name in draw(st.lists(st.sampled_from(list(_ODD)), max_size=2)):
        found[name] = draw(st.sampled_from(_ODD[name]))
    if found.get("lines") and draw(st.integers(0, 3)) == 0:
        name = draw(st.sampled_from(list(_LINE)))
        found["lines"][0] = found["lines"][0] | {name: draw(st.sampled_from(_LINE[name]))}
    return {name: value for name, value in found.items() if value not in ("", [], {})}


def _amounts(draw: st.DrawFn, kind: str, side: str, unit: Decimal) -> dict[str, Any]:
    """Rows and totals that fit each other: tax of a fifth on multiples of five units."""
    rows = [amount * 5 * unit for amount in draw(st.lists(st.integers(1, 99_999), min_size=1, max_size=4))]
    whole = sum(rows, Decimal(0))
    if kind == "payment":
        shares = [{"external_id": "s-1" if side == "sales" else "b-1", "amount": whole}]
        return {"total": whole + draw(st.sampled_from([Decimal(0), unit])), "applies_to": shares}
    if kind == "payout":
        parts = [{"type": "fee", "amount": -row, "category": "Fees"} for row in rows[1:]]
        parts.append({"type": "charge", "amount": 2 * whole})
        return {"total": 2 * whole - sum(rows[1:], Decimal(0)), "parts": parts}
    if kind == "adjustment":
        debits = [{"category": "Rent", "amount": row} for row in rows]
        return {"total": whole, "lines": [*debits, {"category": "Accrual", "amount": -whole}]}
    word = "Goods" if side == "sales" else "Cost"
    lines = [{"category": word, "tax_code": "A", "amount": row} for row in rows]
    return {"total": whole * 6 / 5, "tax_total": whole / 5, "lines": lines}


_practices = st.builds(
    lambda base, rounding, tolerance, rest: replace(base, tax_rounding=rounding, tolerance=tolerance, overpayment=rest),
    st.sampled_from([*EVERY_PRACTICE.values(), Practice(home="GBP")]),
    st.sampled_from(ROUNDINGS),
    st.integers(0, 2),
    st.sampled_from(["keep", "refuse"]),
)


def _plain(sent: dict[str, Any]) -> dict[str, Any]:
    """As it is stored: decimals as text."""
    found: dict[str, Any] = json.loads(orjson.dumps(sent, default=str))
    return found


@settings(max_examples=1500, deadline=None)
@given(wild(), _practices)
def test_whatever_is_taken_in_becomes_writes_that_balance_or_problems_that_say_so_and_never_both(
    sent: dict[str, Any], practice: Practice
) -> None:
    if errors_of(sent):
        return
    result = apply(BOOK, Document.from_body(_plain(sent)), practice, LINKS)
    assert bool(result.writes) is not bool(result.problems)
    assert (result.payload is None) is bool(result.problems)
    for problem in result.problems:
        assert problem.text
        assert problem.remedy
        assert problem.cause in ("document", "mapping", "earlier", "ledger")
    entries = entries_of(result.writes)
    assert sum(each.debit for each in entries) == sum(each.credit for each in entries)
    unit = quantum_of(sent["currency"])
    assert not any(each.debit % unit or each.credit % unit for each in entries)
    assert len({write.name for write in result.writes}) == len(result.writes)


@settings(max_examples=300, deadline=None)
@given(wild(), _practices)
def test_the_same_document_version_and_practice_give_the_same_result(sent: dict[str, Any], practice: Practice) -> None:
    if errors_of(sent):
        return
    stored = _plain(sent)
    fresh = Book(BOOK.version, reversed(BOOK.rules))
    first = apply(BOOK, Document.from_body(stored), practice, LINKS)
    turned = dict(reversed(list(stored.items())))
    assert apply(fresh, Document.from_body(turned), practice, dict(reversed(LINKS.items()))) == first


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(1, 99_999), min_size=1, max_size=2),
    st.integers(0, 99_999),
    st.sampled_from(CURRENCIES),
    st.sampled_from([PLAIN, XERO]),
)
def test_a_payment_reaches_what_it_settles_and_its_rest_to_the_smallest_unit(
    shares: list[int], rest: int, currency: str, practice: Practice
) -> None:
    unit = quantum_of(currency)
    rest = rest if practice.keeps_rest else 0
    total = (sum(shares) + rest) * unit
    rows = [{"external_id": f"s-{turn}", "amount": str(share * unit)} for turn, share in enumerate(shares, start=1)]
    links = {key: replace(found, currency=currency) for key, found in LINKS.items()}
    sent = body("payment", currency=currency, total=str(total), applies_to=rows)
    result = apply(BOOK, Document.from_body(sent), practice, links)
    assert not result.problems
    found = {each.account: each.debit - each.credit for each in entries_of(result.writes)}
    assert found == {"1010 Stripe": total, "Accounts receivable": -total}
    applied = [share["amount"] for write in result.writes for share in write.body["allocations"]]
    assert applied == [share * unit for share in shares]


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(CURRENCIES), st.sampled_from([PLAIN, XERO]))
def test_a_payout_moves_its_total_into_the_bank_and_all_of_it_out_of_clearing_or_its_parts(
    data: st.DataObject, currency: str, practice: Practice
) -> None:
    unit = quantum_of(currency)
    size = st.integers(0, 99_999)
    charges, fees, booked = (data.draw(size) * unit for _ in range(3))
    charges += fees + booked + unit
    parts = [
        {"type": "charge", "amount": str(charges)},
        {"type": "refund", "amount": str(-fees)},
        {"type": "fee", "amount": str(-booked), "category": "Fees"},
    ]
    total = charges - fees - booked
    result = apply(
        BOOK, Document.from_body(body("payout", currency=currency, parts=parts, total=str(total))), practice, LINKS
    )
    assert not result.problems
    found = {each.account: each.debit - each.credit for each in entries_of(result.writes)}
    expected = {"1000 Bank": total, "6200 Fees": booked, "1010 Stripe": -(total + booked)}
    assert found == {account: amount for account, amount in expected.items() if amount}


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 9), st.sampled_from(["exclusive", "inclusive"]), st.sampled_from(CURRENCIES), _practices)
def test_tax_that_is_further_off_than_allowed_is_never_posted(
    units: int, mode: str, currency: str, practice: Practice
) -> None:
    unit = quantum_of(currency)
    off = (practice.tolerance + units) * unit
    line = {"category": "Goods", "tax_code": "A", "amount": str((1200 if mode == "inclusive" else 1000) * unit)}
    total = 1200 * unit + (off if mode == "exclusive" else 0)
    sent = body("sale", currency=currency, tax_mode=mode, lines=[line], tax_total=str(200 * unit + off))
    result = apply(BOOK, Document.from_body(sent | {"total": str(total)}), practice, LINKS)
    assert [problem.code for problem in result.problems] == ["tax_differs"]
    assert f"{off:f}" in result.problems[0].text


# For ever ------------------------------------------------------------------------------------------------------------


def _digest(result: Result) -> str:
    """Of all that is written or refused, and by which meanings; sentences may be put better one day."""
    said = {
        "writes": approval.shown(result.writes),
        "problems": [(each.code, each.cause, each.subject, each.side, each.value) for each in result.problems],
        "meanings": [(each.where, each.field, each.value, each.target_id, each.version) for each in result.trace],
    }
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _corpus() -> dict[str, tuple[dict[str, Any], Practice]]:
    """Documents of every kind, side, tax mode, currency and way of booking, by a name that never changes."""
    found: dict[str, tuple[dict[str, Any], Practice]] = {}
    bases = {"plain": PLAIN, "xero": XERO}
    lined = [(kind, side) for kind, rule in KINDS.items() for side in rule.becomes if "tax_mode" in rule.needs]
    modes = ("exclusive", "inclusive", "none")
    for (kind, side), mode, currency, rounding in product(lined, modes, CURRENCIES, ROUNDINGS):
        unit = quantum_of(currency)
        word = "Goods" if side == "sales" else "Cost"
        amounts = [(999, "A"), (1, "B"), (33_333, "B"), (250, "A")]
        rows = [{"category": word, "tax_code": code, "amount": str(amount * unit)} for amount, code in amounts]
        sent = body(kind, side=side, currency=currency, tax_mode=mode, lines=rows, tax_total=None)
        # What the computed tax comes to is part of what is kept: a total that misses it is refused, for ever too.
        sent["total"] = str((sum(amount for amount, _ in amounts) + (2959 + 250 if mode == "exclusive" else 0)) * unit)
        base = bases["xero" if rounding == "line" else "plain"]
        found[f"{kind} {side} {mode} {currency} by {rounding}"] = (
            sent,
            replace(base, tax_rounding=rounding, tolerance=2),
        )
    for name, practice in bases.items():
        for kind, side in product(("payment",), ("sales", "purchases")):
            paid = [{"external_id": "s-1" if side == "sales" else "b-1"}]
            found[f"{kind} {side} {name}"] = (body(kind, side=side, applies_to=paid), practice)
        shares = [{"external_id": "s-1", "amount": "70.00"}, {"external_id": "s-2", "amount": "50.00"}]
        found[f"split payment {name}"] = (body("payment", applies_to=shares), practice)
        found[f"credit applied {name}"] = (body("credit", applies_to=[{"external_id": "s-1"}]), practice)
        found[f"payout {name}"] = (body("payout"), practice)
        found[f"adjustment {name}"] = (body("adjustment"), practice)
        found[f"unheard of {name}"] = (body("payment", payment_method="Unheard of"), practice)
        foreign: dict[str, Any] = {"exchange_rate": "0.85", "rate_source": "ECB", "applies_to": shares}
        found[f"payment at a rate {name}"] = (body("payment", **foreign), practice)
    return found


def test_the_same_input_and_version_give_the_same_output_for_ever() -> None:
    """`golden.json` is only ever added to: a digest that changes means that documents would be booked otherwise.

    PORTAL_UPDATE_SNAPSHOTS=1 adds what is new and leaves what is there.
    """
    kept: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("PORTAL_UPDATE_SNAPSHOTS"):
        for name, (sent, practice) in _corpus().items():
            kept.setdefault(name, {"body": sent, "practice": _said(practice), "digest": _run(sent, _said(practice))})
        rows = [f"{json.dumps(name)}: {json.dumps(row, sort_keys=True)}" for name, row in sorted(kept.items())]
        GOLDEN.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    assert set(_corpus()) <= set(kept)
    changed = [name for name, row in kept.items() if _run(row["body"], row["practice"]) != row["digest"]]
    assert not changed
    booked = [name for name, row in kept.items() if _result(row["body"], row["practice"]).writes]
    assert len(booked) > len(kept) // 2


_OF_PRACTICE = [
    *("tax_rounding", "inclusive_lines", "credits_by_payment", "settles_one", "keeps_rest", "refunds_by"),
    *("payouts_by", "tolerance"),
]


def _said(practice: Practice) -> dict[str, Any]:
    """A practice as the golden file keeps it; both bases have the same accounts."""
    return {name: getattr(practice, name) for name in _OF_PRACTICE} | {"allocates": sorted(practice.allocates)}


def _result(sent: dict[str, Any], practice: dict[str, Any]) -> Result:
    known = replace(PLAIN, **(practice | {"allocates": frozenset(practice["allocates"])}))
    return apply(BOOK, Document.from_body(sent), known, LINKS)


def _run(sent: dict[str, Any], practice: dict[str, Any]) -> str:
    return _digest(_result(sent, practice))
