"""Documents as rows of a file: one row a line, rows of one document together; read one at a time, never all at once."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook

from mappings.transform.kinds import KINDS, PARTS
from mappings.transform.wellformed import TAX_MODES, errors_of

Row = dict[str, Any]
MOST_ROWS = 200_000


class FileError(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class RowProblem:
    """What is wrong in a row (as the spreadsheet counts, heads are row 1), and in which column."""

    row: int
    column: str
    text: str


@dataclass(frozen=True)
class Read:
    """One document of the file: the row it begins in, and its body or what is wrong with it."""

    row: int
    body: dict[str, Any]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True)
class Column:
    """A column: where its value goes (head of the document, its line, party, part or reference) and how it is read."""

    place: str
    field: str
    read: Callable[[str], Any]
    help: str


def _text(most: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > most:
            raise ValueError(f"at most {most} characters, not {len(value)}")
        return value

    return read


def _word(choices: Iterable[str]) -> Callable[[str], str]:
    known = tuple(choices)

    def read(value: str) -> str:
        word = value.strip().lower().replace(" ", "_")
        if word not in known:
            raise ValueError(f"one of {', '.join(known)}, not “{value[:40]}”")
        return word

    return read


def _slug(value: str) -> str:
    if len(value) > 50 or not value.replace("-", "").replace("_", "").isalnum() or not value.isascii():
        raise ValueError("up to 50 letters, digits, hyphens and underscores")
    return value


def _amount(places: int, digits: int) -> Callable[[str], Decimal]:
    def read(value: str) -> Decimal:
        try:
            found = Decimal(value.replace("\u00a0", "").replace(" ", ""))
        except InvalidOperation:
            raise ValueError(f"an amount such as 1250.00, not “{value[:40]}”") from None
        exponent = found.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > places or found.adjusted() >= digits - places:
            raise ValueError(f"an amount with at most {places} decimals and {digits} digits, not “{value[:40]}”")
        return found

    return read


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise ValueError(f"a day such as 2026-11-18, not “{value[:40]}”") from None


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isalpha() or not value.isupper() or not value.isascii():
        raise ValueError("a three-letter code such as GBP")
    return value


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError("a two-letter ISO 3166 code such as DE")
    return value


def _email(value: str) -> str:
    if len(value) > 254 or not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z0-9-]{2,}", value):
        raise ValueError("an e-mail address")
    return value


_MONEY = _amount(3, 17)
COLUMNS: Mapping[str, Column] = {
    "source": Column("head", "source", _slug, "the sending system, such as shop"),
    "external_id": Column("head", "external_id", _text(100), "the source's own id; its rows stand together"),
    "kind": Column("head", "kind", _word(KINDS), ", ".join(KINDS)),
    "side": Column("head", "side", _word(("sales", "purchases")), "credits and payments of purchases: purchases"),
    "number": Column("head", "number", _text(100), ""),
    "issued_on": Column("head", "issued_on", _day, "2026-11-18"),
    "due_on": Column("head", "due_on", _day, ""),
    "currency": Column("head", "currency", _currency, "GBP"),
    "exchange_rate": Column("head", "exchange_rate", _amount(8, 18), "own currency for one of it"),
    "rate_source": Column("head", "rate_source", _text(100), ""),
    "tax_mode": Column("head", "tax_mode", _word(TAX_MODES), ", ".join(TAX_MODES)),
    "counterparty": Column("party", "name", _text(100), "customer or vendor"),
    "counterparty_external_id": Column("party", "external_id", _text(100), "the source's own id of it"),
    "counterparty_email": Column("party", "email", _email, ""),
    "counterparty_country": Column("party", "country", _country, "DE"),
    "counterparty_region": Column("party", "region", _text(100), "state or province, such as CA"),
    "payment_method": Column("head", "payment_method", _text(200), ""),
    "paid_into": Column("head", "paid_into", _text(200), "payouts"),
    "description": Column("line", "description", _text(1000), ""),
    "category": Column("line", "category", _text(200), ""),
    "tax_code": Column("line", "tax_code", _text(200), ""),
    "item": Column("line", "item", _text(200), "the product, for rules that ask for it"),
    "location": Column("line", "location", _text(200), "of the line: mapped to a location of the ledger"),
    "quantity": Column("line", "quantity", _amount(6, 18), ""),
    "unit_price": Column("line", "unit_price", _amount(6, 18), ""),
    "amount": Column("line", "amount", _MONEY, "of the line"),
    "part": Column("line", "type", _word(PARTS), f"payouts: {', '.join(PARTS)}"),
    "applies_to": Column("applies_to", "external_id", _text(100), "what a payment or credit settles"),
    "applied_amount": Column("applies_to", "amount", _MONEY, ""),
    "refers_to": Column("refers_to", "external_id", _text(100), "what a refund or fee belongs to"),
    "purchase_order": Column("head", "purchase_order", _text(100), ""),
    "tax_total": Column("head", "tax_total", _MONEY, "left out: computed"),
    "total": Column("head", "total", _MONEY, "of the document"),
    "memo": Column("head", "memo", _text(1000), ""),
}
FAMILIES: Mapping[str, Column] = {
    "dimension": Column("dimensions", "", _text(100), "of the line; NAME is the dimension's, such as department"),
    "attribute": Column(
        "attributes", "", _text(500), "of the document; NAME is what the ledger's field is filled from"
    ),
}
"""Columns of which a file may have several, each called by its family, a colon and its own name: dimension:NAME."""
_MOST_NAMED = {"dimension": 10, "attribute": 50}
_LONGEST_NAME = 90
REQUIRED = ("source", "external_id", "kind", "issued_on", "currency", "total")
_IDENTITY = ("source", "external_id")
_PART = frozenset({"type", "amount", "category", "description"})


def documents(name: str, content: bytes) -> Iterator[Read]:
    """Every document of a CSV (UTF-8) or XLSX file in its order. FileError when it is no such file."""
    seen: set[tuple[str, str]] = set()
    rows = _numbered(name, content)
    for key, group in groupby(rows, key=lambda each: tuple(str(each[1].get(part) or "") for part in _IDENTITY)):
        yield _document(list(group), is_again=key in seen)
        seen.add(key)  # type: ignore[arg-type]


def template() -> bytes:
    """A CSV with every column and two documents as examples."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*COLUMNS, "dimension:department", "attribute:order_channel"], lineterminator="\r\n")
    writer.writeheader()
    common = {"source": "shop", "issued_on": "2026-11-18", "currency": "GBP", "counterparty": "Blue Bottle Ltd"}
    sale = common | {"external_id": "order-1", "kind": "sale", "tax_mode": "exclusive", "tax_total": "24.00"}
    sale |= {"tax_code": "VAT20", "total": "144.00"}
    sale |= {"attribute:order_channel": "web"}
    day = {"category": "Consulting", "amount": "100.00", "description": "A day", "location": "Berlin"}
    writer.writerow(sale | day | {"dimension:department": "Advice"})
    writer.writerow(sale | {"category": "Books", "amount": "20.00", "description": "A book"})
    payment = {"external_id": "pay-1", "kind": "payment", "payment_method": "card", "applies_to": "order-1"}
    writer.writerow(common | payment | {"total": "144.00"})
    return out.getvalue().encode("utf-8-sig")


def _numbered(name: str, content: bytes) -> Iterator[tuple[int, Row]]:
    table = _sheet(content) if name.lower().endswith(".xlsx") else _comma(content)
    heads = [_head(str(head or "").strip()) for head in next(table, ())]
    if missing := [each for each in REQUIRED if each not in heads]:
        raise FileError(f"The file lacks the column {', '.join(missing)}. Take the template: it has every head.")
    if unknown := [each for each in heads if each and _column(each) is None]:
        families = ", ".join(f"{family}:NAME" for family in FAMILIES)
        raise FileError(f"The column {', '.join(unknown[:5])} is not known. Known: {', '.join(COLUMNS)}, {families}.")
    for family, most in _MOST_NAMED.items():
        if sum(each.startswith(f"{family}:") for each in heads) > most:
            raise FileError(f"At most {most} columns of {family}:NAME.")
    if len(set(heads)) < len(heads):
        raise FileError("A column stands twice.")
    for number, values in enumerate(table, start=2):
        if number > MOST_ROWS:
            raise FileError(f"At most {MOST_ROWS:,} rows: send the file in parts.")
        row = {head: value for head, value in zip(heads, values, strict=False) if head and value not in (None, "")}
        if row:
            yield number, row


def _head(text: str) -> str:
    """A head as it is known: case and spaces do not matter, except in the name after a family's colon."""
    family, colon, name = text.partition(":")
    if colon and family.strip().lower() in FAMILIES:
        return f"{family.strip().lower()}:{name.strip()}"
    return text.lower().replace(" ", "_")


def _column(head: str) -> Column | None:
    family, colon, name = head.partition(":")
    if colon and family in FAMILIES and 0 < len(name) <= _LONGEST_NAME:
        return replace(FAMILIES[family], field=name)
    return COLUMNS.get(head)


def _comma(content: bytes) -> Iterator[Sequence[Any]]:
    stream = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    try:
        first = stream.readline()
        stream.seek(0)
        delimiter = ";" if first.count(";") > first.count(",") else ","
        yield from csv.reader(stream, delimiter=delimiter)
    except UnicodeDecodeError as error:
        raise FileError("The file is not UTF-8 text: save it as “CSV UTF-8”, or as XLSX.") from error
    except csv.Error as error:
        raise FileError(f"The file is no CSV: {error}.") from error


def _sheet(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        # Formulas stay formulas, so that they are refused instead of a value that nobody saw computed.
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        raise FileError("The file is no XLSX workbook.") from error
    if not book.worksheets:
        raise FileError("The workbook has no sheet.")
    yield from book.worksheets[0].iter_rows(values_only=True)


def _document(rows: list[tuple[int, Row]], *, is_again: bool) -> Read:
    first = rows[0][0]
    problems: list[RowProblem] = []
    body: dict[str, Any] = {}
    if is_again:
        problems.append(RowProblem(first, "external_id", "Its rows do not stand together: sort the file by it."))
    for number, row in rows:
        places = _typed(number, row, problems)
        _merge(body, number, places, problems)
    if not problems:
        problems += _errors(first, body)
    return Read(first, body, tuple(problems))


def _typed(number: int, row: Row, problems: list[RowProblem]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in row.items():
        column = _column(name) or COLUMNS[name]
        try:
            found.setdefault(column.place, {})[column.field] = column.read(_plain(value))
        except ValueError as error:
            problems.append(RowProblem(number, name, f"Expected {error}."))
    return found


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        # What a spreadsheet shows: 0.1 and not its binary neighbour.
        return f"{Decimal(repr(value)):f}"
    text = str(value).strip()
    if text.startswith("="):
        raise ValueError("a value, not a formula: paste values")
    # Exports put an apostrophe before text that a spreadsheet would run as a formula.
    return text[1:] if text.startswith("'") and text[1:2] in set("=+-@") else text


def _merge(body: dict[str, Any], number: int, places: dict[str, dict[str, Any]], problems: list[RowProblem]) -> None:
    head = places.get("head", {}) | ({"counterparty": places["party"]} if "party" in places else {})
    for name, value in head.items():
        if body.setdefault(name, value) != value:
            text = f"This document's rows before say “{body[name]}”, this row says “{value}”."
            problems.append(RowProblem(number, name, text))
    attributes = body.setdefault("attributes", {}) if "attributes" in places else {}
    for name, value in places.get("attributes", {}).items():
        if attributes.setdefault(name, value) != value:
            text = f"This document's rows before say “{attributes[name]}”, this row says “{value}”."
            problems.append(RowProblem(number, f"attribute:{name}", text))
    if line := places.get("line", {}) | ({"dimensions": places["dimensions"]} if "dimensions" in places else {}):
        is_part = "type" in line
        if extra := set(line) - _PART if is_part else set():
            problems.append(RowProblem(number, min(extra), "A part of a payout has none."))
        body.setdefault("parts" if is_part else "lines", []).append(line)
    for name in ("applies_to", "refers_to"):
        if name in places:
            body.setdefault(name, []).append(places[name])


def _errors(row: int, body: dict[str, Any]) -> Iterator[RowProblem]:
    missing = [name for name in REQUIRED if name not in body]
    yield from (RowProblem(row, name, "It is empty.") for name in missing)
    if missing:
        return
    if body.get("counterparty") is not None and "name" not in body["counterparty"]:
        yield RowProblem(row, "counterparty", "It is empty.")
        return
    for name, needed in (("lines", ("category", "amount")), ("parts", ("amount",))):
        for line in body.get(name) or ():
            if lacking := [each for each in needed if each not in line]:
                yield RowProblem(row, lacking[0], "A line has none.")
                return
    if any("external_id" not in each for each in body.get("applies_to") or ()):
        yield RowProblem(row, "applies_to", "An applied amount stands without the document it is for.")
        return
    yield from (RowProblem(row, name, text) for name, text in errors_of(body).items())
