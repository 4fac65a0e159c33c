"""The file cabinet: files, and what they hang on."""

import base64
import binascii
from dataclasses import replace

from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import errors
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.wire import Body

MOST_BYTES = 10_000_000


def add(books: Books, given: Body) -> Record:
    """Keep a file; one of the same name in the same folder is replaced. Raises NetSuiteError."""
    if not given.get("name"):
        raise errors.missing("File Name", "name")
    try:
        size = len(base64.b64decode(str(given.get("content") or ""), validate=True))
    except binascii.Error as error:
        raise errors.content("The content of the file is not base64.", "content") from error
    if size > MOST_BYTES:
        raise errors.user("The file you are trying to upload exceeds the maximum file size of 10.0 MB.", "content")
    folder = str(given.get("folder") or "-15")
    same = next(
        (
            each
            for each in books.store.live("file")
            if (each.body["name"], each.body["folder"]) == (given["name"], folder)
        ),
        None,
    )
    key = same.id if same else str(books.store.take("own:file", 1))
    return books.keep(
        "file", key, {**given, "folder": folder, "size": size, "on": list(same.body["on"]) if same else []}
    )


def find(books: Books, key: str) -> Record:
    """A file. Raises NONEXISTENT_ID."""
    found = books.store.get("file", key)
    if found is None:
        raise errors.nonexistent("file", key)
    return found


def hang(books: Books, record: Record, key: str, *, is_on: bool) -> Record:
    """Attach a file to a record, or take it off."""
    file = find(books, key)
    others = [each for each in file.body["on"] if each != record.key]
    return books.keep("file", file.id, {**file.body, "on": [*others, record.key] if is_on else others})


def of(books: Books, record: Record) -> list[Record]:
    """The files attached to a record."""
    return [each for each in books.store.live("file") if record.key in each.body["on"]]


def remove(books: Books, key: str) -> None:
    """Delete a file. Raises NONEXISTENT_ID."""
    file = find(books, key)
    with books.store.transaction():
        books.store.put(replace(file, deleted=True, updated=int(books.clock.wall())))
