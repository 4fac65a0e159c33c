"""What is being read while an answer is made for somebody who may not see content: told to whoever hides it.

Nothing is changed here: rows keep their values, so that nothing hidden can be computed with or stored. Outside of such
an answer nobody watches, and nothing is told.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

HIDDEN = "•••"


class Watch(Protocol):
    """Whoever is told what was read."""

    def row(self, label: str, values: Mapping[str, Any]) -> None:
        """One row of a model, such as `integrations.LedgerRecord`, by its fields."""

    def figures(self, label: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Values that were asked for without their rows: field or expression → value."""


_watch: ContextVar[Watch | None] = ContextVar("content_watch", default=None)


def watched() -> Watch | None:
    """Who is told, while an answer is made that must not show content."""
    return _watch.get()


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Tell everything that is read inside."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


_FORM = frozenset({"type", "remote_type", "status", "currency", "kind", "resource", "code", "tax_mode", "operation"})
_IN_TAGS = re.compile(r">[^<>]+<|=\"[^\"]*\"")


def form_of(value: Any) -> Any:
    """A structure without its substance: keys stay, and the few values that tell of form."""
    if isinstance(value, Mapping):
        return {key: _kept(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [form_of(each) for each in value]
    if isinstance(value, str) and value.lstrip().startswith("<"):
        return _IN_TAGS.sub(lambda found: f">{HIDDEN}<" if found[0][0] == ">" else f'="{HIDDEN}"', value)
    return value if value is None or isinstance(value, bool) else HIDDEN


def _kept(key: str, value: Any) -> Any:
    is_form = key in _FORM and isinstance(value, str) and value.isascii() and " " not in value
    return value if is_form else form_of(value)
