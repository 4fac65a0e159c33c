"""The one command: what it says when something is missing, what it starts, and that nothing outlives it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from portal import up
from portal.data_dir import CannotStart, Run, exclusive, keep_secrets, running, write_private
from portal.ports import free_port, is_free, occupant
from portal.processes import Child, Process, processes, relatives, start, stop
from portal.supervisor import Restarts

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = ROOT / "bin" / "portal"
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "PORTAL_DATA_DIR", "PORTAL_SANDBOX_URL", "PORTAL_URL")


@pytest.fixture
def launcher() -> Any:
    """The launcher as a module."""
    loader = SourceFileLoader("launcher", str(LAUNCHER))
    spec = spec_from_loader("launcher", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that another user may enter, as PostgreSQL must when tests run as root."""
    with tempfile.TemporaryDirectory(prefix="ledger-portal-test-") as name:
        yield Path(name).resolve()


def outside() -> dict[str, str]:
    """The environment of a machine without any server of ours."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "PYTHONPATH": str(ROOT)}


def eventually(condition: Callable[[], object], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def survivors(family: set[Process]) -> set[tuple[int, int]]:
    return {(process.pid, process.started) for process in processes()} & {
        (process.pid, process.started) for process in family
    }


# What a person reads


def test_no_command_is_wrong_usage_and_shows_the_commands() -> None:
    done = subprocess.run([sys.executable, LAUNCHER], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "./bin/portal up" in done.stderr


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "Free about 1.2 GB"),
        ("Temporary failure in name resolution", "Check the network"),
        ("Failed to connect to index", "Check the network"),
        ("ensurepip is not available", "sudo apt install python3-venv"),
        ("PermissionError: Permission denied", "may not write"),
    ],
)
def test_a_failed_installation_says_what_to_do(launcher: Any, output: str, remedy: str) -> None:
    assert remedy in launcher.explain("Could not install the packages.", output)


def test_packages_are_installed_again_only_when_their_list_changes(
    launcher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    monkeypatch.setattr(launcher, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(launcher, "PYTHON", python)
    project = {"dependencies": ["django"], "optional-dependencies": {}}
    before = launcher.wanted_digest(project)
    launcher.STAMP.write_text(f'{{"digest": "{before}", "extras": ["embedded", "test"]}}')
    assert launcher.is_current(before, {"embedded"})
    assert not launcher.is_current(before, {"otel"})
    assert not launcher.is_current(launcher.wanted_digest({**project, "dependencies": ["flask"]}), {"embedded"})


def test_a_taken_port_is_named_with_who_holds_it_and_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not is_free(port)
        assert f"(process {os.getpid()})" in occupant(port)
        with pytest.raises(CannotStart, match=f"--port {port + 1}"):
            up.require_port(port)


def test_a_second_start_says_that_the_portal_runs_and_where(folder: Path) -> None:
    run = Run(pid=os.getpid(), url="http://127.0.0.1:8123", environment={})
    with exclusive(folder):
        write_private(folder / "run.json", json.dumps(run))
        with pytest.raises(CannotStart, match=r"already runs at http://127\.0\.0\.1:8123"), exclusive(folder):
            pass


def test_a_killed_run_is_not_taken_for_a_running_one(folder: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_private(folder / "run.json", json.dumps(Run(pid=gone.pid, url="http://x", environment={})))
    assert running(folder) is None


def test_the_demo_logins_are_a_table() -> None:
    login = {"tenant": "acme", "role": "owner", "email": "olive@acme.example", "password": "secret"}
    lines = up.describe([login])
    assert lines[1].split() == ["tenant", "role", "email", "password"]
    assert lines[2].split() == ["acme", "owner", "olive@acme.example", "secret"]


# What it keeps


def test_secrets_are_made_once_and_closed_to_others(folder: Path) -> None:
    made = keep_secrets(folder)
    assert keep_secrets(folder) == made
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o600


def test_a_program_that_keeps_ending_is_started_ever_more_slowly() -> None:
    restarts = Restarts(started_at=100.0)
    assert [restarts.plan(101.0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert restarts.plan(1000.0) == 1


def test_stopping_a_program_ends_what_it_started_even_in_other_sessions(folder: Path) -> None:
    sleeper = "import subprocess, sys, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    child = Child("parent", [sys.executable, "-c", sleeper], folder / "parent.log", dict(os.environ))
    start(child)
    assert eventually(lambda: len(relatives({child.pid}, set())) == 2)
    family = relatives({child.pid}, set())
    stop([child], grace=2)
    assert survivors(family) == set()


# What it starts, for real

ROLES = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    rows = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname LIKE 'portal%' ORDER BY 1")
    print(rows.fetchall())
    print(connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'portal'").fetchone())
"""


@pytest.mark.integration
def test_embedded_servers_have_roles_that_row_security_binds() -> None:
    command = [sys.executable, "-m", "portal.embedded", "--temporary", "--", sys.executable, "-c", ROLES]
    done = subprocess.run(command, env=outside(), capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "[('portal_app', False, False, False), ('portal_owner', False, False, True)]",
        "('portal_owner',)",
    ], done.stderr


@pytest.mark.integration
def test_killing_a_command_with_servers_leaves_neither_processes_nor_files() -> None:
    show = "import os; print(os.environ['PORTAL_DATA_DIR'], flush=True); import time; time.sleep(60)"
    command = [sys.executable, "-m", "portal.embedded", "--temporary", "--", sys.executable, "-c", show]
    with subprocess.Popen(command, env=outside(), stdout=subprocess.PIPE, text=True, start_new_session=True) as wrapper:
        assert wrapper.stdout
        place = Path(wrapper.stdout.readline().strip())
        family = relatives({wrapper.pid}, set())
        assert len(family) > 5
        wrapper.kill()
    assert eventually(lambda: not survivors(family))
    assert eventually(lambda: not place.exists())


@pytest.mark.integration
def test_killing_the_portal_leaves_no_process_and_it_starts_again(folder: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "portal.up", "--no-demo", "--data-dir", str(folder), "--port", str(port)]
    with subprocess.Popen(command, env=outside(), stdout=subprocess.PIPE, text=True, start_new_session=True) as portal:
        assert portal.stdout
        said = []
        for line in portal.stdout:
            said.append(line)
            if line.startswith("ready:"):
                break
        assert f"ready: http://127.0.0.1:{port}\n" in said, said
        family = relatives({portal.pid}, set())
        assert len(family) > 10
        portal.send_signal(signal.SIGKILL)
    assert eventually(lambda: not survivors(family)), survivors(family)
    again = [sys.executable, "-m", "portal.embedded", "--data-dir", str(folder), "--", sys.executable, "-c", ROLES]
    done = subprocess.run(again, env=outside(), capture_output=True, text=True, check=False)
    assert "('portal_owner',)" in done.stdout, done.stderr
