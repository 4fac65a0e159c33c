"""Workers that die at any moment."""

from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """The worker is gone: no handler of errors runs, and its transaction is rolled back by the database."""


class Hangman:
    """Wraps the database's cursor: dies before the statement of that number that writes; 0 only counts them."""

    def __init__(self, dies_at: int = 0) -> None:
        self.dies_at, self.seen = dies_at, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        # Not at its beginning: the audit trail's context may stand before it.
        self.seen += any(word in sql for word in ('INSERT INTO "', 'UPDATE "', 'DELETE FROM "'))
        if self.dies_at and self.seen == self.dies_at:
            self.dies_at = 0  # What follows is the database's own rolling back.
            raise Killed
        return execute(sql, params, many, context)
