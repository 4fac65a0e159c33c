"""JSON as the ledgers write it: exact decimals in, exact decimals out."""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

Body = dict[str, Any]


class MalformedJsonError(ValueError):
    """The bytes received are not JSON, or hold a number JSON does not know (NaN, Infinity)."""


def _refuse_constant(name: str) -> Any:
    raise MalformedJsonError(f"{name} is not a JSON number")


def parse(data: bytes | str) -> Any:
    """Read JSON; fractions become Decimal, whole numbers int. Raises MalformedJsonError."""
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MalformedJsonError(str(error)) from error


def number(value: Decimal) -> str:
    """Decimal as a plain JSON number: 100.00 becomes 100, 12.50 becomes 12.5, never an exponent."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@lru_cache(maxsize=20_000)
def _fragment(value: Decimal) -> orjson.Fragment:
    """Amounts recur; equal ones are written alike, whatever zeros they end with."""
    return orjson.Fragment(number(value).encode())


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _fragment(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dump(value: Any) -> bytes:
    """Write JSON; Decimal becomes an exact JSON number."""
    return orjson.dumps(value, default=_encode)
