"""Documents with lines and tax: invoices, bills, credits, expenses; whether the ledger finds the same tax."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from mappings.transform import checks, naming, tax
from mappings.transform.model import Document, Key, Line, Problem
from mappings.transform.money import quantum_of, rounded, text_of
from mappings.transform.practice import Practice
from mappings.transform.reasons import meaning
from mappings.transform.rules import Book

_NONE = Decimal(0)
_TAXED = ("exclusive", "inclusive")
_OWED = ("invoices", "bills")


def tax_problems(book: Book, document: Document, practice: Practice) -> Iterator[Problem]:
    """Where the tax of the mapped rates is not the source's, with the difference; every tax code must be mapped."""
    if document.tax_mode == "reverse_charge":
        yield from _reverse_charge_problems(book, document)
    if document.tax_mode not in _TAXED:
        return
    computed = computed_tax(book, document, practice)
    if document.tax_mode == "inclusive" and not practice.takes_gross:
        yield from _gross_problems(book, document, practice, computed)
    if document.tax_total is None:
        if document.tax_mode == "exclusive":
            found = checks.lines_total(document) + computed
            yield from checks.difference(document, found, "lines and computed tax", practice.tolerance)
        return
    off = document.tax_total - computed
    if abs(off) > practice.tolerance * quantum_of(document.currency):
        codes = sorted({line.tax_code for line in document.lines if line.tax_code})
        money = document.currency
        yield Problem(
            code="tax_differs",
            text=f"With the mapped tax rates the ledger computes {text_of(computed, money)} tax, the source says "
            f"{text_of(document.tax_total, money)}: a difference of {text_of(off, money)}.",
            remedy="Check which rate the tax code means, or correct the document at its source.",
            subject="tax_code" if len(codes) == 1 else "",
            side=document.side if len(codes) == 1 else "",
            value=codes[0] if len(codes) == 1 else "",
        )


def _gross_problems(book: Book, document: Document, practice: Practice, computed: Decimal) -> Iterator[Problem]:
    """Where no net amounts come to the prices of the source, once the ledger has put its tax on top of them."""
    nets = (_net(document, line.amount, _rates(book, document, line), practice) for line in document.lines)
    reached = sum(nets, _NONE) + computed
    money = document.currency
    if reached != document.total:
        yield Problem(
            code="gross_out_of_reach",
            text=f"This ledger puts tax on top of net amounts and comes to {text_of(reached, money)}, but the prices "
            f"contain tax and come to {text_of(document.total, money)}: a difference of "
            f"{text_of(document.total - reached, money)}.",
            remedy="Send net amounts with their tax, as the ledger computes it, under a new external_id.",
            cause="document",
        )


def _reverse_charge_problems(book: Book, document: Document) -> Iterator[Problem]:
    """The buyer accounts for the tax: the mapped rate must add nothing to what is owed."""
    for code in sorted({line.tax_code for line in document.lines}):
        line = next(line for line in document.lines if line.tax_code == code)
        target = meaning(book, ("tax_code", document.side, code), document, line)
        percent = tax.percent_of(target.rates or ())
        if percent:
            yield Problem(
                code="not_reverse_charge",
                text=f"The tax code “{code}” means {target.name}, which adds {percent:f} % to what is owed; "
                "this document says that its buyer accounts for the tax.",
                remedy="Choose the ledger's tax rate for the reverse charge, whose parts cancel out.",
                subject="tax_code",
                side=document.side,
                value=code,
            )


def computed_tax(book: Book, document: Document, practice: Practice) -> Decimal:
    """Tax in the document's currency as the ledger will find it; every tax code must be mapped."""
    taxed = [(line.amount, _rates(book, document, line)) for line in document.lines]
    if document.tax_mode == "inclusive" and not practice.takes_gross:
        taxed = [
            (_net(document, line.amount, rates, practice), rates)
            for line, (_, rates) in zip(document.lines, taxed, strict=True)
        ]
        return tax.on_top(taxed, document.currency, practice.tax_rounding)
    compute = tax.inside if document.tax_mode == "inclusive" else tax.on_top
    return compute(taxed, document.currency, practice.tax_rounding)


def _net(document: Document, gross: Decimal, rates: tax.Rates, practice: Practice) -> Decimal:
    return tax.net_of(gross, rates, document.currency, practice.tax_rounding)


def _rates(book: Book, document: Document, line: Line) -> tax.Rates:
    target = book.target(_tax_key(document, line), document, line) if line.tax_code else None
    return target.rates or () if target else ()


def _tax_key(document: Document, line: Line) -> Key:
    return ("tax_code", document.side, line.tax_code)


def payload(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    """The unified document; its lines and tax come to its total exactly."""
    lines = _net_lines(book, document, practice)
    subtotal = _subtotal(book, document, practice, lines)
    found: dict[str, Any] = header(book, document) | naming.party(book, document, document.resource)
    found |= naming.of_document(book, document, practice)
    found |= {
        "tax_mode": _mode(document, practice),
        "lines": lines,
        "subtotal": subtotal,
        "tax_total": document.total - subtotal if document.tax_mode in _TAXED else _NONE,
        "total": document.total,
    }
    if document.number:
        found["number"] = document.number
    if document.rule.builds == "spending":
        return found | _paid(book, document, practice)
    due_on = document.due_on or (document.issued_on if practice.needs_due_day else None)
    return found | ({"due_on": due_on} if due_on and document.resource in _OWED else {})


def _mode(document: Document, practice: Practice) -> str:
    if document.tax_mode == "none":
        return practice.untaxed
    if document.tax_mode == "reverse_charge" or not practice.takes_gross:
        return "exclusive"
    return document.tax_mode


def _subtotal(book: Book, document: Document, practice: Practice, lines: list[dict[str, Any]]) -> Decimal:
    if document.tax_mode == "inclusive" and practice.inclusive_lines == "gross":
        return document.total - computed_tax(book, document, practice)
    return sum((line["amount"] for line in lines), _NONE)


def header(book: Book, document: Document) -> dict[str, Any]:
    """What every ledger document says of itself."""
    found: dict[str, Any] = {"issued_on": document.issued_on, "currency": naming.currency(book, document)}
    if document.exchange_rate is not None:
        found["exchange_rate"] = document.exchange_rate
    return found | ({"memo": document.memo} if document.memo else {})


def _paid(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    paid_from = meaning(book, ("payment_method", document.side, document.payment_method), document)
    found: dict[str, Any] = {"account": paid_from.reference}
    by_bank = "check" if practice.paid_from_bank == "check" else "cash"
    found["payment_type"] = "credit_card" if paid_from.kind == "credit_card" else by_bank
    return found | ({"reference": document.number} if document.number else {})


def _net_lines(book: Book, document: Document, practice: Practice) -> list[dict[str, Any]]:
    lines = [_line(book, document, line, practice) for line in document.lines]
    by_net = document.tax_mode == "inclusive" and practice.inclusive_lines == "net"
    if by_net and practice.tax_rounding == "document":
        # One rounding for the whole: what the lines' own roundings lose or win goes to the largest of them.
        off = checks.lines_total(document) - computed_tax(book, document, practice)
        off -= sum((line["amount"] for line in lines), _NONE)
        max(lines, key=lambda line: abs(line["amount"]))["amount"] += off
    return lines


def _line(book: Book, document: Document, line: Line, practice: Practice) -> dict[str, Any]:
    account = meaning(book, ("category", document.side, line.category), document, line)
    # Xero takes no line without a description.
    built: dict[str, Any] = {"account": account.reference, "amount": line.amount}
    built["description"] = line.description or line.category
    built |= naming.named(book, document, line, practice)
    if document.tax_mode != "none" and line.tax_code:
        built["tax_rate"] = meaning(book, _tax_key(document, line), document, line).reference
    if document.tax_mode == "inclusive" and practice.inclusive_lines == "net":
        net = tax.net_of(line.amount, _rates(book, document, line), document.currency, practice.tax_rounding)
        # The gross goes along, so that the ledger splits it itself and the total stays exact.
        built |= {"amount": net} | ({"gross_amount": line.amount} if practice.takes_gross else {})
        return built | ({"quantity": Decimal(1), "unit_price": net} if practice.priced_lines else {})
    # A ledger refuses a line whose product is off by a cent (QuickBooks 6070): then the amount alone is sent.
    if line.product is not None and rounded(line.product, document.currency) == line.amount:
        built |= {"quantity": line.quantity, "unit_price": line.unit_price}
    elif practice.priced_lines:
        built |= {"quantity": Decimal(1), "unit_price": line.amount}
    return built
