"""The sandbox as a process: it stands alone, survives being killed, and is started by the management command."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from integrations.sandbox.app import SandboxApp
from integrations.sandbox.books.store import Record, Store
from integrations.sandbox.clock import Clock, pacific
from integrations.sandbox.storage import MemoryStorage, SqliteStorage
from tests.sandbox.driver import Books, connect, control, new_world, paid, sale

ROOT = Path(__file__).resolve().parents[2]


def test_the_sandbox_imports_nothing_from_the_rest_of_the_project() -> None:
    code = (
        "import sys, pkgutil, importlib, integrations.sandbox as s\n"
        "for m in pkgutil.walk_packages(s.__path__, 'integrations.sandbox.'):\n"
        "    m.name.endswith('__main__') or importlib.import_module(m.name)\n"
        "own = {'tenants', 'mappings', 'reconciliation', 'portal', 'django', 'celery', 'httpx'}\n"
        "bad = [n for n in sys.modules if n.split('.')[0] in own or (n.startswith('integrations.') and "
        "not n.startswith('integrations.sandbox'))]\n"
        "print(bad)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@contextmanager
def _running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        try:
            assert process.stdout is not None
            match = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert match
            yield process, int(match[1])
        finally:
            process.kill()


def _call(port: int, method: str, path: str, body: Any = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    with _running("--data-dir", str(tmp_path)) as (process, port):
        made = _call(port, "POST", "/_control/organisations", {"ledger": "quickbooks", "seed": 3, "invoices": 12})
        done = _call(port, "POST", f"/_control/organisations/{made['id']}/changes",
                     {"action": "create", "resource": "customers", "name": "Last words"})  # fmt: skip
        before = _call(port, "GET", f"/_control/organisations/{made['id']}/trial_balance")
        process.send_signal(signal.SIGKILL)
        process.wait()
    with _running("--data-dir", str(tmp_path)) as (_, port):
        assert _call(port, "GET", f"/_control/organisations/{made['id']}/trial_balance") == before
        rows = _call(port, "GET", f"/_control/organisations/{made['id']}/documents?resource=customers")["documents"]
        assert done["id"] in [row["Id"] for row in rows]


def test_a_terminated_sandbox_ends_quietly() -> None:
    with _running() as (process, _):
        process.terminate()
        assert process.wait(5) == 0


def test_a_taken_port_is_said_in_a_sentence() -> None:
    with _running() as (_, port):
        command = [sys.executable, "-m", "integrations.sandbox", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Choose another port with --port" in done.stderr


def _reopened(directory: Path) -> Client:
    return Client(SandboxApp(new_world(SqliteStorage(directory))))


def test_tokens_request_ids_numbers_and_files_survive_a_restart(tmp_path: Path) -> None:
    books = connect(_reopened(tmp_path), invoices=5, payments=3)
    invoice = books.create("Invoice", sale(10, code="NON"), requestid="r-1")
    books.create("Payment", paid(invoice, 4))
    control(books.client, "/_control/webhooks", {"ledger": "quickbooks", "url": "http://127.0.0.1:9/", "key": "k"})
    again = Books(_reopened(tmp_path), books.id, books.realm, books.token, books.refresh_token)
    assert again.read("Invoice", invoice["Id"])["Balance"] == 6
    assert again.post("invoice", sale(99), requestid="r-1")["Invoice"]["Id"] == invoice["Id"]
    assert int(again.create("Invoice", sale(1))["Id"]) > int(invoice["Id"]) + 1
    assert again.read("Customer", "1")["MetaData"] == books.read("Customer", "1")["MetaData"]
    assert "quickbooks" in control(again.client, "/_control/webhooks")["targets"]
    assert again.difference() == 0


def _fail(store: Store, *records: Record) -> None:
    with store.transaction():
        for record in records:
            store.put(record)
        raise ZeroDivisionError


def test_a_failed_transaction_leaves_no_trace(tmp_path: Path) -> None:
    store = Store("s", SqliteStorage(tmp_path), lambda record: [("name", str(record.body["n"]))])
    with store.transaction():
        store.put(Record("T", "1", {"n": "one"}, 0, 0))
    with pytest.raises(ZeroDivisionError):
        _fail(store, Record("T", "1", {"n": "two"}, 0, 0), Record("T", "2", {"n": "three"}, 0, 0))
    reread = Store("s", SqliteStorage(tmp_path), lambda record: [("name", str(record.body["n"]))])
    reread.load()
    for each in (store, reread):
        assert [record.body["n"] for record in each.live("T")] == ["one"]
        assert (each.find("name", "one"), each.find("name", "three")) == (["T:1"], [])


def test_an_inner_failure_undoes_only_the_inner_part() -> None:
    store = Store("s", MemoryStorage(), lambda record: [])
    with store.transaction():
        store.put(Record("T", "1", {}, 0, 0))
        with pytest.raises(ZeroDivisionError):
            _fail(store, Record("T", "2", {}, 0, 0))
    assert [record.id for record in store.live("T")] == ["1"]


def test_times_are_pacific_with_the_season_s_offset() -> None:
    assert pacific(1_767_225_600) == "2025-12-31T16:00:00-08:00"
    assert pacific(1_782_864_000) == "2026-06-30T17:00:00-07:00"
    assert pacific(1_782_864_000.25, milliseconds=True) == "2026-06-30T17:00:00.250-07:00"


def test_the_scaled_clock_runs_faster() -> None:
    clock = Clock(1000)
    before = clock.scaled()
    clock.advance(5)
    assert clock.scaled() - before >= 5
