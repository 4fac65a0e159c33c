"""One account's tables in memory, kept up to date record by record."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite.suiteql import functions
from integrations.sandbox.netsuite.suiteql.schema import TABLES, Columns, created

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
_STEPS = 20_000_000
"""Steps of SQLite's machine after which a query is given up."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows under their column names, and how many there are in all."""

    names: list[str]
    rows: list[tuple[Any, ...]]
    total: int


class Source(Protocol):
    """Where the rows come from."""

    def records(self) -> Iterable[Record]:
        """Every record, deleted ones among them."""

    def rows(self, record: Record) -> Rows:
        """The rows that a record has, by table."""

    def settings_rows(self) -> Rows:
        """Rows that belong to no record."""

    def extra_columns(self) -> Mapping[str, Columns]:
        """Columns and tables beside the schema's: custom fields."""

    def hidden_tables(self) -> Sequence[str]:
        """Tables of features that are off."""

    def fingerprint(self) -> object:
        """Changes when the tables must be made anew."""

    def display(self, column: str, value: Any) -> str | None:
        """The text that a reference shows."""


class Database:
    """Tables of one account; every query sees the books as they are at that moment."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.RLock()
        self._known: dict[str, Record] = {}
        self._print: object = None
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)

    def query(self, statement: str, parameters: Sequence[Any], *, offset: int, limit: int) -> Found:
        """A page of a rewritten SELECT's rows. Raises sqlite3.Error."""
        with self._lock:
            self._refresh()
            connection = self._connection
            connection.set_authorizer(_reads_only)
            connection.set_progress_handler(lambda: 1, _STEPS)
            try:
                return self._page(statement, tuple(parameters), offset, limit)
            finally:
                connection.set_authorizer(None)
                connection.set_progress_handler(None, 0)

    def _page(self, statement: str, parameters: tuple[Any, ...], offset: int, limit: int) -> Found:
        """The cursor is stepped only as far as the page goes; the rest is counted, which costs no columns."""
        cursor = self._connection.execute(statement, parameters)
        for _ in zip(range(offset), cursor, strict=False):
            pass
        rows = cursor.fetchmany(limit)
        names = [column[0] for column in cursor.description or ()]
        if len(rows) < limit and (rows or not offset):
            return Found(names, rows, offset + len(rows))
        counting = f"SELECT COUNT(*) FROM ({statement})"  # noqa: S608 - the authorizer lets it only read
        return Found(names, rows, self._connection.execute(counting, parameters).fetchone()[0])

    def columns(self, table: str) -> list[str]:
        """The columns of a table that queries may name; none for an unknown one."""
        with self._lock:
            found = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table.lower(),)).fetchall()
        return [name for (name,) in found if not name.endswith("__")]

    def _refresh(self) -> None:
        fingerprint = self._source.fingerprint()
        if fingerprint != self._print:
            self._build()
            self._print = fingerprint
        self._connection.execute("BEGIN")
        for record in list(self._source.records()):
            if self._known.get(record.key) is not record:
                self._replace(record.key, self._source.rows(record), is_known=record.key in self._known)
                self._known[record.key] = record
        self._connection.execute("COMMIT")

    def _build(self) -> None:
        self._connection.close()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        functions.install(self._connection)
        self._connection.create_function("NS_DF", 2, self._source.display)
        extra = self._source.extra_columns()
        self._tables = {name: (*TABLES.get(name, ()), *extra.get(name, ())) for name in (*TABLES, *extra)}
        for name in self._source.hidden_tables():
            del self._tables[name]
        for name, columns in self._tables.items():
            for statement in created(name, columns):
                self._connection.execute(statement)
        self._known.clear()
        self._replace("settings", self._source.settings_rows(), is_known=False)

    def _replace(self, key: str, rows: Rows, *, is_known: bool) -> None:
        if is_known:
            for table in self._tables:
                self._connection.execute(f'DELETE FROM "{table}" WHERE source__ = ?', (key,))  # noqa: S608 - our own names
        for table, found in rows.items():
            if table in self._tables and found:
                self._insert(table, key, found)

    def _insert(self, table: str, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        names = [name for name, _ in self._tables[table]]
        spelled = ", ".join(f'"{name}"' for name in [*names, "source__"])
        places = ", ".join("?" * (len(names) + 1))
        values = [[_plain(row.get(name)) for name in names] + [key] for row in rows]
        self._connection.executemany(f'INSERT INTO "{table}" ({spelled}) VALUES ({places})', values)  # noqa: S608 - our own names


def _plain(value: Any) -> Any:
    """A value that SQLite can hold: T and F for booleans, numbers for decimals."""
    if isinstance(value, bool):
        return "T" if value else "F"
    return value if value is None or isinstance(value, int | float | str) else float(value)


def _reads_only(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    """Only SELECT over tables, and functions: nothing else may a query do."""
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    is_catalog = bool(first) and str(first).lower().startswith(("sqlite_", "pragma_"))
    return sqlite3.SQLITE_OK if action in allowed and not is_catalog else sqlite3.SQLITE_DENY
