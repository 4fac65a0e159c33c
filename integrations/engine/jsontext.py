"""JSON without floats: numbers are read as int or Decimal and written digit for digit."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import orjson

_quick = msgspec.json.Decoder(float_hook=Decimal)
_patient = json.JSONDecoder(parse_float=Decimal)

_COMPACT = orjson.OPT_PASSTHROUGH_DATETIME
_OPTIONS = {False: _COMPACT, True: _COMPACT | orjson.OPT_INDENT_2}


def loads(data: bytes | str) -> Any:
    """Python values of a JSON text; fractions are Decimal, exactly as written. Raises ValueError."""
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    try:
        return _quick.decode(text)
    except msgspec.DecodeError:
        # What strict JSON does not know (NaN, half a character) holds up no page; what is broken is told with place.
        return _patient.decode(text)


def dumps(value: Any, *, is_indented: bool = False) -> bytes:
    """UTF-8 JSON; Decimal becomes a JSON number with the same digits, a date ISO text. Raises TypeError."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS[is_indented])


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value} is no amount")
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int):
        # Integers beyond 64 bits: ids of some ledgers.
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")
