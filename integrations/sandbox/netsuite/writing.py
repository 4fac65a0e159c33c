"""Creating, changing, upserting, transforming and deleting records."""

from typing import Any

from integrations.sandbox.books.company import BooksError
from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import documents, errors, forms, refusals
from integrations.sandbox.netsuite.books import OWN_KINDS, Books
from integrations.sandbox.netsuite.kinds import RECORD_TYPES, RecordType
from integrations.sandbox.netsuite.lists import completed_list
from integrations.sandbox.wire import Body


def create(books: Books, record_type: RecordType, given: Body) -> Record:
    """A new record. Raises NetSuiteError."""
    _writable(record_type)
    external = next((value for name, value in given.items() if name.lower() == "externalid"), None)
    if external and books.by_external_id(record_type, str(external)) is not None:
        raise errors.user(errors.DUPLICATE, "externalId")
    return _save(books, record_type, given, None)


def update(
    books: Books, record_type: RecordType, record: Record, given: Body, *, replaced: tuple[str, ...] = ()
) -> Record:
    """A record changed where the request says something. Raises NetSuiteError."""
    _writable(record_type)
    return _save(books, record_type, given, record, replaced=replaced)


def upsert(books: Books, record_type: RecordType, external: str, given: Body) -> Record:
    """The record of an external id, created or changed: a repetition changes nothing more."""
    _writable(record_type)
    found = books.by_external_id(record_type, external)
    replaced = tuple(forms.LINES) if found else ()
    return _save(books, record_type, {**given, "externalId": external}, found, replaced=replaced)


def delete(books: Books, record_type: RecordType, record: Record) -> None:
    """Remove a record. Raises NetSuiteError when others depend on it."""
    _writable(record_type)
    with refusals.translated(books, record_type):
        if record_type.kind in OWN_KINDS:
            raise BooksError("settled", "has dependents")
        books.company.delete(record_type.kind, record.id)


def _writable(record_type: RecordType) -> None:
    if record_type.is_read_only:
        raise errors.method()


def _save(
    books: Books, record_type: RecordType, given: Body, before: Record | None, *, replaced: tuple[str, ...] = ()
) -> Record:
    body = forms.parsed(books, record_type, given, before.body if before else {}, replaced=replaced)
    if record_type.is_transaction:
        body = documents.completed(books, record_type, given, body, before)
    else:
        body = completed_list(books, record_type, given, body)
    with refusals.translated(books, record_type), books.store.transaction():
        if record_type.kind in OWN_KINDS:
            return books.keep(record_type.kind, before.id if before else _next(books, record_type.kind), body)
        record = books.company.save(record_type.kind, body, before.id if before else None)
        return _followed(books, record)


def _next(books: Books, kind: str) -> str:
    return str(books.store.take(f"own:{kind}", 1 + len(books.store.tables[kind])))


def _followed(books: Books, record: Record) -> Record:
    """What happens besides: a reversal date makes the reversing entry, a bill of an order marks the order."""
    own = record.body.get("own") or {}
    if record.table == "journal_entry" and own.get("reversalDate") and not own.get("reversalEntry"):
        return _reversed(books, record, str(own["reversalDate"]))
    if record.table == "bill":
        _order_billed(books, record)
    return record


def _reversed(books: Books, record: Record, on: str) -> Record:
    lines = [
        {**line, "debit": line.get("credit"), "credit": line.get("debit")}
        for line in record.body["lines"]
    ]  # fmt: skip
    memo = f"Reversal of {record.body.get('number') or record.id}"
    body = {**record.body, "on": on, "number": None, "memo": memo, "lines": lines, "own": {"isReversal": True}}
    made = books.company.save("journal_entry", body)
    own = {**record.body["own"], "reversalEntry": made.id}
    return books.company.save("journal_entry", {**record.body, "own": own}, record.id)


def _order_billed(books: Books, bill: Record) -> None:
    """An order whose every line is billed is fully billed."""
    for key in {str((line.get("own") or {}).get("orderDoc") or "") for line in bill.body["lines"]} - {""}:
        order = books.store.get("purchase_order", key)
        if order is None:
            continue
        billed = {
            str((line.get("own") or {}).get("orderLine"))
            for each in books.store.live("bill")
            for line in each.body["lines"]
            if str((line.get("own") or {}).get("orderDoc")) == key
        }
        is_whole = all(str(line["id"]) in billed for line in order.body["lines"])
        if is_whole and not order.body["own"].get("billed"):
            books.company.save("purchase_order", {**order.body, "own": {**order.body["own"], "billed": True}}, order.id)


# Transforming one transaction into another

_TARGETS = {
    ("invoice", "customerPayment"), ("invoice", "creditMemo"), ("purchaseOrder", "vendorBill"),
    ("vendorBill", "vendorPayment"), ("vendorBill", "vendorCredit"),
}  # fmt: skip


def transform(books: Books, source: Record, record_type: RecordType, target_name: str, given: Body) -> Record:
    """A new transaction out of another, with what the request changes. Raises NetSuiteError."""
    target = RECORD_TYPES.get(target_name.lower())
    if target is None or (record_type.name, target.name) not in _TARGETS:
        raise errors.unknown_record(f"{record_type.name}/!transform/{target_name}")
    shown = forms.shown(books, source, record_type)
    body: Body = {name: shown[name] for name in ("subsidiary", "currency", "exchangeRate") if shown.get(name)}
    body["customer" if target.kind == "payment" else "entity"] = shown["entity"]
    if target.kind in ("payment", "bill_payment"):
        body["apply"] = {"items": [{"doc": {"id": source.id}, "apply": True, "amount": books.open_amount(source)}]}
    else:
        body |= _copied_lines(shown, record_type, given)
    rest = {
        name: value for name, value in given.items() if name.lower() not in ("item", "expense") or target.kind != "bill"
    }
    return create(books, target, {**body, **rest})


def _copied_lines(shown: Body, record_type: RecordType, given: Body) -> Body:
    """The source's lines; where the request names some of an order's lines, only those."""
    found: Body = {}
    for sublist in ("item", "expense"):
        chosen: dict[str, Any] = {}
        items = (given.get(sublist) or {}).get("items") or []
        chosen = {str(item.get("orderLine")): item for item in items if item.get("orderLine")}
        lines = [
            _copied(line, shown["id"], record_type, chosen) for line in (shown.get(sublist) or {}).get("items", [])
        ]
        kept = [line for line in lines if not chosen or str(line.get("orderLine")) in chosen]
        if kept:
            found[sublist] = {"items": kept}
    return found


def _copied(line: Body, key: str, record_type: RecordType, chosen: dict[str, Any]) -> Body:
    names = (
        "item",
        "account",
        "rate",
        "quantity",
        "amount",
        "description",
        "memo",
        "taxCode",
        "department",
        "class",
        "location",
    )
    copy = {name: line[name] for name in names if line.get(name) is not None}
    if record_type.kind != "purchase_order":
        return copy
    copy |= {"orderDoc": {"id": key}, "orderLine": line["line"]}
    change = {name: value for name, value in chosen.get(str(line["line"]), {}).items() if name != "orderLine"}
    if change and "amount" not in change:
        copy.pop("amount", None)
        if "quantity" in change and line.get("rate") is not None:
            copy["amount"] = decimal(change["quantity"]) * decimal(line["rate"])
    return copy | change
