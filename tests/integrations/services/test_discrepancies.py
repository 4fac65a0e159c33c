"""Differences as rows: found again they are the same row, gone they close, decided they stay decided."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection, Discrepancy
from integrations.services.discrepancies import Finding, report, report_all, resolve_gone
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

Status = Discrepancy.Status


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return make_connection(in_acme.tenant)


def tax(connection: Connection, theirs: str = "19.00", **changes: Any) -> Discrepancy:
    differences = [{"field": "tax_total", "label": "Tax", "ours": Decimal("20.00"), "theirs": theirs}]
    values = {"kind": "tax", "key": "tax:1", "resource": "invoices", "differences": differences, "proposal": {}}
    return report(connection=connection, **{**values, **changes})


def test_a_difference_found_again_is_the_same_row_and_says_what_it_says_now(connection: Connection) -> None:
    first = tax(connection)
    again = tax(connection, theirs="18.00")
    assert again.pk == first.pk
    row = Discrepancy.objects.get()
    assert (row.differences[0]["theirs"], row.found_at, row.seen_at > first.seen_at) == ("18.00", first.found_at, True)


def test_a_difference_that_is_gone_closes_and_comes_back_as_another_row(connection: Connection) -> None:
    first = tax(connection)
    assert resolve_gone(connection=connection, keys=["tax:1", "tax:2"]) == 1
    first.refresh_from_db()
    assert (first.status, first.decided_at is not None, first.decided_by) == (Status.RESOLVED, True, None)
    assert tax(connection).pk != first.pk


@pytest.mark.parametrize("decided", [Status.IGNORED, Status.ACCEPTED])
def test_what_was_decided_stays_decided_while_it_says_the_same(connection: Connection, decided: str) -> None:
    first = tax(connection)
    Discrepancy.objects.filter(pk=first.pk).update(status=decided)
    assert tax(connection).pk == first.pk
    assert Discrepancy.objects.open().count() == 0
    assert tax(connection, theirs="17.00").status == Status.OPEN


def test_what_was_sent_again_and_differs_still_is_found_again(connection: Connection) -> None:
    Discrepancy.objects.filter(pk=tax(connection).pk).update(status=Status.REPUSHED)
    assert tax(connection).status == Status.OPEN


def test_many_are_written_in_as_many_queries_as_few(connection: Connection) -> None:
    def queries(count: int, name: str) -> int:
        findings = [Finding("drift", f"{name}:{n}", "invoices", differences=[{"field": "memo"}]) for n in range(count)]
        report_all(connection=connection, findings=findings[::2])
        with CaptureQueriesContext(
            database,
        ) as captured:
            rows = report_all(connection=connection, findings=findings)
        assert [row.key for row in rows] == [finding.key for finding in findings]
        return len(captured)

    assert queries(200, "many") == queries(4, "few")
