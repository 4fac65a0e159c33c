"""The ten traps that broke the pace of a sync when they were measured: a test holds each, here or where it is named.

The table says which. A test that is renamed or removed leaves its trap open, and this module says so.
"""

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import ModelAdmin

from integrations import tasks
from portal.celery import Bell
from tenants.admin import CappedPaginator, TenantScopedAdmin

TESTS = Path(__file__).resolve().parents[2]
_SERVICES = "integrations/services"

HELD_BY: dict[str, tuple[str, ...]] = {
    "1 one pool of sockets for all connections": (
        "integrations/engine/test_client.py::test_every_connection_has_sockets_of_its_own_as_many_as_its_calls_at_once",
    ),
    "2 a call counted from its start": (
        f"{_SERVICES}/test_limits.py::test_a_call_counts_from_its_answer_not_from_its_start",
        "integrations/engine/test_client.py::test_a_call_counts_from_its_answer_however_late_it_is_used",
    ),
    "3 DELETE in a temporary table": (
        f"{_SERVICES}/test_records.py::test_records_travel_by_copy_and_are_never_deleted_one_page_after_the_other",
        f"{_SERVICES}/test_records.py::test_a_commit_empties_the_temporary_table",
    ),
    "4 unnest of lists": (
        f"{_SERVICES}/test_records.py::test_records_travel_by_copy_and_are_never_deleted_one_page_after_the_other",
    ),
    "5 large parameter lists": (
        f"{_SERVICES}/test_records.py::test_a_thousand_records_take_as_many_statements_as_one",
    ),
    "6 a message to the broker while a webhook waits for its answer": (
        "integrations/test_webhooks.py::test_a_genuine_delivery_is_one_row_and_an_empty_answer_without_cookies",
        "integrations/test_webhooks.py::test_no_message_is_sent_while_a_ledger_waits_whoever_would_send_it",
        "integrations/engine/test_ten_traps.py::test_a_webhook_is_received_without_a_message_to_the_broker",
    ),
    "7 a broker that is believed": (
        "integrations/engine/test_ten_traps.py::test_the_broker_is_only_a_doorbell",
        f"{_SERVICES}/test_fairness.py::test_a_broker_that_is_away_fails_nobody_who_wrote_down_work",
        f"{_SERVICES}/test_tasks.py::test_one_sweep_sends_what_waits_and_syncs_what_is_due",
    ),
    "8 synchronous views under ASGI": (
        "integrations/test_webhooks.py::"
        "test_the_web_command_serves_wsgi_because_sync_views_under_asgi_cost_six_times_as_much",
    ),
    "9 an unbounded queue between ledger and database": (
        f"{_SERVICES}/test_bounded.py::test_pages_are_asked_for_no_faster_than_they_are_stored",
        "integrations/engine/test_ahead.py::test_what_waits_to_be_used_is_bounded_by_bytes",
    ),
    "10 lists that count and search everything": (
        "integrations/engine/test_ten_traps.py::test_no_list_of_a_tenants_rows_counts_them_all",
        f"{_SERVICES}/test_records.py::test_every_word_of_a_search_must_occur",
    ),
}


@pytest.mark.parametrize("trap", HELD_BY)
def test_every_trap_is_held_by_a_test(trap: str) -> None:
    for place in HELD_BY[trap]:
        path, _, name = place.partition("::")
        found = ast.walk(ast.parse((TESTS / path).read_text()))
        assert name in {node.name for node in found if isinstance(node, ast.FunctionDef)}, place


def test_a_webhook_is_received_without_a_message_to_the_broker() -> None:
    """0.7 ms at the median and up to twice the p99 were what a message cost."""
    module = ast.parse((TESTS.parent / "integrations" / "webhooks.py").read_text())
    called = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
    imported = {each.name for node in ast.walk(module) if isinstance(node, ast.ImportFrom) for each in node.names}
    assert not called & {"delay", "apply_async", "send_task"}
    assert "tasks" not in imported


def test_the_broker_is_only_a_doorbell() -> None:
    """A killed worker's message came back after 100 s, or an hour: rows are swept every two seconds instead."""
    app: Any = tasks.sweep.app
    sweep = app.conf.beat_schedule["integrations-sweep"]
    assert (sweep["task"], sweep["schedule"] <= 2) == ("integrations.tasks.sweep", True)
    assert sweep["options"]["expires"] <= sweep["schedule"], "sweeps never pile up behind a busy worker"
    assert app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_ignore_result, "what became of work stands in its row"
    own = [task for name, task in app.tasks.items() if name.startswith("integrations.")]
    assert len(own) > 10
    assert all(isinstance(task, Bell) and task.expires is None for task in own)
    # A message names a row and says nothing of its content.
    shapes = {tuple(inspect.signature(task.run).parameters)[:1] for task in own}
    assert shapes <= {("tenant_id",), ()}


def test_a_message_is_not_given_to_a_second_worker_while_the_first_may_still_be_at_it() -> None:
    if settings.CELERY_BROKER_URL.startswith(("redis", "valkey")):
        options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT
        assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 2


def _lists() -> list[type[ModelAdmin[Any]]]:
    return [type(each) for each in admin.site._registry.values() if isinstance(each, TenantScopedAdmin)]


def test_no_list_of_a_tenants_rows_counts_them_all() -> None:
    assert len(_lists()) > 10
    for each in _lists():
        assert not each.show_full_result_count, each
        assert issubclass(each.paginator, CappedPaginator), each
