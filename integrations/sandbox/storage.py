"""Where committed state survives: SQLite in a data directory, or nowhere."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

Item = tuple[str, str, bytes | None]
"""(kind, id, value); None removes the item."""


class Storage(Protocol):
    """A durable map (scope, kind, id) → bytes; `save` is atomic."""

    def save(self, scope: str, items: Iterable[Item]) -> None: ...

    def load(self, scope: str) -> Iterator[tuple[str, str, bytes]]: ...

    def drop(self, scope: str) -> None: ...

    def clear(self) -> None: ...


class MemoryStorage:
    """Keeps nothing: the sandbox lives as long as its process."""

    def save(self, scope: str, items: Iterable[Item]) -> None:
        """Forget the items."""

    def load(self, scope: str) -> Iterator[tuple[str, str, bytes]]:
        """Nothing was kept."""
        return iter(())

    def drop(self, scope: str) -> None:
        """Nothing to forget."""

    def clear(self) -> None:
        """Nothing to forget."""


class SqliteStorage:
    """One SQLite file in write-ahead mode: a committed save survives kill -9 of the process."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(directory / "sandbox.sqlite3", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS items (scope TEXT, kind TEXT, id TEXT, value BLOB,"
            " PRIMARY KEY (scope, kind, id)) WITHOUT ROWID"
        )

    def save(self, scope: str, items: Iterable[Item]) -> None:
        """Write all items in one transaction."""
        rows = list(items)
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(scope, rows)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _write(self, scope: str, rows: list[Item]) -> None:
        kept = [(scope, kind, key, value) for kind, key, value in rows if value is not None]
        gone = [(scope, kind, key) for kind, key, value in rows if value is None]
        self._connection.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", kept)
        self._connection.executemany("DELETE FROM items WHERE scope = ? AND kind = ? AND id = ?", gone)

    def load(self, scope: str) -> Iterator[tuple[str, str, bytes]]:
        """Everything saved in this scope, in no particular order."""
        with self._lock:
            rows = self._connection.execute("SELECT kind, id, value FROM items WHERE scope = ?", (scope,)).fetchall()
        return iter(rows)

    def drop(self, scope: str) -> None:
        """Forget one scope."""
        with self._lock:
            self._connection.execute("DELETE FROM items WHERE scope = ?", (scope,))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._connection.execute("DELETE FROM items")
