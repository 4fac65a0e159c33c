"""The query language: SELECT … FROM … WHERE … ORDERBY … STARTPOSITION … MAXRESULTS."""

import re
from dataclasses import dataclass, field

from integrations.sandbox.quickbooks import errors

PAGE = 100
LARGEST_PAGE = 1000
_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|(<=|>=|!=|<>|[=<>(),*])|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?))")
_ENDS = {"where", "orderby", "order", "startposition", "maxresults"}


@dataclass(frozen=True)
class Condition:
    """property operator value(s); `operator` is =, <, >, <=, >=, like or in."""

    property: str
    operator: str
    values: tuple[str, ...]


@dataclass
class Query:
    """A query understood."""

    entity: str
    is_count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    size: int = PAGE


def tokens(text: str) -> list[str]:
    """The words of a query; literals keep their quotes. Raises 4000."""
    found, position = [], 0
    text = text.strip().rstrip(";").rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise errors.query_parser(
                f'Lexical error at position {position}.  Encountered: "{text[position : position + 10]}"'
            )
        found.append(next(group for group in match.groups() if group is not None))
        position = match.end()
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self._words = tokens(text)
        self._at = 0

    def peek(self) -> str:
        return self._words[self._at].lower() if self._at < len(self._words) else ""

    def take(self) -> str:
        if self._at >= len(self._words):
            raise errors.query_parser('Encountered "<EOF>"')
        self._at += 1
        return self._words[self._at - 1]

    def expect(self, word: str) -> None:
        found = self.take()
        if found.lower() != word:
            raise errors.query_parser(f'Encountered " "{found}" was expecting one of: "{word}"')

    def accept(self, word: str) -> bool:
        if self.peek() == word:
            self._at += 1
            return True
        return False


def parse(text: str) -> Query:
    """Read a query. Raises 4000 when it cannot be read, 4001 for impossible pages."""
    reader = _Reader(text)
    reader.expect("select")
    is_count = _projection(reader)
    reader.expect("from")
    query = Query(reader.take(), is_count)
    while reader.peek():
        word = reader.take().lower()
        match word:
            case "where":
                query.conditions = _conditions(reader)
            case "orderby":
                query.order = _order(reader)
            case "order":
                reader.expect("by")
                query.order = _order(reader)
            case "startposition":
                query.start = _whole(reader, 1, None)
            case "maxresults":
                query.size = _whole(reader, 0, LARGEST_PAGE)
            case _:
                raise errors.query_parser(f'Encountered " <{word}> "{word} "" at line 1')
    return query


def _projection(reader: _Reader) -> bool:
    if reader.accept("count"):
        for word in ("(", "*", ")"):
            reader.expect(word)
        return True
    while True:
        name = reader.take()
        if name.lower() == "from" or name in (",", "("):
            raise errors.query_parser(f'Encountered " "{name}" at the projection')
        if name.lower() == "line" or name.lower().startswith("line."):
            raise errors.query_validation(f"Property {name} can not be projected")
        if not reader.accept(","):
            return False


def _conditions(reader: _Reader) -> list[Condition]:
    found = [_condition(reader)]
    while reader.accept("and"):
        found.append(_condition(reader))
    if reader.peek() and reader.peek() not in _ENDS:
        raise errors.query_parser(f'Encountered " "{reader.peek()}" after the WHERE clause')
    return found


def _condition(reader: _Reader) -> Condition:
    name = reader.take()
    operator = reader.take().lower()
    if operator == "in":
        reader.expect("(")
        values = [_value(reader)]
        while reader.accept(","):
            values.append(_value(reader))
        reader.expect(")")
        return Condition(name, "in", tuple(values))
    if operator not in ("=", "<", ">", "<=", ">=", "like"):
        raise errors.query_parser(f'Encountered " "{operator}" was expecting an operator')
    return Condition(name, operator, (_value(reader),))


def _value(reader: _Reader) -> str:
    word = reader.take()
    if word.startswith("'"):
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    if word.lower() in ("true", "false"):
        return word.lower()
    raise errors.query_parser(f'Encountered " "{word}" was expecting a quoted value')


def _order(reader: _Reader) -> list[tuple[str, bool]]:
    found = []
    while True:
        name = reader.take()
        descending = reader.accept("desc")
        if not descending:
            reader.accept("asc")
        found.append((name, descending))
        if not reader.accept(","):
            return found


def _whole(reader: _Reader, smallest: int, largest: int | None) -> int:
    word = reader.take()
    if not re.fullmatch(r"-?\d+", word):
        raise errors.query_parser(f'Encountered " "{word}" was expecting a number')
    value = int(word)
    if value < smallest:
        raise errors.query_validation(f"value {value} is too small. Min allowed value is {smallest}")
    if largest is not None and value > largest:
        raise errors.query_validation(f"value {value} is too large. Max allowed value is {largest}")
    return value
