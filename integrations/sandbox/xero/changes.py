"""Acting as a user of Xero: what the control API's changes and documents do."""

from integrations.sandbox.books.store import Record
from integrations.sandbox.books.user import User, kinds_of
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import lists, querying, reading
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.endpoints import ENDPOINTS, Endpoint
from integrations.sandbox.xero.errors import InvalidError, NotFoundError


def endpoint_of(record: Record) -> Endpoint | None:
    """Where a record stands."""
    found = (each for each in ENDPOINTS.values() if record.table in each.kinds and each.holds(record))
    return next(found, None)


def user(books: Books) -> User:
    """Somebody at the screen."""
    return User(books.company, lambda kind, data: read(books, kind, data, None), lambda record: show(books, record), {
        "edit": lambda order: _edit(books, order), "pay": lambda order: _pay(books, order),
    })  # fmt: skip


def show(books: Books, record: Record) -> Body:
    """In Xero's form; what has no endpoint keeps the books' form."""
    if record.table == "dimension":
        return lists.option(books, record)
    endpoint = endpoint_of(record)
    return querying.show(books, endpoint, record) if endpoint else {"id": record.id, **record.body}


def read(books: Books, kind: str, data: Body, before: Record | None) -> Body:
    """Xero's words as a neutral body."""
    endpoint = next((each for each in ENDPOINTS.values() if kind in each.kinds), None)
    if endpoint is None or kind == "category":
        return {**(before.body if before else {}), **data}
    if endpoint.name in lists.READS:
        return lists.READS[endpoint.name](books, data, before)
    if endpoint.name == "Payments" and before is None:
        return reading.payment(books, data)
    return reading.document(books, endpoint.name, kind, data, before, 4)


def apply(books: Books, order: Body) -> Body:
    """One change. Raises BadOrderError with the ledger's words."""
    try:
        return user(books).apply(order)
    except (InvalidError, NotFoundError) as error:
        raise BadOrderError(f"the ledger refuses: {error}") from error


def _edit(books: Books, order: Body) -> tuple[str, str, Body]:
    """Changes a record in part, in Xero's words."""
    key = str(order.get("id") or "")
    for kind in kinds_of(str(order.get("resource") or "")):
        record = books.store.get(kind, key)
        if record is not None:
            data = dict(order.get("data") or {"Reference": "Edited by a user"})
            body = read(books, kind, data, record)
            saved = books.company.save(kind, body, key, override=bool(order.get("override", False)))
            return kind, key, show(books, saved)
    raise BadOrderError(f"{order.get('resource')} {key!r} does not exist")


def _pay(books: Books, order: Body) -> tuple[str, str, Body]:
    """From the first bank account, all that is open unless an amount is given."""
    key = str(order.get("id") or "")
    found = (books.store.get(kind, key) for kind in ("invoice", "bill"))
    about = next((each for each in found if each is not None), None)
    if about is None:
        raise BadOrderError("only invoices and bills can be paid")
    bank = next(each.id for each in books.store.live("account") if each.body["type"] == "bank")
    amount = order.get("amount") or books.company.open_amount(about)
    account = {"AccountID": order.get("account") or bank}
    body = reading.payment(books, {"Invoice": {"InvoiceID": key}, "Account": account, "Amount": amount,
                                   "Date": order.get("date"),
                                   "Reference": order.get("reference")})  # fmt: skip
    kind = "payment" if about.table == "invoice" else "bill_payment"
    made = books.company.save(kind, body)
    return kind, made.id, show(books, made)
