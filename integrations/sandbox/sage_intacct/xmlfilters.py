"""Conditions of the gateway: the filter elements of `query`, and the SQL-like text of `readByQuery`."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from integrations.sandbox.sage_intacct import xmlvalues
from integrations.sandbox.sage_intacct.envelopes import text
from integrations.sandbox.sage_intacct.filters import OPERATORS
from integrations.sandbox.sage_intacct.xmlnames import Field
from integrations.sandbox.sage_intacct.xmlrows import Table, failed

Test = Callable[[Any], bool]
_COMPARISONS = {"equalto": "$eq", "notequalto": "$ne", "lessthan": "$lt", "lessthanorequalto": "$lte",
                "greaterthan": "$gt", "greaterthanorequalto": "$gte"}  # fmt: skip
_SIGNS = {"=": "equalto", "!=": "notequalto", "<>": "notequalto", "<": "lessthan", "<=": "lessthanorequalto",
          ">": "greaterthan", ">=": "greaterthanorequalto"}  # fmt: skip


def everything(row: Any) -> bool:
    """No condition."""
    return True


def condition(table: Table, operator: str, name: str, values: list[str], *, fold: bool = False) -> Test:
    """One comparison. Raises SageError for unknown operators and fields, and for values of a wrong form."""
    field = table.field(name)
    if operator in ("isnull", "isnotnull"):
        return lambda row: (table.value(row, field) in (None, "")) == (operator == "isnull")
    if operator in ("like", "notlike"):
        return _like(table, field, values[0], fold=fold, is_wanted=operator == "like")
    known = field or Field(name, "")
    # What a date or amount is compared with has its form; a text in another case is found only when one asks for that.
    wanted = [xmlvalues.wanted(known, each) for each in values]
    if operator in _COMPARISONS and len(wanted) == 1:
        check = OPERATORS[_COMPARISONS[operator]]
        return lambda row: check(_plain(table.value(row, field)), wanted[0], fold)
    if operator in ("in", "notin"):
        check = OPERATORS["$eq"]
        return lambda row: (
            (operator == "in")
            == any(check(value, each, fold) for value in [_plain(table.value(row, field))] for each in wanted)
        )
    if operator == "between" and len(wanted) == 2:
        check = OPERATORS["$between"]
        return lambda row: check(_plain(table.value(row, field)), wanted, fold)
    raise failed(f"The filter operator {operator} is not valid with {len(values)} values.")


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _like(table: Table, field: Field | None, pattern: str, *, fold: bool, is_wanted: bool) -> Test:
    """% stands for any text, _ for one sign."""
    parts = {"%": ".*", "_": "."}
    spelled = "".join(parts.get(sign, re.escape(sign)) for sign in pattern)
    match = re.compile(spelled, re.DOTALL | (re.IGNORECASE if fold else 0)).fullmatch
    return lambda row: bool(match(table.text(row, field))) == is_wanted


# Elements


def of_elements(table: Table, block: Element | None, *, fold: bool) -> Test:
    """The `filter` of a query; several conditions side by side must all hold. Raises SageError."""
    return everything if block is None else _all([_element(table, each, fold) for each in block])


def owners(table: Table, block: Element | None) -> frozenset[str] | None:
    """The record numbers of the only owners whose lines can pass; None where the filter does not say."""
    inner = block.find("and") if block is not None and block.find("and") is not None else block
    for each in inner if inner is not None and table.shape.is_line else ():
        field = table.fields.get(text(each, "field").upper())
        if each.tag in ("equalto", "in") and field and field.path == f"{table.shape.obj.owner}.key":
            return frozenset((value.text or "").strip() for value in each.iter("value"))
    return None


def _element(table: Table, element: Element, fold: bool) -> Test:
    inner = [_element(table, each, fold) for each in element] if element.tag in ("and", "or") else []
    if element.tag == "and":
        return _all(inner)
    if element.tag == "or":
        return _any(inner)
    values = [(each.text or "").strip() for each in element if each.tag == "value"]
    name = text(element, "field")
    if not name or (not values and element.tag not in ("isnull", "isnotnull")):
        raise failed(f"The filter {element.tag} needs a field and a value.")
    return condition(table, element.tag, name, values, fold=fold)


def _all(tests: list[Test]) -> Test:
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)


# Text

_TOKEN = re.compile(r"\s*(?:'((?:[^'\\]|\\.|'')*)'|(<=|>=|<>|!=|[=<>(),])|([^\s'=<>!(),]+))")
_WORD, _SIGN, _QUOTED = "word", "sign", "quoted"


def of_text(table: Table, query: str) -> Test:
    """STATUS = 'active' AND WHENMODIFIED > '01/01/2026 00:00:00'. Raises SageError."""
    return _Reader(table, query).test if query.strip() else everything


class _Reader:
    """By descent; `and` binds closer than `or`."""

    def __init__(self, table: Table, query: str) -> None:
        self._table = table
        self._query = query
        self._tokens = self._split()
        self._next = next(self._tokens, ("", ""))
        self.test = self._either()
        if self._next != ("", ""):
            raise self._wrong()

    def _wrong(self) -> Exception:
        return failed(f"The query '{self._query}' is not valid near '{self._next[1]}'.")

    def _split(self) -> Iterator[tuple[str, str]]:
        place = 0
        while self._query[place:].strip():
            match = _TOKEN.match(self._query, place)
            if match is None:
                raise failed(f"The query '{self._query}' is not valid.")
            place = match.end()
            if match[1] is not None:
                yield _QUOTED, re.sub(r"\\(.)", r"\1", match[1]).replace("''", "'")
            else:
                yield (_SIGN, match[2]) if match[2] else (_WORD, match[3])

    def _take(self) -> tuple[str, str]:
        token, self._next = self._next, next(self._tokens, ("", ""))
        return token

    def _is(self, word: str) -> bool:
        return self._next[0] == _WORD and self._next[1].casefold() == word

    def _either(self) -> Test:
        found = [self._both()]
        while self._is("or"):
            self._take()
            found.append(self._both())
        return _any(found)

    def _both(self) -> Test:
        found = [self._single()]
        while self._is("and"):
            self._take()
            found.append(self._single())
        return _all(found)

    def _single(self) -> Test:
        if self._next == (_SIGN, "("):
            self._take()
            inner = self._either()
            self._expect(")")
            return inner
        kind, name = self._take()
        if kind != _WORD:
            raise self._wrong()
        if self._next[0] == _SIGN and self._next[1] in _SIGNS:
            return condition(self._table, _SIGNS[self._take()[1]], name, [self._value()])
        return self._worded(name)

    def _worded(self, name: str) -> Test:
        """like, not like, in (…), not in (…), is null, is not null."""
        if self._is("is"):
            self._take()
            is_not = self._skip("not")
            if not self._skip("null"):
                raise self._wrong()
            return condition(self._table, "isnotnull" if is_not else "isnull", name, [])
        before = "not" if self._skip("not") else ""
        if self._skip("like"):
            return condition(self._table, f"{before}like", name, [self._value()])
        if self._skip("in"):
            return condition(self._table, f"{before}in", name, self._list())
        raise self._wrong()

    def _skip(self, word: str) -> bool:
        found = self._is(word)
        if found:
            self._take()
        return found

    def _expect(self, sign: str) -> None:
        if self._next != (_SIGN, sign):
            raise self._wrong()
        self._take()

    def _value(self) -> str:
        if self._next[0] not in (_QUOTED, _WORD):
            raise self._wrong()
        return self._take()[1]

    def _list(self) -> list[str]:
        self._expect("(")
        found = [self._value()]
        while self._next == (_SIGN, ","):
            self._take()
            found.append(self._value())
        self._expect(")")
        return found
