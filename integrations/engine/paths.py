"""Paths into JSON such as `BillAddr.Line1` or `LinkedTxn.0.TxnId`, compiled once into functions."""

from collections.abc import Callable, Iterator
from typing import Any

Get = Callable[[Any], Any]
Put = Callable[[Any, Any], None]


def split(path: str) -> list[str | int]:
    """The steps of a path; a number is a position in a list (-1 its last), `*` whatever stands first, `.` the value."""
    if path in {"", "."}:
        return []
    return [int(step) if step.removeprefix("-").isdecimal() else step for step in path.split(".")]


def getter(path: str) -> Get:
    """A function from a JSON value to what lies at the path, None where any step is missing.

    `*` is any one step: the first through which the rest leads somewhere.
    """
    steps = split(path)
    if not steps:
        return lambda value: value
    if "*" in steps:
        found = every(path)
        return lambda value: next(found(value), None)
    if len(steps) == 1 and isinstance(steps[0], str):
        return _one(steps[0])
    if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
        return _two(steps[0], steps[1])
    return _many(steps)


def _one(key: str) -> Get:
    def get(value: Any) -> Any:
        return value.get(key) if value.__class__ is dict else None

    return get


def _two(outer: str, inner: str) -> Get:
    def get(value: Any) -> Any:
        if value.__class__ is not dict:
            return None
        middle = value.get(outer)
        return middle.get(inner) if middle.__class__ is dict else None

    return get


def _many(steps: list[str | int]) -> Get:
    def get(value: Any) -> Any:
        for step in steps:
            if isinstance(step, str):
                value = value.get(step) if isinstance(value, dict) else None
            else:
                value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
            if value is None:
                return None
        return value

    return get


def every(path: str) -> Callable[[Any], Iterator[Any]]:
    """A function to everything that lies at a path in which `*` stands for each item of a list or object."""
    before, star, after = path.partition("*")
    get = getter(before.rstrip("."))
    if not star:
        return lambda value: iter([] if (found := get(value)) is None else [found])
    inner = every(after.lstrip("."))

    def walk(value: Any) -> Iterator[Any]:
        found = get(value)
        items = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
        for item in items:
            yield from inner(item)

    return walk


def putter(path: str) -> Put:
    """A function that puts a value at the path of a JSON object, making what is missing on the way.

    At `.` the value must be an object and is merged; `*` is every item of a list that is there.
    """
    steps = split(path)
    if "*" in steps:
        return _put_every(path)
    if not steps:
        return merge
    if len(steps) == 1 and isinstance(steps[0], str):
        return _put_one(steps[0])
    if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
        return _put_two(steps[0], steps[1])

    def put(target: Any, value: Any) -> None:
        for step, following in zip(steps, steps[1:], strict=False):
            target = _enter(target, step, [] if isinstance(following, int) else {})
        last = steps[-1]
        if isinstance(last, str):
            present = target.get(last)
            if isinstance(present, dict) and isinstance(value, dict):
                merge(present, value)
            else:
                target[last] = value
        else:
            _enter(target, last, None)
            target[last] = value

    return put


def _put_every(path: str) -> Put:
    before, _, after = path.partition("*")
    get, put_inner = getter(before.rstrip(".")), putter(after.lstrip("."))

    def put(target: Any, value: Any) -> None:
        for item in get(target) or []:
            put_inner(item, value)

    return put


def _put_one(key: str) -> Put:
    def put(target: Any, value: Any) -> None:
        present = target.get(key)
        if present.__class__ is dict and value.__class__ is dict:
            merge(present, value)
        else:
            target[key] = value

    return put


def _put_two(outer: str, inner: str) -> Put:
    put_inner = _put_one(inner)

    def put(target: Any, value: Any) -> None:
        middle = target.get(outer)
        if middle is None:
            target[outer] = {inner: value}
        else:
            put_inner(middle, value)

    return put


def _enter(target: Any, step: str | int, empty: Any) -> Any:
    if isinstance(step, str):
        return target.setdefault(step, empty)
    while len(target) <= step:
        target.append(type(empty)() if empty is not None else None)
    return target[step]


def merge(target: dict[str, Any], value: dict[str, Any]) -> None:
    """Lay `value` over `target`, object by object; lists and scalars are replaced."""
    for key, inner in value.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(inner, dict):
            merge(present, inner)
        else:
            target[key] = inner
