"""Acting as a user of Zoho Books: what the control API's changes and documents do."""

from integrations.sandbox.books.store import Record
from integrations.sandbox.books.user import User, kinds_of
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import custom, documents, kinds, reading
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import ZohoError


def user(books: Books) -> User:
    """Somebody at the screen."""

    def read(kind: str, data: Body) -> Body:
        return reading.read(books, kind, data, None) if kind in kinds.BY_KIND else data

    return User(books.company, read, lambda record: show(books, record), {
        "edit": lambda order: _edit(books, order), "add_custom_field": lambda order: _add_custom_field(books, order),
        "set_preferences": lambda order: _set_preferences(books, order),
    })  # fmt: skip


def show(books: Books, record: Record) -> Body:
    """In Zoho's form; what has no address of its own keeps the books' form."""
    if record.table in kinds.BY_KIND:
        return documents.shown(books, record)
    return {"id": record.id, **record.body}


def apply(books: Books, order: Body) -> Body:
    """One change. Raises BadOrderError with the ledger's words."""
    try:
        return user(books).apply(order)
    except ZohoError as error:
        raise BadOrderError(f"the ledger refuses: {error}") from error


def _edit(books: Books, order: Body) -> tuple[str, str, Body]:
    """Changes a record in part, in Zoho's words."""
    key, override = str(order.get("id") or ""), bool(order.get("override", False))
    for kind in kinds_of(str(order.get("resource") or "")):
        record = books.store.get(kind, key)
        if record is not None:
            data = dict(order.get("data") or {"notes": "Edited by a user"})
            body = reading.read(books, kind, data, record) if kind in kinds.BY_KIND else {**record.body, **data}
            saved = books.company.save(kind, body, key, override=override)
            return kind, key, show(books, saved)
    raise BadOrderError(f"{order.get('resource')} {key!r} does not exist")


def _add_custom_field(books: Books, order: Body) -> tuple[str, str, Body]:
    label = str(order.get("label") or "")
    if not label:
        raise BadOrderError("label is missing")
    fields = custom.definitions(books)
    number = len(fields) + 1
    made = {"label": label, "api_name": f"cf_{label.lower().replace(' ', '_')}", "index": number,
            "data_type": str(order.get("data_type") or "string"), "is_unique": bool(order.get("unique")),
            "customfield_id": kinds.record_id("custom_field", number)}  # fmt: skip
    books.company.set_settings(custom_fields=[*fields, made])
    return "custom_field", str(made["customfield_id"]), made


def _set_preferences(books: Books, order: Body) -> tuple[str, str, Body]:
    """The plan decides how many calls a day there are."""
    data = dict(order.get("data") or {})
    books.organisation.specification |= {name: data[name] for name in ("plan",) if name in data}
    return "preferences", "", data
