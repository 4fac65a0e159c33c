"""Attachments and their folders: files as base64 in the body, and back by reading."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, kinds, properties
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body

FOLDER = "company-config/folder"
_STATUS = ("active", "inactive")


def read_folder(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A folder: its id is its name. Raises SageError."""
    properties.check_known(obj.path, given, ("description", "status", "parent.id", "parent.key"))
    kept = before.body if before else {}
    code = _named(books, obj, given, before)
    return {**kept, "code": code, "name": code, **_status(given, kept),
            "description": given.get("description", kept.get("description"))}  # fmt: skip


def folder(books: Books, obj: Object, record: Record) -> Body:
    """A folder."""
    return {**books.base(obj, record), "description": record.body.get("description")}


def _named(books: Books, obj: Object, given: Body, before: Record | None) -> str:
    """The natural id: given once, or the next number. Raises SageError when it is taken."""
    told = str(given.get("id") or (before.body["code"] if before else ""))
    if not told:
        told = f"Att-{books.store.take(f'number.{obj.kind}'):05d}"
    other = books.named(obj, told)
    if other is not None and (before is None or other.id != before.id):
        raise errors.duplicate(obj.label, "id", told)
    return told


def _status(given: Body, kept: Body) -> Body:
    told = given.get("status")
    if told not in (None, *_STATUS):
        raise errors.invalid_request(f"The value '{told}' of field status is not one of {', '.join(_STATUS)}.")
    return {"is_active": kept.get("is_active", True) if told is None else told == "active"}


def read(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """An attachment: one or many files in a folder. Raises SageError."""
    properties.check_known(obj.path, given, ("name", "description", "status"), prefixes=("folder", "files"))
    kept = before.body if before else {}
    code = _named(books, obj, given, before)
    folder_key = books.given(FOLDER, given, "folder") if "folder" in given else kept.get("folder")
    if folder_key is None:
        raise errors.business("Required field folder is missing.", "BL01001974",
                              first="Could not create attachment record.")  # fmt: skip
    files = _files(given.get("files"), list(kept.get("files") or ()), before)
    if not files:
        raise errors.business("At least one file is required.", "BL01001974",
                              first="Could not create attachment record.")  # fmt: skip
    return {
        **kept, "code": code, "name": str(given.get("name") or kept.get("name") or code), "folder": folder_key,
        "description": given.get("description", kept.get("description")), **_status(given, kept), "files": files,
    }  # fmt: skip


def _files(given: Any, kept: list[Body], before: Record | None) -> list[Body]:
    """The files after a request: those with a key are changed or deleted, those without added."""
    if given is None:
        return kept
    found = {str(each["id"]): each for each in kept}
    last = max((int(key) for key in found), default=0)
    for each in properties.entries(given, "files"):
        properties.check_known("company-config/attachment-file", each, ("name", "data"))
        place = kinds.owner_key(str(each["key"]))[1] if each.get("key") else ""
        if place and (before is None or kinds.owner_key(str(each["key"]))[0] != before.id or place not in found):
            raise errors.not_found("company-config/attachment-file", str(each["key"]))
        if place and each.get("ia::operation") == "delete":
            del found[place]
            continue
        last += not place
        fresh = place or str(last)
        found[fresh] = {**_file(each, found.get(fresh) or {}), "id": fresh}
    return list(found.values())


def _file(given: Body, kept: Body) -> Body:
    file = {**kept, **{name: str(given[name]) for name in ("name", "data") if given.get(name)}}
    for name in ("name", "data"):
        if not file.get(name):
            raise errors.business(f"Required field files.{name} is missing.", "BL01001974")
    try:
        size = len(base64.b64decode(file["data"], validate=True))
    except binascii.Error as error:
        raise errors.business("The data of the file is not valid base64.", "CO-0200") from error
    return {**file, "size": size}


def shown(books: Books, obj: Object, record: Record) -> Body:
    """An attachment with its files, content included."""
    body = record.body
    files = []
    for each in body.get("files") or ():
        key = kinds.line_key(record.id, each["id"])
        files.append({"id": key, "key": key, "name": each["name"], "size": each["size"], "data": each["data"],
                      "attachment": {"key": record.id, "id": body["code"]}})  # fmt: skip
    return {
        **books.base(obj, record), "name": body.get("name"), "description": body.get("description"),
        "folder": books.reference(FOLDER, body.get("folder")), "files": files,
    }  # fmt: skip


READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {"attachment": read, "folder": read_folder}
SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {"attachment": shown, "folder": folder}
