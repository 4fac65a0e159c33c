"""Create, read, change, delete and act on the records of a collection."""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import custom, documents, lists, reading
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import ZohoError, invalid_value, missing, not_found, refused
from integrations.sandbox.zoho_books.kinds import Collection

_BORN = {"invoice": "draft", "purchase_order": "draft"}
_VOIDED = ("invoice", "credit_note", "bill", "vendor_credit")


def find(books: Books, collection: Collection, key: str) -> Record:
    """The live record. Raises 1002."""
    record = books.store.get(collection.kind, key)
    if record is None:
        raise not_found(collection.label)
    return record


def show(books: Books, collection: Collection, record: Record) -> Body:
    """{resource: record}, contacts with what is open between us."""
    shown = documents.shown(books, record)
    if record.table == "contact":
        shown |= lists.owed(books).get(record.id, lists.NOTHING_OWED)
    return {collection.one: shown}


def create(books: Books, collection: Collection, given: Body, query: Mapping[str, str]) -> Record:
    """A new record; numbers are made unless the caller brings its own and says so."""
    body = reading.read(books, collection.kind, given, None)
    if collection.number:
        body["number"] = _number(books, collection, given, query)
    if collection.kind in _BORN:
        body["status"] = _BORN[collection.kind]
    if given.get("status") == "draft" and collection.kind in _VOIDED:
        body["status"] = "draft"
    _check_unique(books, collection, body, None)
    _send_drafts(books, body)
    return books.company.save(collection.kind, body)


def _number(books: Books, collection: Collection, given: Body, query: Mapping[str, str]) -> str:
    own = str(given.get(collection.number) or "")
    if collection.kind == "bill":
        if not own:
            raise missing("bill_number")
        return own
    by_hand = query.get("ignore_auto_number_generation") == "true"
    if collection.kind in ("journal_entry", "payment", "bill_payment") or not (own and by_hand):
        return books.next_number(collection)
    return own


def _check_unique(books: Books, collection: Collection, body: Body, key: str | None) -> None:
    """One bill number per vendor; one holder for each value of a field without duplicates."""
    if collection.kind == "bill":
        for held in books.store.find("bill.number", str(body["number"])):
            other = books.store.tables["bill"][held.partition(":")[2]]
            if other.id != key and other.body["contact"] == body["contact"] and other.body["status"] != "voided":
                raise ZohoError(13011, f"Bill with the number {body['number']} has already been created for this "
                                "vendor.")  # fmt: skip
    values = (body.get("own") or {}).get("custom_fields", {})
    for field in custom.definitions(books):
        value = values.get(field["customfield_id"])
        if field["is_unique"] and value is not None:
            _, holder = custom.holder(books, collection.kind, field["api_name"], str(value))
            if holder not in (None, key):
                raise ZohoError(120104, f"Duplicate value given for {field['label']}.")


def _send_drafts(books: Books, body: Body) -> None:
    """A payment turns the draft invoices it names into sent ones (not verified)."""
    for each in body.get("allocations") or ():
        table, _, key = str(each["document"]).partition(":")
        record = books.store.get(table, key)
        if record is not None and record.body.get("status") == "draft":
            books.company.save(table, {**record.body, "status": "authorised"}, key)


def update(books: Books, collection: Collection, record: Record, given: Body) -> Record:
    """The head in part; lines, when given, as a whole."""
    if record.body.get("status") == "voided":
        raise refused(f"The {collection.label.lower()} is void and cannot be changed.")
    body = reading.read(books, collection.kind, given, record)
    if collection.number and given.get(collection.number):
        body["number"] = str(given[collection.number])
    _check_unique(books, collection, body, record.id)
    _send_drafts(books, body)
    return books.company.save(collection.kind, body, record.id)


def upsert(
    books: Books, collection: Collection, given: Body, headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[Record, bool]:
    """PUT on the collection by a custom field without duplicates; True when it was created."""
    key, value = headers.get("X-Unique-Identifier-Key", ""), headers.get("X-Unique-Identifier-Value", "")
    if not (collection.upsert and key and value):
        raise missing("X-Unique-Identifier-Key and X-Unique-Identifier-Value")
    is_unique, held = custom.holder(books, collection.kind, key, value)
    if not is_unique:
        raise invalid_value("X-Unique-Identifier-Key")
    if held is not None:
        return update(books, collection, find(books, collection, held), given), False
    if headers.get("X-Upsert", "").casefold() != "true":
        raise not_found(collection.label)
    fields = [*(given.get("custom_fields") or []), {"api_name": key, "value": value}]
    return create(books, collection, {**given, "custom_fields": fields}, query), True


def delete(books: Books, collection: Collection, record: Record) -> str:
    """Gone for good; what is used or settled stays. Returns what Zoho says."""
    books.company.delete(collection.kind, record.id)
    if collection.kind == "contact" and record.body.get("is_vendor"):
        return "The vendor has been deleted."
    return collection.says[2]


def set_active(books: Books, collection: Collection, record: Record, *, is_active: bool) -> str:
    """Lists only."""
    books.company.save(collection.kind, {**record.body, "is_active": is_active}, record.id)
    return f"The {collection.label.lower()} has been marked as {'active' if is_active else 'inactive'}."


def set_status(books: Books, collection: Collection, record: Record, wanted: str) -> str:
    """POST …/status/{wanted}. Raises when the record's state does not allow it."""
    if wanted not in collection.statuses:
        raise not_found(collection.label)
    target, now = collection.statuses[wanted], record.body["status"]
    if collection.kind == "purchase_order":
        own = {**(record.body.get("own") or {}), "status": target}
        books.company.save(collection.kind, {**record.body, "status": "authorised", "own": own}, record.id)
    elif target == "voided":
        books.company.void(collection.kind, record.id)
    elif target != now:
        if now == "voided":
            # Zoho lets a void document become a draft again; these books keep what is void.
            raise refused("The transaction is void.")
        books.company.save(collection.kind, {**record.body, "status": target}, record.id)
    if collection.kind == "journal_entry":
        return "The journal has been published."
    return f"{collection.label.capitalize()} status has been changed to {wanted.capitalize()}."


def apply(books: Books, source: Collection, record: Record, rows: Any, target: str) -> str:
    """A credit applied to invoices or bills: [{invoice_id | bill_id, amount_applied}]."""
    name = f"{target}_id"
    if not isinstance(rows, list) or not rows:
        raise missing(f"{target}s")
    made = [{"document": f"{target}:{row.get(name)}", "amount": row.get("amount_applied")} for row in rows]
    books.company.allocate(source.kind, record.id, made)
    return f"Credits have been applied to the {target}(s)."


def unapply(books: Books, document: Record, part: str) -> str:
    """Take back one payment or credit from a document, by the part's id."""
    for each in books.company.settlements(document):
        kind, _, key = each.source.partition(":")
        source = books.store.tables[kind][key]
        if documents.part_id(source, document.key) == part:
            kept = [row for row in source.body["allocations"] if row["document"] != document.key]
            books.company.allocate(kind, key, kept, replace=True)
            return "The payment has been deleted."
    raise not_found("Payment")
