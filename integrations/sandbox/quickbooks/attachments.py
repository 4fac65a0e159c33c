"""Attachments: the Attachable entity, upload and download."""

import base64
import binascii
import re
from io import BytesIO
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request

from integrations.sandbox import wire
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company, Draft
from integrations.sandbox.wire import Body

MAX_BYTES = 100 * 1024 * 1024
_PART = re.compile(r"file_(metadata|content)_(\d+)$")
_EXTENSIONS = frozenset(
    [
        "ai",
        "eps",
        "csv",
        "doc",
        "docx",
        "gif",
        "jpeg",
        "jpg",
        "png",
        "ods",
        "pdf",
        "rtf",
        "tif",
        "tiff",
        "txt",
        "xls",
        "xlsx",
        "xml",
    ]
)


def attachable(company: Company, body: Body, previous: Record | None) -> Draft:
    """A note or the card of a file. Raises 6000 without either, 2500 for unknown entities."""
    extra: Body = dict(previous.extra) if previous else {}
    if not body.get("Note") and not body.get("FileName"):
        raise errors.business("You must have at least a note string or file attachment")
    for reference in checks.objects(body, "AttachableRef"):
        entity = reference.get("EntityRef") or {}
        kind, key = str(entity.get("type") or ""), str(entity.get("value") or "")
        found = next((name for name in company.store.tables if name.casefold() == kind.casefold()), None)
        if found is None or company.store.get(found, key) is None:
            raise errors.invalid_reference(kind or "Entities", key, "AttachableRef.EntityRef")
    if previous is not None:
        for name in ("FileAccessUri", "TempDownloadUri", "Size", "ContentType", "FileName"):
            if name in previous.body:
                body[name] = previous.body[name]
    return Draft(body, extra=extra)


def parts(request: Request) -> list[tuple[Body, FileStorage | None]]:
    """The pairs of an upload in order: metadata ({} when absent) and file."""
    found: dict[str, tuple[Body, FileStorage | None]] = {}
    files = list(request.files.items(multi=True))
    # Clients that give a part no file name (python-quickbooks) have it read as a form field.
    files += [(name, _as_file(text)) for name, text in request.form.items(multi=True)]
    for name, file in files:
        match = _PART.match(name)
        if match is None:
            raise errors.FaultError("6040", "Metadata is not an Attachable", f"Unexpected part {name}")
        metadata, content = found.get(match[2], ({}, None))
        found[match[2]] = (_metadata(file.read()), content) if match[1] == "metadata" else (metadata, file)
    return [found[index] for index in sorted(found)]


def _as_file(text: str) -> FileStorage:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        data = text.encode()
    return FileStorage(BytesIO(data))


def _metadata(data: bytes) -> Body:
    try:
        body: Any = wire.parse(data)
    except wire.MalformedJsonError as error:
        raise errors.FaultError("6040", "Metadata is not an Attachable", str(error)) from error
    if not isinstance(body, dict):
        raise errors.FaultError("6040", "Metadata is not an Attachable", "metadata must be an object")
    return body


def content(file: FileStorage, name: str) -> bytes:
    """The bytes of an uploaded file, base64 undone. Raises 6030, 6041."""
    data = bytes(file.read())
    if file.headers.get("Content-Transfer-Encoding", "").lower() == "base64":
        try:
            data = base64.b64decode(data, validate=False)
        except binascii.Error as error:
            raise errors.FaultError("6041", "Invalid file", "The file is not valid base64.") from error
    if len(data) > MAX_BYTES:
        raise errors.FaultError("6030", "Upload too large", f"The file exceeds the limit of {MAX_BYTES} bytes.")
    extension = name.rpartition(".")[2].lower()
    if not data or extension not in _EXTENSIONS:
        raise errors.FaultError("6041", "Invalid file", f"The file type {extension or 'unknown'} is not supported.")
    return data
