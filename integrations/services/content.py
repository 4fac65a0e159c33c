"""A record as it is stored, and the digest by which it is known again: both from one writing of it."""

import re
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from integrations.engine.results import Record

# Amounts of the unified form are texts, the raw form has the ledger's numbers.
_unified = msgspec.json.Encoder(order="sorted", decimal_format="string")
_raw = msgspec.json.Encoder(order="sorted", decimal_format="number")

# Expressions that begin with one letter and are no mere words: searched for in half the time of `in`.
_NOUGHTS = re.compile(rb'\.[0-9]*0[",}\]]').search
_EXPONENT = re.compile(rb"E[+-]").search
_NO_NUMBER = re.compile(rb"N[a]N").search
_INFINITE = re.compile(rb"I[n]finity").search
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class Content(NamedTuple):
    """Both forms as JSON as they are stored, and the SHA-256 of what they say."""

    unified: bytes
    raw: bytes
    digest: str


def content(record: Record) -> Content:
    """A record written as JSON.

    The digest depends neither on the order of keys nor on how a decimal is written (100.50, 100.5). Only a form that
    seems to have a decimal which could be written otherwise is written a second time, for the digest.
    """
    unified, raw = _unified.encode(record.unified), _raw.encode(record.raw)
    both = b"%b\n%b" % (unified, raw)
    # Looked for in both at once: most records have nothing of the kind.
    if _NO_NUMBER(both) or _INFINITE(both):
        unified, raw = unified_text(record.unified), _written(_raw, record.raw)
        both = b"%b\n%b" % (unified, raw)
    said = both
    if _NOUGHTS(both) or _EXPONENT(both):
        said = b"%b\n%b" % (_said(_unified, record.unified, unified), _said(_raw, record.raw, raw))
    digest = sha256(said).hexdigest()
    if b"\\u0000" in both:
        unified, raw = without_nul(unified), without_nul(raw)
    return Content(unified, raw, digest)


def unified_text(unified: dict[str, Any]) -> bytes:
    """A unified form as JSON, as it is stored."""
    return without_nul(_written(_unified, unified))


def content_hash(record: Record) -> str:
    """The digest of a single record."""
    return content(record).digest


def without_nul(text: bytes) -> bytes:
    """JSON for the database, which cannot hold the NUL character; no ledger means anything by it."""
    return _NUL.sub(rb"\1", text) if b"\\u0000" in text else text


def _written(encoder: msgspec.json.Encoder, form: Any) -> bytes:
    text = encoder.encode(form)
    # Decimals that are no numbers have no place in JSON. Most often these are words of a text.
    return encoder.encode(_each_decimal(form, _finite)) if _NO_NUMBER(text) or _INFINITE(text) else text


def _said(encoder: msgspec.json.Encoder, form: Any, text: bytes) -> bytes:
    """The form with each decimal in its one spelling."""
    return encoder.encode(_each_decimal(form, _plain)) if _NOUGHTS(text) or _EXPONENT(text) else text


def _each_decimal(value: Any, change: Callable[[Decimal], Any]) -> Any:
    """The same with other decimals."""
    if value.__class__ is dict:
        # Most of what a record holds are texts: no call for those.
        return {key: each if each.__class__ is str else _each_decimal(each, change) for key, each in value.items()}
    if value.__class__ is list:
        return [_each_decimal(each, change) for each in value]
    return change(value) if value.__class__ is Decimal else value


def _finite(value: Decimal) -> Decimal | None:
    return value if value.is_finite() else None


def _plain(value: Decimal) -> Decimal | None:
    if not value.is_finite():
        return None
    text = str(value)
    if "E" in text:
        return Decimal(f"{value.normalize():f}")
    return Decimal(text.rstrip("0").rstrip(".")) if text[-1] == "0" and "." in text else value
