"""`./bin/portal up`: everything on one machine, kept running, gone when this process goes."""

import argparse
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from portal.data_dir import CannotStart, Run, exclusive, locate, prepare, write_private
from portal.ports import is_free, occupant
from portal.processes import Guard, start
from portal.supervisor import Supervisor, say


class Stopped(BaseException):
    """Somebody asked us to end; not an error, so it passes every `except Exception`."""


def answers(url: str, path: str) -> int:
    """The HTTP status of a GET; 0 when nobody listens."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def wait_for_worker(supervisor: Supervisor) -> None:
    """Return when the worker answers a ping over the broker."""
    ping = supervisor.child("ping", "-m", "portal.ping", supervisor.worker_name)
    start(ping, supervisor.guard)
    supervisor.wait_until(lambda: ping.exit_status() is not None, "The worker")
    supervisor.finish(ping)


def bring_up(supervisor: Supervisor, *, with_demo: bool) -> None:
    """Start in order of need, side by side where nothing waits for anything, and say so when it serves."""
    started = time.monotonic()
    supervisor.start_servers()
    supervisor.start_portal()
    logins: list[dict[str, str]] = []
    if sandbox := supervisor.environment.get("PORTAL_SANDBOX_URL"):
        supervisor.wait_until(lambda: answers(sandbox, "/_control/calls") > 0, "The simulated ledgers")
    if with_demo:
        logins = supervisor.demo_logins()
        say("  demo data are loaded")
    wait_for_worker(supervisor)
    supervisor.wait_until(lambda: answers(supervisor.url, "/readyz") == 200, f"{supervisor.url}/readyz")
    remember(supervisor)
    say(f"  started in {time.monotonic() - started:.0f} s; logs and data in {supervisor.folder}")
    say(f"ready: {supervisor.url}")
    for line in describe(logins):
        say(line)


def remember(supervisor: Supervisor) -> None:
    """Leave word for other commands, and for a second `up`; only we may read it, it holds passwords."""
    names = supervisor.environment.keys() - os.environ.keys()
    added = {name: supervisor.environment[name] for name in names}
    run = Run(pid=os.getpid(), url=supervisor.url, environment=added)
    write_private(supervisor.folder / "run.json", json.dumps(run))


def describe(logins: Iterable[dict[str, str]]) -> list[str]:
    """The demo logins as a table."""
    rows = [(login["tenant"], login["role"], login["email"], login["password"]) for login in logins]
    if not rows:
        return []
    rows.insert(0, ("tenant", "role", "email", "password"))
    widths = [max(len(str(row[column])) for row in rows) for column in range(4)]
    return [
        "",
        *("  " + "  ".join(str(c).ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows),
        "",
    ]


def require_port(port: int) -> None:
    """Refuse a port that somebody uses, and say who and what to do."""
    try:
        free = is_free(port)
    except (OSError, OverflowError) as error:
        raise CannotStart(f"Cannot listen on port {port} ({error}). Choose another with --port.") from error
    if not free:
        raise CannotStart(
            f"Port {port} is in use{occupant(port)}. Stop that program, or choose another port: "
            f"./bin/portal up --port {port + 1}"
        )


def listen_for_the_end() -> None:
    """Turn the signals that end us into `Stopped`; a second one while we clean up changes nothing."""

    def end(number: int, _: FrameType | None) -> None:
        for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(again, signal.SIG_IGN)
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def up(folder: Path, port: int, *, with_demo: bool) -> int:
    """Run the portal until somebody ends it; 0 then, 1 when it could not start."""
    with ExitStack() as stack:
        prepare(folder)
        stack.enter_context(exclusive(folder))
        require_port(port)
        say(f"Starting the portal in {folder} …")
        guard = Guard()
        stack.callback(guard.dismiss)
        supervisor = Supervisor(folder, port, guard)
        stack.callback((folder / "run.json").unlink, missing_ok=True)
        stack.callback(supervisor.close)
        try:
            listen_for_the_end()
            bring_up(supervisor, with_demo=with_demo)
            while True:
                supervisor.tend()
                time.sleep(0.5)
        except Stopped:
            say("Stopping …")
    return 0


def main(arguments: list[str]) -> int:
    """The command line of `./bin/portal up`."""
    parser = argparse.ArgumentParser(prog="./bin/portal up", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="where the portal listens (8000)")
    parser.add_argument("--data-dir", help="where it keeps database, keys and logs (.portal beside the code)")
    parser.add_argument("--no-demo", action="store_true", help="without the demo tenants")
    options = parser.parse_args(arguments)
    try:
        return up(locate(options.data_dir), options.port, with_demo=not options.no_demo)
    except CannotStart as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
