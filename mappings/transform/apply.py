"""Apply one version's mappings to one document: the ledger's documents, why, and what stands in the way.

The same document, book and practice give the same result for ever: no clock, no randomness, no lookups outside.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mappings.transform import checks, journals, naming, settling, trade
from mappings.transform.model import Document, Problem, Result, Trace, Write
from mappings.transform.practice import Linked, Practice
from mappings.transform.reasons import Meant, traces
from mappings.transform.rules import NAMES, Book

RESOURCES = {"sale": "invoices", "purchase": "bills", "expense": "expenses"}
_PLAIN = Practice()

Builder = Callable[[Book, Document, Practice], dict[str, Any]]
BUILDERS: Mapping[str, Builder] = {
    "trade": trade.payload,
    "spending": trade.payload,
    "settlement": settling.payload,
    "payout": journals.payout,
    "entry": journals.adjustment,
}


def apply(
    book: Book, document: Document, practice: Practice = _PLAIN, links: Mapping[str, Linked] | None = None
) -> Result:
    """The unified records without contact and item references, which depend on the ledger's present records.

    `links`: the earlier documents that this one names, by `source:external_id`, as far as they are known.
    """
    earlier = links or {}
    words = [(where, key, line, book.choose(key, document, line)) for where, key, line in document.words()]
    problems = [*checks.own_sums(document), *dict.fromkeys(_word_problems(words, document, practice))]
    problems += checks.earlier(document, practice, earlier)
    if not any(problem.subject for problem in problems):
        problems += trade.tax_problems(book, document, practice)
        problems += naming.problems(book, document, practice)
    reasons = (
        *traces(words, document, book.version),
        *_earlier_traces(document, earlier, book.version),
        *naming.left_out(document, practice, book.version),
        *settling.left_to_do(document, practice, book.version),
    )
    if problems:
        return Result(document.resource, None, reasons, tuple(problems))
    payload = BUILDERS[document.rule.builds](book, document, practice)
    following = tuple(_following(book, document, practice, earlier, payload))
    resource = document.resource
    if following and following[0].name == "create":
        # Some ledgers say it with another first document: a payment for each thing it settles, a transfer for a payout.
        resource, payload, following = following[0].resource, following[0].body, following[1:]
    return Result(resource, payload, reasons, (), following)


def _following(
    book: Book, document: Document, practice: Practice, earlier: Mapping[str, Linked], payload: dict[str, Any]
) -> Iterator[Write]:
    if document.rule.builds == "payout" and practice.payouts_by == "transfer":
        yield from journals.transfers(book, document)
        return
    if document.rule.builds == "settlement":
        yield from settling.payments(document, practice, earlier, payload)
        return
    if document.rule.builds == "spending" and practice.paid_from_bank == "bill":
        if payload["payment_type"] != "credit_card":
            yield from settling.paid_at_once(book, document, practice, payload)
        return
    if document.applies_to:
        yield from settling.applied(book, document, practice, earlier)
    if document.rule.pays_out:
        yield from settling.money_back(book, document, practice)


def _word_problems(words: Iterable[Meant], document: Document, practice: Practice) -> Iterator[Problem]:
    moneys = (document.currency, practice.home)
    for _, (subject, side, value), _, choice in words:
        if choice is None:
            if not naming.is_asked(subject, practice):
                continue
            text, code = f"The {NAMES[subject]} “{value}” ({side}) has no mapping.", "missing_mapping"
            remedy = "Choose what it means in the ledger; the document then goes by itself."
        elif why := choice.misfit(moneys):
            text = f"The {NAMES[subject]} “{value}” ({side}) means {choice.target.name}, but {why}."
            code, remedy = "unfit_mapping", "Choose another record, or change this one in the ledger and sync."
        else:
            continue
        yield Problem(code=code, text=text, remedy=remedy, subject=subject, side=side, value=value)


def _earlier_traces(document: Document, earlier: Mapping[str, Linked], version: int) -> Iterator[Trace]:
    for each in document.earlier:
        found = earlier.get(each.key)
        if found is not None:
            rule = f"{document.kind} names it, and it was sent before"
            what = found.what or each.external_id
            yield Trace("document", "earlier document", each.external_id, what, "", rule, version)
