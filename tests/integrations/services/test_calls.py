"""What a page shows of calls and limits, and that their number stays bounded."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.engine.client import Exchange
from integrations.models import ApiCall, Connection, LedgerRecord, SyncRun
from integrations.services.calls import Recorder, trim
from integrations.services.ledgers import record_url
from integrations.services.limits import headroom
from integrations.services.sync import time_left
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return make_connection(in_acme.tenant)


def exchange(**changes: Any) -> Exchange:
    values = {
        "method": "GET",
        "url": "https://ledger.test/v3/company/1/query",
        "request_headers": {"Authorization": "[hidden]"},
        "request_body": "",
        "status": 200,
        "response_headers": {},
        "response_body": '{"note": "a\x00b"}',
        "started_at": datetime.now(UTC),
        "seconds": 0.1,
        "bytes_received": 10,
        "correlation_id": "tid-1",
        **changes,
    }
    return Exchange(**values)


def test_calls_are_kept_and_counted_until_told(connection: Connection) -> None:
    recorder = Recorder(connection)
    recorder.record(exchange())
    recorder.record(exchange(status=429, error_code="rate_limited"))
    assert recorder.take_counts() == (2, 1)
    assert recorder.take_counts() == (0, 0)
    assert ApiCall.objects.filter(error_code="rate_limited", correlation_id="tid-1").count() == 1


def test_calls_of_work_that_writes_anyway_go_in_with_it_and_none_is_forgotten_at_its_end(
    connection: Connection,
) -> None:
    recorder = Recorder(connection, waits=True)
    recorder.record(exchange())
    assert ApiCall.objects.count() == 0
    recorder.write()
    assert ApiCall.objects.count() == 1
    recorder.record(exchange(status=500, error_code="ledger_error"))
    with closing(recorder):
        pass
    assert ApiCall.objects.filter(error_code="ledger_error").count() == 1
    for _ in range(200):
        recorder.record(exchange())
    assert ApiCall.objects.count() > 100, "what waits is bounded"


def test_only_the_newest_calls_of_a_connection_are_kept(connection: Connection, settings: Any) -> None:
    settings.API_CALLS_KEPT = 3
    recorder = Recorder(connection)
    for number in range(5):
        recorder.record(exchange(correlation_id=str(number)))
    assert trim(connection) <= 2  # recording trims now and then by itself, so some may have gone before
    assert set(ApiCall.objects.values_list("correlation_id", flat=True)) == {"2", "3", "4"}


def test_a_page_can_show_how_full_the_limits_are(connection: Connection) -> None:
    shown = {each.limit: (each.used, each.most) for each in headroom(connection)}
    assert shown["calls in a minute"] == (0, 500)
    assert shown["at once"] == (0, 10)


def test_a_record_links_to_the_ledgers_own_page(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_SANDBOX_URL", raising=False)
    record = LedgerRecord(connection=connection, resource="invoices", remote_type="Invoice", external_id="145")
    assert record_url(record).startswith("https://app.qbo.intuit.com/")
    assert "145" in record_url(record)


def test_what_the_limits_allow_tells_how_long_the_pages_left_take(connection: Connection) -> None:
    # 250 pages at 450 of 500 a minute fit one window; 1,000 need two more.
    def left(pages: int) -> float:
        state = {"is_done": False, "records": 500, "total": 1000, "pages": 5, "left": pages}
        run = SyncRun(connection=connection, status="running", started_at=timezone.now(), progress={"invoices": state})
        found = time_left(run)
        assert found is not None
        return found.total_seconds()

    assert left(250) < 60
    assert 120 <= left(1000) < 240


def test_a_running_sync_tells_how_long_it_may_take(connection: Connection) -> None:
    done, half = {"is_done": True}, {"is_done": False, "records": 500, "total": 1000}
    began = timezone.now() - timedelta(seconds=30)
    run = SyncRun(status="running", started_at=began, progress={"accounts": done, "invoices": half})
    left = time_left(run)
    assert left is not None
    assert 8 <= left.total_seconds() <= 12
    assert time_left(SyncRun(status="queued")) is None
