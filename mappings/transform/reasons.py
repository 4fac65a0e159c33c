"""Why each account and tax rate of a ledger document was taken: word, rule, version and what lost."""

from collections.abc import Iterable, Iterator

from mappings.transform.model import Document, Key, Line, Target, Trace
from mappings.transform.rules import Book, Choice

Meant = tuple[str, Key, Line | None, Choice | None]
"""A word where it is used (`Document.words`), and the rule that holds for it."""

_FIELDS = {"category": "account", "tax_code": "tax rate", "payment_method": "paid from"}


def meaning(book: Book, key: Key, document: Document, line: Line | None = None) -> Target:
    """The record that a word means; whoever asks has seen that it has one."""
    target = book.target(key, document, line)
    assert target is not None  # noqa: S101 - narrows the type; a missing word is a problem, and then nothing is built
    return target


def traces(words: Iterable[Meant], document: Document, version: int) -> Iterator[Trace]:
    """Of each line, then of the document; words without a meaning leave none."""
    for where, (subject, _, value), _, choice in words:
        if choice is None:
            continue
        comes_in = subject == "payment_method" and _comes_in(document, value)
        known = choice.traces.get((where, comes_in))
        if known is None:
            # Made once for each place: thousands of documents are told the same.
            known = choice.traces[where, comes_in] = _trace(
                choice, where, _field(subject, value, comes_in), value, version
            )
        yield known
    if document.exchange_rate is not None:
        rate = f"{document.exchange_rate:f}"
        why = f"the source sent it, as of {document.rate_source or 'its own books'}"
        yield Trace("document", "exchange rate", rate, rate, "", why, version)


def _trace(choice: Choice, where: str, field: str, value: str, version: int) -> Trace:
    rule = choice.rule
    return Trace(
        where=where,
        field=field,
        value=value,
        target=rule.target.name,
        target_id=rule.target.external_id,
        rule=f"on {rule.side}, {'the ' if rule.value else ''}{rule.words} is mapped to it",
        version=version,
        reason=rule.reason,
        alternatives=choice.alternatives,
    )


def _comes_in(document: Document, method: str) -> bool:
    """Money of a sale comes in, and a payout's into the bank."""
    return method == document.paid_into or (document.rule.builds == "settlement" and document.side == "sales")


def _field(subject: str, value: str, comes_in: bool) -> str:  # noqa: FBT001
    """What the record is in the ledger's document."""
    if subject == "dimension":
        # A line has several: each is told by its own name.
        return f"dimension {value.partition(': ')[0]}"
    return "paid into" if comes_in else _FIELDS.get(subject, subject)
