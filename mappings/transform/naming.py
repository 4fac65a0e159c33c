"""What a document names beside accounts and taxes: its contact and currency, items, dimensions and locations."""

from collections.abc import Iterator
from typing import Any

from mappings.transform.kinds import CONTACTS, SALES
from mappings.transform.model import UNASKED, Document, Key, Line, Problem, Target, Trace
from mappings.transform.practice import Practice
from mappings.transform.rules import NAMES, Book

_TRACKED = frozenset({"dimension", "location"})


def is_asked(subject: str, practice: Practice) -> bool:
    """Whether a word of this subject waits for a mapping where it has none."""
    if subject in _TRACKED:
        return not practice.no_dimensions
    return subject not in UNASKED or subject in practice.must_map


def used(book: Book, document: Document, practice: Practice) -> set[Key]:
    """The words that have a mapping or wait for one."""
    return {
        key
        for _, key, line in document.words()
        if is_asked(key[0], practice) or book.target(key, document, line) is not None
    }


def party(book: Book, document: Document, resource: str) -> dict[str, Any]:
    """The contact that a rule names, for the head of a ledger's document; nothing where no rule does."""
    target = book.target(document.contact_key, document) if document.counterparty else None
    return {"contact": target.reference | {"type": CONTACTS[resource]}} if target else {}


def currency(book: Book, document: Document) -> str:
    """The ledger's code of the document's currency; the source's own where no rule says otherwise."""
    target = book.target(("currency", document.side, document.currency), document)
    return target.currency if target else document.currency


def named(book: Book, document: Document, line: Line, practice: Practice) -> dict[str, Any]:
    """The item and the dimensions of a line, as the ledger's lines have them."""
    found: dict[str, Any] = {}
    dimensions = [_dimension(target) for target in tracked(book, document, line)]
    item = book.target(("item", document.side, line.item), document, line) if line.item else None
    if item is not None and practice.items_are == "dimension":
        dimensions.append({"type": "item", **item.reference})
    elif item is not None:
        found["item"] = item.reference
    if practice.document_dimensions:
        dimensions = [each for each in dimensions if not _is_of_document(document, each["type"], practice)]
    if dimensions:
        found["dimensions"] = dimensions
    return found


def of_document(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    """The dimensions that stand once on the whole document; that its lines agree on them was checked before."""
    if not practice.document_dimensions:
        return {}
    found = {
        target.dimension: _dimension(target)
        for line in document.lines
        for target in tracked(book, document, line)
        if _is_of_document(document, target.dimension, practice)
    }
    return {"dimensions": list(found.values())} if found else {}


def tracked(book: Book, document: Document, line: Line) -> list[Target]:
    """What the dimensions and the location of a line mean."""
    found = [book.target(key, document, line) for key in document.tracked(line)]
    return [target for target in found if target is not None]


def _dimension(target: Target) -> dict[str, str]:
    return {"type": target.dimension, "id": target.external_id, "name": target.name}


def _is_of_document(document: Document, dimension: str, practice: Practice) -> bool:
    return dimension in practice.document_dimensions and document.rule.builds != "entry"


def problems(book: Book, document: Document, practice: Practice) -> Iterator[Problem]:
    """Where two meanings cannot stand together in this ledger; every word must have one."""
    seen: dict[str, Target] = {}
    for number, line in enumerate(document.lines, start=1):
        mine: dict[str, Target] = {}
        for target in tracked(book, document, line):
            other = mine.setdefault(target.dimension, target)
            if _is_of_document(document, target.dimension, practice):
                other = seen.setdefault(target.dimension, target)
            if other is not target and other != target:
                yield Problem(
                    code="dimensions_clash",
                    text=f"Line {number} means {target.name} and {other.name}, but the ledger takes one of them only.",
                    remedy="Map both words to one record, or correct the document at its source.",
                )
        yield from _item_problems(book, document, line, practice)


def _item_problems(book: Book, document: Document, line: Line, practice: Practice) -> Iterator[Problem]:
    if not practice.items_decide:
        return
    item = book.target(("item", document.side, line.item), document, line) if line.item else None
    account = book.target(("category", document.side, line.category), document, line)
    if item is None or account is None:
        return
    books_to = item.accounts[0 if document.side == SALES else 1]
    if books_to and books_to != account.external_id:
        yield Problem(
            code="item_books_elsewhere",
            text=f"The item {item.name} brings an account of its own along, which is not {account.name}, "
            f"the meaning of “{line.category}”.",
            remedy="Map the item to one that books there, or the category to the item's account.",
            subject="item",
            side=document.side,
            value=line.item,
        )


def left_out(document: Document, practice: Practice, version: int) -> Iterator[Trace]:
    """Dimensions that this ledger cannot be told, with the reason."""
    if not practice.no_dimensions:
        return
    for where, (subject, _, value), _ in document.words():
        if subject in _TRACKED:
            rule = f"left out: {practice.no_dimensions}"
            yield Trace(where, NAMES[subject], value, "nothing", "", rule, version)
