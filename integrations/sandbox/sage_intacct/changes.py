"""Acting as a user of Intacct: what the control API's changes and documents do."""

from collections.abc import Callable, Mapping

from integrations.sandbox.books.store import Record
from integrations.sandbox.books.user import Action, User, kinds_of
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.sage_intacct import custom, forms, kinds, payments, saving
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import BY_LINES, BY_PATH, OBJECTS, Object
from integrations.sandbox.wire import Body

_PARTIES = {"vendors": "accounts-payable/vendor", "customers": "accounts-receivable/customer",
            "contacts": "accounts-receivable/customer"}  # fmt: skip
PREFERENCES = ("sender_authorised", "bill_approval")


def user(books: Books, actions: Mapping[str, Action] | None = None) -> User:
    """Somebody at the screen; `actions` are the orders that speak Intacct's words."""

    def read(kind: str, data: Body) -> Body:
        obj = _first(kind)
        return forms.read(books, obj, data, None) if obj else data

    return User(books.company, read, lambda record: show(books, record), actions or {})


def _first(kind: str) -> Object | None:
    return next((each for each in OBJECTS if each.kind == kind and "POST" in each.methods), None)


def show(books: Books, record: Record) -> Body:
    """In REST's form; what has no object keeps the books' form."""
    obj = kinds.object_of(record)
    return forms.show(books, obj, record) if obj else {"id": record.id, **record.body}


def apply(books: Books, order: Body) -> Body:
    """One change. Raises BadOrderError with the ledger's words."""
    actions: dict[str, Action] = {
        "edit": lambda order: _edit(books, order), "void": lambda order: _undo(books, order, books.company.void),
        "delete": lambda order: _undo(books, order, books.company.delete),
        "add_custom_field": lambda order: _add_custom_field(books, order),
        "set_preferences": lambda order: _set_preferences(books, order),
    }  # fmt: skip
    if order.get("data"):
        actions["create"] = lambda order: _create(books, order)
    try:
        return user(books, actions).apply(order)
    except SageError as error:
        raise BadOrderError(f"the ledger refuses: {error}") from error


def _create(books: Books, order: Body) -> tuple[str, str, Body]:
    """A new record from a body as REST takes it; vendors and customers are told apart by `resource`."""
    resource = str(order.get("resource") or "")
    kind = kinds_of(resource)[0]
    obj = BY_PATH.get(_PARTIES.get(resource, "")) or _first(kind)
    if obj is None:
        raise BadOrderError(f"Intacct has no {resource} that can be made")
    record = saving.save(books, obj, dict(order["data"]))
    return record.table, record.id, show(books, record)


def _edit(books: Books, order: Body) -> tuple[str, str, Body]:
    """Changes a record in part, in REST's words."""
    key = str(order.get("id") or "")
    for kind in kinds_of(str(order.get("resource") or "")):
        record = books.store.get(kind, key)
        obj = kinds.object_of(record) if record else None
        if record is not None and obj is not None:
            saved = saving.save(books, obj, dict(order.get("data") or {_note(obj): "Edited by a user"}), record)
            return kind, key, show(books, saved)
    raise BadOrderError(f"{order.get('resource')} {key!r} does not exist")


def _undo(books: Books, order: Body, undo: Callable[..., Record]) -> tuple[str, str, Body]:
    """Voids or deletes a record; the credits that a payment applied are open again."""
    key = str(order.get("id") or "")
    for kind in kinds_of(str(order.get("resource") or "")):
        record = books.store.get(kind, key)
        if record is not None:
            if kind in payments.SIDES:
                payments.take_back_credits(books, record)
            return kind, key, show(books, undo(kind, key, override=bool(order.get("override"))))
    raise BadOrderError(f"{order.get('resource')} {key!r} does not exist")


def _note(obj: Object) -> str:
    return "description" if obj.kind in kinds.RECORD_KINDS else "notes"


def _add_custom_field(books: Books, order: Body) -> tuple[str, str, Body]:
    """`object` is a REST path (bills by default), `label`, `data_type`, `values`."""
    label, path = str(order.get("label") or ""), str(order.get("object") or "accounts-payable/bill")
    kind = str(order.get("data_type") or "string")
    if not label or kind not in custom.TYPES or (path not in BY_PATH and path not in BY_LINES):
        raise BadOrderError(f"label, object and data_type ({', '.join(custom.TYPES)}) are needed")
    made = custom.define(books, path, label, kind, tuple(str(each) for each in order.get("values") or ()))
    return "custom_field", str(made["name"]), made


def _set_preferences(books: Books, order: Body) -> tuple[str, str, Body]:
    """sender_authorised: whether the company lets the app's sender in."""
    data = dict(order.get("data") or {})
    books.company.set_settings(**{name: data[name] for name in PREFERENCES if name in data})
    return "preferences", "", data
