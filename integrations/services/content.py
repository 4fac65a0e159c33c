"""A record as it is stored, and the digest by which it is known again: both from one writing of it."""

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from integrations.engine.results import Record

_SORTED = orjson.OPT_SORT_KEYS


class Content(NamedTuple):
    """Both forms as JSON, and the SHA-256 of what they say."""

    unified: bytes
    raw: bytes
    digest: str


def contents() -> Callable[[Record], Content]:
    """The function that writes records: amounts of the unified form are texts, the raw form has the ledger's numbers.

    The digest depends neither on the order of keys nor on how a decimal is written (100.50, 100.5). Few are written
    with noughts at their end; only for forms that have one there is a second writing, for the digest.
    """
    in_unified: list[bool] = []
    in_raw: list[bool] = []

    def noticed(value: Any) -> str:
        text = _text(value)
        if _has_noughts(text):
            in_unified.append(True)
        return text

    def numbered(value: Any) -> Any:
        if value.__class__ is Decimal and not value.is_finite():
            return None
        text = _text(value)
        if _has_noughts(text):
            in_raw.append(True)
        return orjson.Fragment(text)

    def written(record: Record) -> Content:
        unified = said = orjson.dumps(record.unified, default=noticed, option=_SORTED)
        raw = said_raw = orjson.dumps(record.raw, default=numbered, option=_SORTED)
        if in_unified:
            in_unified.clear()
            said = orjson.dumps(record.unified, default=_plain, option=_SORTED)
        if in_raw:
            in_raw.clear()
            said_raw = orjson.dumps(record.raw, default=_plain_number, option=_SORTED)
        return Content(unified, raw, _digest(said, said_raw))

    return written


def content_hash(record: Record) -> str:
    """The digest of a single record."""
    return contents()(record).digest


def _digest(unified: bytes, raw: bytes) -> str:
    return sha256(b"%b\n%b" % (unified, raw)).hexdigest()


def _text(value: Any) -> str:
    if value.__class__ is Decimal or isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _has_noughts(text: str) -> bool:
    return (text[-1] == "0" and "." in text) or "E" in text


def _plain(value: Any) -> str:
    return f"{value.normalize():f}" if value.__class__ is Decimal else _text(value)


def _plain_number(value: Any) -> Any:
    return orjson.Fragment(_plain(value)) if value.__class__ is not Decimal or value.is_finite() else None
