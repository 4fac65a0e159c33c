"""The Books API of one organisation: which address does what."""

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import banking, custom, documents, files, querying, reports, service, settings
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import ZohoError, invalid_url, malformed, not_found
from integrations.sandbox.zoho_books.kinds import BY_PATH, COLLECTIONS, Collection

_SINGULAR = {each.path.rstrip("s"): each for each in COLLECTIONS}
_MODULES = {"settings": "settings", "reportingtags": "settings", "users": "settings", "bankaccounts": "banking",
            "banktransactions": "banking", "bankstatements": "banking", "itemdetails": "settings"}  # fmt: skip
_VERBS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "DELETE": "DELETE"}
_CREDITS = {
    "invoice": (("invoice_payments", "customerpayments", "payment_id"),
                ("apply_creditnotes", "creditnotes", "creditnote_id")),
    "bill": (("bill_payments", "vendorpayments", "payment_id"),
             ("apply_vendor_credits", "vendorcredits", "vendor_credit_id")),
}  # fmt: skip
_TYPE = "application/json;charset=UTF-8"


def covers(scopes: str, method: str, parts: list[str]) -> bool:
    """Whether a consent allows a call; reports and custom fields go with the whole (not verified)."""
    given = scopes.split(",")
    path = parts[0] if parts else ""
    collection = BY_PATH.get(path) or _SINGULAR.get(path)
    module = collection.module if collection else _MODULES.get(path, "fullaccess")
    verb = "UPDATE" if method == "POST" and len(parts) > 2 else _VERBS.get(method, "READ")
    wanted = {"ZohoBooks.fullaccess.all", f"ZohoBooks.{module}.ALL", f"ZohoBooks.{module}.{verb}"}
    return bool(wanted & set(given))


def respond(
    body: Body, message: str = "success", status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """{"code": 0, "message", …}."""
    whole = {"code": 0, "message": message or "success", **body}
    return Response(wire.dump(whole), status, headers=dict(headers or {}), content_type=_TYPE)


def refuse(error: ZohoError) -> Response:
    """{"code", "message"}."""
    return Response(wire.dump({"code": error.code, "message": error.message}), error.status, content_type=_TYPE)


def given(request: Request) -> Any:
    """The JSON of the body, or of the old form field JSONString. Raises 1038."""
    text = request.form.get("JSONString") if request.form else None
    data = text.encode() if text is not None else b"" if request.files or request.form else request.get_data()
    try:
        body = wire.parse(data) if data.strip() else {}
    except wire.MalformedJsonError as error:
        raise malformed() from error
    if not isinstance(body, dict | list):
        raise malformed()
    return body


def serve(books: Books, request: Request, parts: list[str]) -> Response:
    """The answer of a call below /books/v3 that names its organisation. Raises ZohoError, BooksError."""
    body, query, method = given(request), request.args, request.method
    collection = BY_PATH.get(parts[0]) if parts else None
    if collection is not None:
        return _collection(books, request, collection, parts[1:], body)
    singular = _SINGULAR.get(parts[0]) if parts else None
    if singular is not None and len(parts) == 3 and parts[2] == "customfields" and method == "PUT":
        return _custom_fields(books, singular, parts[1], body)
    found = _others(books, method, parts, query, body if isinstance(body, dict) else {})
    if found is None:
        raise invalid_url()
    made, message = found
    is_new = method == "POST" and len(parts) in (1, 2, 4) and parts[-1] not in ("match", "exclude", "restore")
    return respond(made, message, 201 if is_new else 200)


def _others(
    books: Books, method: str, parts: list[str], query: Mapping[str, str], body: Body
) -> tuple[Body, str] | None:
    match [method, *parts]:
        case ["GET", "reports", name]:
            return reports.answer(books, name, query)
        case ["GET", "itemdetails"]:
            keys = [key for key in query.get("item_ids", "").split(",") if key][:100]
            found = [service.find(books, BY_PATH["items"], key) for key in keys]
            return {"items": [documents.shown(books, each) for each in found]}, ""
        case ["GET", "vendors" | "customers" as kind]:
            return querying.listed(books, BY_PATH["contacts"], {**query, "contact_type": kind[:-1]}), ""
        case ["GET", "users", "me"]:
            return {"user": {"user_id": "460000000000001", "name": "Jo Field", "email": "jo@example.com"}}, ""
    return banking.answer(books, method, parts, query, body) or settings.answer(books, method, parts, query, body)


def _collection(books: Books, request: Request, collection: Collection, rest: list[str], body: Any) -> Response:
    method, query = request.method, request.args
    match [method, *rest]:
        case ["GET"]:
            return respond(querying.listed(books, collection, query))
        case ["POST"]:
            return _created(books, collection, service.create(books, collection, body, query))
        case ["PUT"]:
            record, is_new = service.upsert(books, collection, body, dict(request.headers), query)
            if is_new:
                return _created(books, collection, record)
            return respond(service.show(books, collection, record), collection.says[1])
        case ["GET", key]:
            return respond(service.show(books, collection, service.find(books, collection, key)))
        case ["PUT", key]:
            record = service.update(books, collection, service.find(books, collection, key), body)
            return respond(service.show(books, collection, record), collection.says[1])
        case ["DELETE", key]:
            return respond({}, service.delete(books, collection, service.find(books, collection, key)))
        case [_, key, *action] if action:
            return _action(books, request, collection, service.find(books, collection, key), action, body)
    raise ZohoError(5, "Method not allowed.", 405)


def _created(books: Books, collection: Collection, record: Record) -> Response:
    headers = {"location": f"/api/v3/{collection.path}/{record.id}", "allow": "OPTIONS, DELETE, POST, GET, PUT"}
    return respond(service.show(books, collection, record), collection.says[0], 201, headers)


def _action(
    books: Books, request: Request, collection: Collection, record: Record, action: list[str], body: Any
) -> Response:
    """What is asked of one record beyond reading and writing it."""
    match [request.method, *action]:
        case ["POST", "status", wanted]:
            return respond({}, service.set_status(books, collection, record, wanted))
        case ["POST", "active" | "inactive" as wanted]:
            message = service.set_active(books, collection, record, is_active=wanted == "active")
            return respond({}, message)
        case ["POST", "invoices"] if collection.kind == "credit_note":
            return respond({}, service.apply(books, collection, record, body.get("invoices"), "invoice"))
        case ["POST", "bills"] if collection.kind == "vendor_credit":
            return respond({}, service.apply(books, collection, record, body.get("bills"), "bill"))
        case ["GET", "invoices" | "bills" | "payments" | "creditsapplied" as part]:
            shown = documents.whole(books, record)
            names = {"invoices": "invoices_credited", "bills": "bills_credited", "creditsapplied": "credits"}
            return respond({names.get(part, part): shown.get(names.get(part, part), [])})
        case ["POST", "credits"] if collection.kind in ("invoice", "bill"):
            return respond({}, _credits(books, collection, record, body))
        case ["DELETE", "payments" | "credits" | "creditsapplied", part]:
            return respond({}, service.unapply(books, record, part))
        case ["DELETE", "invoices" | "bills", part]:
            return respond({}, _taken_back(books, record, part))
    return _file(books, request, record, action)


def _file(books: Books, request: Request, record: Record, action: list[str]) -> Response:
    """What is attached to a record."""
    match [request.method, *action]:
        case ["GET", "attachment" | "receipt", *key]:
            return files.download(books, record, *key)
        case ["POST", "attachment" | "receipt" as field]:
            made = files.attach(books, record, request, field)
            return respond(made, "Your file has been attached.")
        case ["DELETE", "attachment" | "receipt", *key]:
            return respond(files.remove(books, record, *key), "Your file is no longer attached.")
        case ["GET", "documents", key]:
            return files.download(books, record, key)
    raise invalid_url()


def _credits(books: Books, collection: Collection, record: Record, body: Body) -> str:
    """Payments and credits applied from the document's side."""
    target = collection.kind
    for field, path, key in _CREDITS[target]:
        for each in body.get(field) or ():
            source = BY_PATH[path]
            held = service.find(books, source, str(each.get(key)))
            rows = [{f"{target}_id": record.id, "amount_applied": each.get("amount_applied")}]
            service.apply(books, source, held, rows, target)
    return f"Credits have been applied to the {target}."


def _taken_back(books: Books, record: Record, part: str) -> str:
    """One application of a credit, from the credit's side."""
    for each in record.body.get("allocations") or ():
        if documents.part_id(record, each["document"]) == part:
            kept = [row for row in record.body["allocations"] if row is not each]
            books.company.allocate(record.table, record.id, kept, replace=True)
            return "The credits applied have been deleted."
    raise not_found("Credit")


def _custom_fields(books: Books, collection: Collection, key: str, body: Any) -> Response:
    record = service.find(books, collection, key)
    own = dict(record.body.get("own") or {})
    own["custom_fields"] = custom.read(books, body, own.get("custom_fields"))
    books.company.save(collection.kind, {**record.body, "own": own}, record.id)
    return respond({}, "Custom Fields Updated Successfully")
