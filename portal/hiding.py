"""Remembers the content that was read for one answer, and knows it again in the text that leaves."""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlsplit

from portal.content import CHART, CONTENT, PLAIN_KEYS

_SHORTEST, _LONG = 3, 24
# Codes, days, instants and ids tell of nobody; single words in small letters are the portal's own.
_PLAIN = re.compile(
    r"[a-z_]+|[A-Z]{3}|\d{1,8}|\d{4}-\d\d-\d\d([T ][\d:.+Z-]*)?|[\da-fA-F]{8}(-[\da-fA-F]{4}){3}-[\da-fA-F]{12}"
)
_FIGURE = re.compile(r"-?\d+(\.\d+)?")
_TAGGED = re.compile(r">([^<>]+)<")


class Seen:
    """Words and amounts of one answer's rows; `tenants.content` tells it what is read."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.amounts: set[str] = set()

    def row(self, label: str, values: Mapping[str, Any]) -> None:
        """Keep what a row says in its content fields."""
        declared = CONTENT.get(label, frozenset())
        is_chart = label == "integrations.LedgerRecord" and values.get("resource") in CHART
        for name in (declared - _NEVER_IN_WORDS) & values.keys():
            if is_chart and name in ("name", "search", "unified", "raw"):
                self._amounts_of(values[name])
            else:
                self.value(_parsed(values[name]) if name in _TEXTS_OF_JSON else values[name])

    def figures(self, label: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep values asked for by name; what is no declared field of any model counts when it is an amount."""
        for row in rows:
            for name, value in row.items():
                if isinstance(value, Decimal) or _is_declared(label, name):
                    self.value(_parsed(value) if name in _TEXTS_OF_JSON else value)

    def value(self, value: Any) -> None:
        """Keep a text, an amount, or all that stands in a structure."""
        if isinstance(value, Mapping):
            for key, each in value.items():
                if key not in PLAIN_KEYS:
                    self.value(each)
        elif isinstance(value, list | tuple):
            for each in value:
                self.value(each)
        elif isinstance(value, str):
            self._text(value)
        elif isinstance(value, Decimal | float | int) and not isinstance(value, bool):
            self._amount(str(value))

    def _amounts_of(self, value: Any) -> None:
        if isinstance(value, Mapping):
            for each in value.values():
                self._amounts_of(each)
        elif isinstance(value, list):
            for each in value:
                self._amounts_of(each)
        elif isinstance(value, Decimal | float) or (isinstance(value, str) and _FIGURE.fullmatch(value)):
            self._amount(str(value))

    def _text(self, text: str) -> None:
        if _FIGURE.fullmatch(text):
            self._amount(text)
        for line in text.splitlines():
            if len(line.strip()) >= _SHORTEST and not _PLAIN.fullmatch(line.strip()):
                self.words.add(line.strip())

    def _amount(self, text: str) -> None:
        try:
            amount = abs(Decimal(text))
        except InvalidOperation:
            return
        if not amount.is_finite() or (amount == amount.to_integral_value() and amount < 1000):
            # Small round figures are counts as often as amounts; where they are amounts they have decimals or a code.
            return
        plain = f"{amount.normalize():f}"
        self.amounts |= {plain, f"{amount:,.2f}", f"{amount:.2f}", f"{amount:,.0f}", f"{amount:,.3f}", f"{amount:f}"}

    def pattern(self, text: str, more: Iterable[str] = ()) -> re.Pattern[str] | None:
        """What finds all of it in this text, the longest first; few of the words that were read are on a page."""
        folded = f"{html.unescape(text)} {unquote_plus(text)}".casefold()
        known = {*self.words, *(name for name in more if len(name) >= _SHORTEST)}
        words = [word for word in known if word[:_LONG].casefold() in folded]
        forms = dict.fromkeys(form for word in sorted(words, key=len, reverse=True) for form in _forms(word))
        amounts = sorted((each for each in self.amounts if each in text), key=len, reverse=True)
        found = [*forms, *(rf"(?<![\w.,]){re.escape(each)}(?![\w%]|[.,]\d)" for each in amounts)]
        return re.compile("|".join(found), re.IGNORECASE) if found else None


_TEXTS_OF_JSON = frozenset({"request_body", "response_body", "url"})
# These are shown as a structure or not at all: `tenants.content.form_of` empties it.
_NEVER_IN_WORDS = frozenset({"raw", "secret", "content", "search", "previous"})


def _is_declared(label: str, name: str) -> bool:
    """Whether a field of this model, or one reached over a relation, is content somewhere."""
    last = name.rpartition("__")[2]
    return last in CONTENT.get(label, ()) or ("__" in name and any(last in fields for fields in CONTENT.values()))


def _parsed(value: Any) -> Any:
    """What stands in a text that is JSON, XML or an address."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    if "<" in value:
        return [html.unescape(each) for each in _TAGGED.findall(value)]
    query = urlsplit(value).query
    return [*(each for _, each in parse_qsl(query)), *(pair.partition("=")[2] for pair in query.split("&"))]


def _forms(word: str) -> Iterator[str]:
    """How a text may stand in a page: as it is, escaped, in an address; long ones also cut off."""
    if len(word) > _LONG:
        start = word[:_LONG]
        yield from (rf"{re.escape(form)}[^<\"\n&]*" for form in dict.fromkeys((start, html.escape(start))))
        word = start
    for form in dict.fromkeys((word, html.escape(word), html.escape(word, quote=False), quote(word), quote_plus(word))):
        left = r"(?<!\w)" if form[:1].isalnum() else ""
        right = r"(?!\w)" if form[-1:].isalnum() else ""
        yield f"{left}{re.escape(form)}{right}"
