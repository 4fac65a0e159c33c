"""The Accounting API of one organisation: which address does what."""

from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import documents, files, journals, lists, querying, reading, reports, writing
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.endpoints import ENDPOINTS, Endpoint
from integrations.sandbox.xero.errors import ApiError, InvalidError, NotFoundError, post_error
from integrations.sandbox.xero.forms import respond


def body_of(request: Request) -> Any:
    """The JSON of a write. Raises PostDataInvalidException."""
    try:
        return wire.parse(request.get_data())
    except wire.MalformedJsonError as error:
        raise post_error(str(error)) from error


def serve(books: Books, request: Request, parts: list[str]) -> Response:
    """The answer of a call below /api.xro/2.0. Raises the errors of errors.py."""
    now, query = books.clock.wall(), request.args
    match [request.method, *parts]:
        case ["GET", "Organisation" | "Organisations"]:
            return respond({"Organisations": [lists.organisation(books)]}, now)
        case ["GET", "Journals"]:
            return respond({"Journals": journals.listed(books, query)}, now)
        case ["GET", "Reports", name]:
            return respond(reports.answer(books, name, query), now)
        case ["PUT", "Currencies"]:
            return _currency(books, body_of(request))
    endpoint = ENDPOINTS.get(parts[0]) if parts else None
    if endpoint is None:
        raise NotFoundError("/".join(parts))
    if endpoint.name == "TrackingCategories" and request.method != "GET":
        return _tracking(books, request, parts[1:])
    return _endpoint(books, request, endpoint, parts[1:])


def _endpoint(books: Books, request: Request, endpoint: Endpoint, rest: list[str]) -> Response:
    now, query = books.clock.wall(), request.args
    places = 4 if query.get("unitdp") == "4" else 2
    match [request.method, *rest]:
        case ["GET"]:
            since = request.headers.get("If-Modified-Since")
            return respond(querying.listed(books, endpoint, query, since), now)
        case ["PUT" | "POST" as method] if endpoint.name not in ("Overpayments", "Prepayments", "Budgets"):
            return writing.write(books, endpoint, method, body_of(request), query)
        case ["GET", key]:
            record = writing.find(books, endpoint, key)
            return respond({endpoint.name: [querying.show(books, endpoint, record, places=places)]}, now)
        case ["POST", key] if endpoint.name not in ("Overpayments", "Prepayments", "Budgets"):
            record = writing.find(books, endpoint, key)
            return writing.write(books, endpoint, "POST", body_of(request), query, record.id)
        case ["DELETE", key] if endpoint.name in ("Accounts", "Items"):
            return _deleted(books, endpoint, writing.find(books, endpoint, key))
        case [method, key, "Allocations", *part]:
            return _allocated(books, request, method, writing.find(books, endpoint, key), part)
        case ["GET" | "PUT" | "POST", key, "Attachments", *name] if endpoint.files and len(name) < 2:
            return files.answer(books, request, endpoint, writing.find(books, endpoint, key), "".join(name))
    raise ApiError(21, "MethodNotAllowedException", "The method is not allowed here", 405)


def _deleted(books: Books, endpoint: Endpoint, record: Record) -> Response:
    shown = querying.show(books, endpoint, record)
    books.company.delete(record.table, record.id)
    if endpoint.name == "Items":
        return Response("", 204)
    return respond({endpoint.name: [shown | {"Status": "DELETED"}]}, books.clock.wall())


def _allocated(books: Books, request: Request, method: str, record: Record, part: list[str]) -> Response:
    """Credits, over- and prepayments used for documents; or one such use taken back."""
    kept = list(record.body["allocations"])
    if method == "DELETE" and part:
        shown = documents.allocations(books, record)
        gone = next((each for each in shown if each["AllocationID"] == part[0].lower()), None)
        if gone is None:
            raise NotFoundError(part[0])
        left = [each for each, told in zip(kept, shown, strict=True) if told is not gone]
        books.company.allocate(record.table, record.id, left, replace=True)
        return respond({**gone, "IsDeleted": True}, books.clock.wall())
    if method != "PUT" or part:
        raise ApiError(21, "MethodNotAllowedException", "The method is not allowed here", 405)
    given = body_of(request)
    rows = given.get("Allocations", [given]) if isinstance(given, dict) else given
    made = [_allocation(books, record, each) for each in rows]
    if sum((Decimal(each["amount"]) for each in made), Decimal(0)) > books.company.open_amount(record):
        raise InvalidError("The amount allocated exceeds the remaining credit")
    record = books.company.allocate(record.table, record.id, made)
    return respond({"Allocations": documents.allocations(books, record)[len(kept) :]}, books.clock.wall())


def _allocation(books: Books, record: Record, each: Body) -> Body:
    target = reading.paid(books, each)
    if target.table != ("invoice" if record.table in documents.SALES else "bill"):
        raise InvalidError("The document with the supplied id was not found for this endpoint.")
    on = reading.day_of(each.get("Date"), "Date") or books.today.isoformat()
    return {"document": target.key, "amount": each.get("Amount") or 0, "on": on}


def _currency(books: Books, given: Body) -> Response:
    rows = given.get("Currencies", [given])
    made = [books.company.save("currency", {"code": each["Code"], "name": each.get("Description") or each["Code"],
                                            "rates": []}) for each in rows]  # fmt: skip
    return respond({"Currencies": [lists.currency(books, each) for each in made]}, books.clock.wall())


def _tracking(books: Books, request: Request, rest: list[str]) -> Response:
    now = books.clock.wall()
    match [request.method, *rest]:
        case ["PUT"]:
            made = _new_category(books, body_of(request))
            return respond({"TrackingCategories": [lists.category(books, made)]}, now)
        case ["POST", key]:
            record, given = _category(books, key), body_of(request)
            record = books.keep("category", key, {"name": given.get("Name") or record.body["name"],
                                                  "status": given.get("Status") or record.body["status"]})  # fmt: skip
            return respond({"TrackingCategories": [lists.category(books, record)]}, now)
        case ["DELETE", key]:
            record = _category(books, key)
            shown = lists.category(books, record) | {"Status": "DELETED"}
            books.keep("category", key, record.body, deleted=True)
            return respond({"TrackingCategories": [shown]}, now)
        case [method, key, "Options", *part]:
            return respond({"Options": [_option(books, method, _category(books, key), part, request)]}, now)
    raise NotFoundError("TrackingCategories")


def _category(books: Books, key: str) -> Record:
    record = books.store.get("category", key.lower())
    if record is None:
        raise NotFoundError(key)
    return record


def _new_category(books: Books, given: Body) -> Record:
    active = [each for each in books.store.live("category") if each.body["status"] == "ACTIVE"]
    if len(active) >= 2:
        raise InvalidError("An organisation can have two active tracking categories")
    return books.keep("category", None, {"name": given.get("Name"), "status": "ACTIVE"})


def _option(books: Books, method: str, category: Record, part: list[str], request: Request) -> Body:
    if method == "PUT" and not part:
        given = body_of(request)
        given = given.get("Options", [given])[0]
        made = books.company.save("dimension", {"type": category.id, "name": given.get("Name")})
        return lists.option(books, made)
    record = books.store.get("dimension", part[0].lower()) if part else None
    if record is None:
        raise NotFoundError("/".join(part))
    if method == "DELETE":
        shown = lists.option(books, record) | {"Status": "DELETED"}
        books.company.delete("dimension", record.id)
        return shown
    given = body_of(request)
    body = {**record.body, "name": given.get("Name") or record.body["name"],
            "is_active": given.get("Status", "ACTIVE") == "ACTIVE"}  # fmt: skip
    return lists.option(books, books.company.save("dimension", body, record.id))
