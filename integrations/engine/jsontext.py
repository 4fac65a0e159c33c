"""JSON without floats: numbers are read as int or Decimal and written digit for digit."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, overload

import msgspec
import orjson

_quick = msgspec.json.Decoder(float_hook=Decimal)
_patient = json.JSONDecoder(parse_float=Decimal)
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_rows = msgspec.json.Decoder(list[msgspec.Raw])

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


class Rows(Sequence[Any]):
    """The members of a JSON list, each parsed when it is looked at, every time: a page is never whole in memory.

    They are known to be sound JSON. Small objects that go as they came are made in memory that is at hand.
    """

    def __init__(self, texts: list[msgspec.Raw]) -> None:
        self._texts = texts

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [_quick.decode(text) for text in self._texts[place]]
        return _quick.decode(self._texts[place])

    def __iter__(self) -> Iterator[Any]:
        return map(_quick.decode, self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def loads_rows(text: str, path: Sequence[str]) -> Any:
    """Like `loads`, with the list at a path of names, where there is one, as `Rows`. Raises ValueError."""
    try:
        return _with_rows(text, path)
    except msgspec.DecodeError:
        return loads(text)


def _with_rows(text: str | msgspec.Raw, path: Sequence[str]) -> Any:
    if not path:
        return Rows(_rows.decode(text))
    name, rest = path[0], path[1:]
    found = _parts.decode(text)
    return {key: _with_rows(part, rest) if key == name else _quick.decode(part) for key, part in found.items()}


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
