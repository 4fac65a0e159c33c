"""Attachments: multipart in, the bytes themselves out."""

import base64

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import ZohoError, missing, not_found

_MOST = 10 * 1024 * 1024
_KINDS = ("pdf", "jpg", "jpeg", "png", "gif", "bmp", "doc", "docx", "xls", "xlsx", "csv", "txt", "xml")


def attach(books: Books, record: Record, request: Request, field: str) -> Body:
    """Take the file of a form. A receipt replaces the one before."""
    file = request.files.get(field)
    if file is None or not file.filename:
        raise missing(field)
    content, kind = file.read(), file.filename.rpartition(".")[2].lower()
    if len(content) > _MOST:
        raise ZohoError(1056, "The file exceeds the maximum size of 10 MB.")
    if kind not in _KINDS:
        raise ZohoError(1057, "The file format is not supported.")
    if field == "receipt":
        for old in found(books, record):
            books.keep("attachment", old.id, old.body, deleted=True)
    body = {"document": record.key, "file_name": file.filename, "file_type": kind, "size": len(content),
            "mime": file.mimetype, "content": base64.b64encode(content).decode()}  # fmt: skip
    kept = books.keep("attachment", None, body)
    with books.store.transaction():
        books.company.touch(record)
    return {"documents": [{"document_id": kept.id, "file_name": file.filename, "file_type": kind,
                           "file_size": len(content)}]}  # fmt: skip


def found(books: Books, record: Record) -> list[Record]:
    """A record's files, oldest first."""
    return [each for each in books.store.live("attachment") if each.body["document"] == record.key]


def download(books: Books, record: Record, key: str = "") -> Response:
    """The newest file, or the one named."""
    files = [each for each in found(books, record) if key in ("", each.id)]
    if not files:
        raise not_found("Attachment")
    body = files[-1].body
    return Response(
        base64.b64decode(body["content"]), content_type=body["mime"] or "application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{body["file_name"]}"'},
    )  # fmt: skip


def remove(books: Books, record: Record, key: str = "") -> Body:
    """All files of a record, or the one named."""
    files = [each for each in found(books, record) if key in ("", each.id)]
    if not files:
        raise not_found("Attachment")
    for each in files:
        books.keep("attachment", each.id, each.body, deleted=True)
    return {}
