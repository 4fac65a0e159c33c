"""Apply one version's mappings to one document: the ledger's document, why, and what stands in the way.

The same document and the same book give the same result for ever: no clock, no randomness, no lookups outside.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from mappings.transform import checks, tax
from mappings.transform.fit import misfit
from mappings.transform.model import Document, Key, Line, Problem, Result, Target, Trace
from mappings.transform.money import quantum_of, rounded, text_of
from mappings.transform.rules import NAMES, Book

RESOURCES = {"sale": "invoices", "purchase": "bills", "expense": "expenses"}
_FIELDS = {"category": "account", "tax_code": "tax rate", "payment_method": "paid from"}
_NONE = Decimal(0)


def apply(book: Book, document: Document) -> Result:
    """The unified record without contact and item references, which depend on the ledger's present records."""
    problems = [*checks.own_sums(document), *dict.fromkeys(_word_problems(book, document))]
    if not any(problem.subject for problem in problems):
        problems += _tax_problems(book, document)
    payload = None if problems else _payload(book, document)
    return Result(RESOURCES[document.kind], payload, tuple(_traces(book, document)), tuple(problems))


def _word_problems(book: Book, document: Document) -> Iterator[Problem]:
    for _, key, line in document.words():
        subject, side, value = key
        target = book.target(key, document, line)
        if target is None:
            text, code = f"The {NAMES[subject]} “{value}” ({side}) has no mapping.", "missing_mapping"
            remedy = "Choose what it means in the ledger; the document then goes by itself."
        elif why := misfit(key, target, document.currency):
            text = f"The {NAMES[subject]} “{value}” ({side}) means {target.name}, but {why}."
            code, remedy = "unfit_mapping", "Choose another record, or change this one in the ledger and sync."
        else:
            continue
        yield Problem(code=code, text=text, remedy=remedy, subject=subject, side=side, value=value)


def _tax_problems(book: Book, document: Document) -> Iterator[Problem]:
    if document.tax_mode == "none":
        return
    computed = computed_tax(book, document)
    if document.tax_total is None:
        if document.tax_mode == "exclusive":
            yield from checks.difference(document, checks.lines_total(document) + computed, "lines and computed tax")
        return
    off = document.tax_total - computed
    if abs(off) > quantum_of(document.currency):
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


def computed_tax(book: Book, document: Document) -> Decimal:
    """Tax in the document's currency as the ledger will find it; every tax code must be mapped."""
    taxed = [(line.amount, _rates(book, document, line)) for line in document.lines]
    if document.tax_mode == "inclusive":
        return sum((gross - tax.net_of(gross, rates, document.currency) for gross, rates in taxed), _NONE)
    return tax.on_top(taxed, document.currency)


def _rates(book: Book, document: Document, line: Line) -> tax.Rates:
    target = book.target(_tax_key(document, line), document, line) if line.tax_code else None
    return target.rates or () if target else ()


def _tax_key(document: Document, line: Line) -> Key:
    return ("tax_code", document.side, line.tax_code)


def _payload(book: Book, document: Document) -> dict[str, Any]:
    lines = [_line(book, document, line) for line in document.lines]
    subtotal = sum((line["amount"] for line in lines), _NONE)
    tax_total = document.total - subtotal if document.tax_mode != "none" else _NONE
    payload: dict[str, Any] = {
        "issued_on": document.issued_on,
        "currency": document.currency,
        "tax_mode": document.tax_mode,
        "lines": lines,
        "subtotal": subtotal,
        "tax_total": tax_total,
        "total": document.total,
    }
    payload |= {name: text for name, text in (("number", document.number), ("memo", document.memo)) if text}
    if document.due_on and document.kind != "expense":
        payload["due_on"] = document.due_on
    if document.kind == "expense":
        paid_from = _target(book, ("payment_method", document.side, document.payment_method), document)
        payload["account"] = paid_from.reference
        payload["payment_type"] = "credit_card" if paid_from.kind == "credit_card" else "cash"
    return payload


def _line(book: Book, document: Document, line: Line) -> dict[str, Any]:
    account = _target(book, ("category", document.side, line.category), document, line)
    built: dict[str, Any] = {"account": account.reference, "amount": line.amount}
    if line.description:
        built["description"] = line.description
    if document.tax_mode != "none" and line.tax_code:
        built["tax_rate"] = _target(book, _tax_key(document, line), document, line).reference
    if document.tax_mode == "inclusive":
        net = tax.net_of(line.amount, _rates(book, document, line), document.currency)
        # The gross goes along, so that the ledger splits it itself and the total stays exact.
        return built | {"amount": net, "gross_amount": line.amount}
    # A ledger refuses a line whose product is off by a cent (QuickBooks 6070): then the amount alone is sent.
    if line.product is not None and rounded(line.product, document.currency) == line.amount:
        built |= {"quantity": line.quantity, "unit_price": line.unit_price}
    return built


def _target(book: Book, key: Key, document: Document, line: Line | None = None) -> Target:
    target = book.target(key, document, line)
    assert target is not None  # noqa: S101 - narrows the type; a missing word is a problem, and then nothing is built
    return target


def _traces(book: Book, document: Document) -> Iterator[Trace]:
    for where, key, line in document.words():
        choice = book.choose(key, document, line)
        if choice is not None:
            subject, side, value = key
            rule = choice.rule
            yield Trace(
                where=where,
                field=_FIELDS[subject],
                value=value,
                target=rule.target.name,
                target_id=rule.target.external_id,
                rule=f"on {side}, {'the ' if rule.value else ''}{rule.words} is mapped to it",
                version=book.version,
                reason=rule.reason,
                alternatives=choice.alternatives,
            )
