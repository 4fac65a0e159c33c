"""Why each account and tax rate of a ledger document was taken: word, rule, version and what lost."""

from collections.abc import Iterator

from mappings.transform.model import Document, Key, Line, Target, Trace
from mappings.transform.rules import Book

_FIELDS = {"category": "account", "tax_code": "tax rate", "payment_method": "paid from"}
_OWN = frozenset({"item", "contact", "currency", "location"})


def meaning(book: Book, key: Key, document: Document, line: Line | None = None) -> Target:
    """The record that a word means; whoever asks has seen that it has one."""
    target = book.target(key, document, line)
    assert target is not None  # noqa: S101 - narrows the type; a missing word is a problem, and then nothing is built
    return target


def traces(book: Book, document: Document) -> Iterator[Trace]:
    """Of each line, then of the document; words without a meaning leave none."""
    for where, key, line in document.words():
        choice = book.choose(key, document, line)
        if choice is None:
            continue
        subject, side, value = key
        rule = choice.rule
        yield Trace(
            where=where,
            field=_field(document, subject, value),
            value=value,
            target=rule.target.name,
            target_id=rule.target.external_id,
            rule=f"on {side}, {'the ' if rule.value else ''}{rule.words} is mapped to it",
            version=book.version,
            reason=rule.reason,
            alternatives=choice.alternatives,
        )
    if document.exchange_rate is not None:
        rate = f"{document.exchange_rate:f}"
        why = f"the source sent it, as of {document.rate_source or 'its own books'}"
        yield Trace("document", "exchange rate", rate, rate, "", why, book.version)


def _field(document: Document, subject: str, value: str) -> str:
    """What the record is in the ledger's document; money of a sale comes in."""
    if subject == "dimension":
        # A line has several: each is told by its own name.
        return f"dimension {value.partition(': ')[0]}"
    if subject in _OWN:
        return subject
    if subject != "payment_method":
        return _FIELDS[subject]
    comes_in = value == document.paid_into or (document.rule.builds == "settlement" and document.side == "sales")
    return "paid into" if comes_in else _FIELDS[subject]
