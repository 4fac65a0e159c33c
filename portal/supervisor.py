"""`./bin/portal up`: everything on one machine, kept running, gone when this process goes."""

import argparse
import http.client
import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from portal.data_dir import ROOT, CannotStart, Run, exclusive, locate, prepare, write_private
from portal.embedded import Servers
from portal.ports import free_port, is_free, occupant
from portal.processes import Child, Guard, start, stop

READY_SECONDS = 120.0
STEADY_SECONDS = 60.0
LONGEST_PAUSE = 30.0
SANDBOX_PORT = 8900
GOODBYE_SECONDS = 10.0


class Stopped(BaseException):
    """Somebody asked us to end; not an error, so it passes every `except Exception`."""


def say(text: str) -> None:
    """One line for the person at the terminal, which may be gone by now."""
    with suppress(OSError, ValueError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@dataclass
class Restarts:
    """How often one program ended, and when it may start again."""

    failures: int = 0
    started_at: float = field(default_factory=time.monotonic)
    due_at: float | None = None

    def plan(self, now: float) -> float:
        """Note an end at `now`; the pause in seconds before the next start: 1, 2, 4 … 30."""
        self.failures = 1 if now - self.started_at > STEADY_SECONDS else self.failures + 1
        pause = min(2.0 ** (self.failures - 1), LONGEST_PAUSE)
        self.due_at = now + pause
        return pause


class Supervisor:
    """The programs of one portal on one machine."""

    def __init__(self, folder: Path, port: int, guard: Guard) -> None:
        """Nothing starts yet but the guard that was handed over."""
        self.folder, self.port, self.guard = folder, port, guard
        self.url = f"http://127.0.0.1:{port}"
        self.environment: dict[str, str] = {}
        self.children: list[Child] = []
        self.servers: Servers | None = None
        self.restarts: defaultdict[str, Restarts] = defaultdict(Restarts)

    def child(self, name: str, *argv: str, death_signal: signal.Signals = signal.SIGTERM) -> Child:
        """One Python program of ours: `python -P …` with our environment, its output in logs/NAME.log."""
        return Child(
            name=name,
            argv=[sys.executable, "-P", *argv],
            log=self.folder / "logs" / f"{name}.log",
            environment=self.environment,
            death_signal=death_signal,
        )

    def launch(self, child: Child) -> Child:
        """Start a program and keep it running from now on."""
        start(child, self.guard)
        self.children.append(child)
        return child

    def start_servers(self) -> None:
        """Database, broker and simulated ledgers, at once; static files meanwhile."""
        self.servers = Servers(self.folder, self.guard)
        self.children += self.servers.children
        self.environment = {
            **os.environ,
            **self.servers.environment,
            "PORTAL_URL": os.environ.get("PORTAL_URL", self.url),
        }
        if self.servers.folder != self.folder:
            say(f"  PostgreSQL cannot enter {self.folder}; its data are in {self.servers.folder}")
        self._start_sandbox()
        say("  database and broker are starting")
        static = self.run("collectstatic", "collectstatic", "--no-input", "--verbosity", "0")
        if not self.servers.wait(fill=self.migrate):
            self.migrate()
        self.finish(static)
        say("  database is migrated")

    def _start_sandbox(self) -> None:
        """The simulated ledgers, unless the environment names others."""
        if "PORTAL_SANDBOX_URL" in os.environ:
            return
        port = SANDBOX_PORT if is_free(SANDBOX_PORT) else free_port()
        self.environment["PORTAL_SANDBOX_URL"] = f"http://127.0.0.1:{port}"
        data = self.folder / "sandbox"
        data.mkdir(mode=0o700, exist_ok=True)
        arguments = ["-m", "integrations.sandbox", "--port", str(port), "--data-dir", str(data)]
        self.launch(self.child("sandbox", *arguments))

    def start_portal(self) -> None:
        """Web, worker and beat."""
        web = ["-m", "granian", "--interface", "wsgi", "portal.wsgi:application", "--host", "127.0.0.1"]
        web += ["--port", str(self.port), "--workers", "1", "--blocking-threads", "4"]
        web += ["--workers-kill-timeout", "5", "--no-ws"]
        self.launch(self.child("web", *web))
        worker = ["-m", "celery", "-A", "portal", "worker", "--loglevel", "INFO", "--concurrency", "4"]
        worker += ["--hostname", self.worker_name, "--without-gossip", "--without-mingle"]
        # Without its portal a worker ends at once: rows say how far its tasks came, and a sweep resumes them.
        self.launch(self.child("worker", *worker, death_signal=signal.SIGKILL))
        self.launch(self.child("beat", "-m", "celery", "-A", "portal", "beat", "-S", "django", "--loglevel", "INFO"))

    @property
    def worker_name(self) -> str:
        """The worker's name on the broker, which other portals may share."""
        return f"portal-{self.port}-{os.getpid()}@localhost"

    def run(self, name: str, *command: str) -> Child:
        """Start a management command; `finish` waits for it."""
        child = self.child(name, str(ROOT / "manage.py"), *command)
        start(child, self.guard)
        return child

    def migrate(self, addresses: Mapping[str, str] | None = None) -> None:
        """Bring the database to the state of the code; `addresses` name another one than ours."""
        child = self.child("migrate", str(ROOT / "manage.py"), "migrate", "--no-input")
        child.environment = {**self.environment, **(addresses or {})}
        start(child, self.guard)
        self.finish(child)

    def finish(self, child: Child) -> None:
        """Wait for a command; a failure stops the start and shows the command's last words."""
        status = child.process.wait() if child.process else None
        self.guard.forget(child.pid)
        if status:
            raise CannotStart(f"{child.name} failed. The end of {child.log}:\n{child.last_words()}")

    def demo_logins(self) -> list[dict[str, str]]:
        """Load the demo tenants (again: it changes nothing) and return who can log in."""
        demo = self.child("demo", str(ROOT / "manage.py"), "demo", "--json")
        with tempfile.TemporaryFile() as answer:
            demo.output = answer
            start(demo, self.guard)
            self.finish(demo)
            answer.seek(0)
            logins: list[dict[str, str]] = json.load(answer)["logins"]
        return logins

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Wait for something, restarting what falls over; gives up with the words of who failed."""
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            self.tend()
            for child in self.children:
                if self.restarts[child.name].failures >= 3:
                    raise CannotStart(f"{child.name} does not start. The end of {child.log}:\n{child.last_words()}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{what} did not answer in {READY_SECONDS:.0f} s; see {self.folder / 'logs'}.")
            time.sleep(0.1)

    def tend(self) -> None:
        """One look at the programs: restart those that ended, each after its pause."""
        now = time.monotonic()
        for child in self.children:
            restarts = self.restarts[child.name]
            status = child.exit_status()
            if status is None:
                continue
            if restarts.due_at is None:
                pause = restarts.plan(now)
                say(f"  {child.name} ended ({status}) and starts again in {pause:.0f} s: see {child.log}")
            elif now >= restarts.due_at:
                self.guard.forget(child.pid)
                stop([child], grace=1)  # what its children left
                start(child, self.guard)
                self.restarts[child.name] = Restarts(failures=restarts.failures)

    def close(self) -> None:
        """End everything: first who uses the database, then the servers."""
        servers = self.servers.children if self.servers else []
        stop([child for child in self.children if child not in servers], grace=GOODBYE_SECONDS)
        stop(servers, grace=GOODBYE_SECONDS)


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
