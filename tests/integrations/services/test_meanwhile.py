"""A statement of the database with work beside it: both are over afterwards, whatever either raises."""

import time
from collections.abc import Callable

import pytest
from django.db import DataError, transaction
from django.db import connection as database

from integrations.services.meanwhile import execute

pytestmark = pytest.mark.django_db

_SLEEP = "SELECT pg_sleep(%(seconds)s)"


def fail(error: Exception) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


def value(statement: str) -> object:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_the_work_is_done_while_the_database_is_at_the_statement() -> None:
    ended: list[float] = []
    began = time.monotonic()
    assert execute(_SLEEP, {"seconds": 0.5}, lambda: ended.append(time.monotonic() - began)) == 1
    assert ended[0] < 0.4 < time.monotonic() - began


def test_the_statement_belongs_to_the_open_transaction() -> None:
    with transaction.atomic():
        execute("SELECT set_config('portal.tenant', %(tenant)s, true)", {"tenant": "x"}, lambda: None)
        assert value("SELECT current_setting('portal.tenant')") == "x"


def test_what_the_work_raises_is_raised_when_the_statement_is_over() -> None:
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        execute(_SLEEP, {"seconds": 0.2}, fail(ZeroDivisionError()))
    assert time.monotonic() - began >= 0.2
    assert value("SELECT 1") == 1


def test_what_the_database_raises_is_djangos_error_and_comes_before_the_works() -> None:
    for work in (lambda: None, fail(ZeroDivisionError())):
        with pytest.raises(DataError, match="division by zero"), transaction.atomic():
            execute("SELECT 1 / %(by)s", {"by": 0}, work)
