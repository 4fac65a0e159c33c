"""A long statement of the database, and work of this process while the database is at it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection as database


def execute(statement: str, values: Mapping[str, Any], work: Callable[[], object]) -> int:
    """Run the statement in the open transaction, and `work` beside it; rows touched, once both are over.

    `work` must not use the database: the session is the statement's. The statement goes past what Django lays around
    statements, so the history's context must have come with one before it in the same transaction. What either raises
    is raised when both are over, the statement's first.
    """
    with database.wrap_database_errors, database.cursor() as cursor, ThreadPoolExecutor(1) as beside:
        # A thread that does nothing but wait: the processor stays with the work.
        done = beside.submit(cursor.cursor.execute, statement, values)
        try:
            work()
        finally:
            done.result()
        return int(cursor.rowcount)
