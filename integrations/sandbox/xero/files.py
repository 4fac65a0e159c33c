"""Attachments: raw bytes under a file name."""

import base64

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.endpoints import Endpoint
from integrations.sandbox.xero.errors import ApiError, NotFoundError
from integrations.sandbox.xero.forms import respond

_MOST, _FILES = 10_000_000, 10


def held(books: Books, record: Record) -> list[Record]:
    """The files of a record, oldest first."""
    return [books.store.tables["file"][key.partition(":")[2]] for key in books.store.find("attached", record.key)]


def shown(endpoint: Endpoint, file: Record) -> Body:
    """An entry of the list."""
    body = file.body
    about = body["about"].partition(":")[2]
    return {"AttachmentID": file.id, "FileName": body["name"], "MimeType": body["type"], "ContentLength": body["size"],
            "Url": f"https://api.xero.com/api.xro/2.0/{endpoint.name}/{about}/Attachments/{body['name']}",
            "IncludeOnline": body["online"]}  # fmt: skip


def answer(books: Books, request: Request, endpoint: Endpoint, record: Record, name: str) -> Response:
    """List, download or upload. A name that is there is replaced."""
    found = held(books, record)
    now = books.clock.wall()
    if request.method == "GET" and not name:
        return respond({"Attachments": [shown(endpoint, each) for each in found]}, now)
    same = next((each for each in found if name in (each.id, each.body["name"])), None)
    if request.method == "GET":
        if same is None:
            raise NotFoundError(name)
        return Response(base64.b64decode(same.body["data"]), content_type=same.body["type"])
    data = request.get_data()
    if len(data) > _MOST or not data:
        raise ApiError(10, "FileSizeExceeded", "The file is empty or larger than 10 MB")
    if same is None and len(found) >= _FILES:
        raise ApiError(10, "ValidationException", "A document can hold 10 attachments")
    body = {"about": record.key, "name": name, "type": request.content_type or "application/octet-stream",
            "size": len(data), "data": base64.b64encode(data).decode(),
            "online": request.args.get("IncludeOnline") == "true"}  # fmt: skip
    kept = books.keep("file", same.id if same else None, body)
    return respond({"Attachments": [shown(endpoint, kept)]}, now)
