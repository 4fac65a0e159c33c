"""The programs of a portal on one machine: started in order of need, started again when they end."""

import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from portal.data_dir import ROOT, CannotStart
from portal.embedded import Servers
from portal.ports import free_port, is_free
from portal.processes import Child, Guard, start, stop

READY_SECONDS = 120.0
STEADY_SECONDS = 60.0
LONGEST_PAUSE = 30.0
SANDBOX_PORT = 8900
GOODBYE_SECONDS = 10.0
STATIC_STAMP = "static.sha256"


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
        collecting = self._start_collecting()
        if not self.servers.wait(fill=self.migrate):
            self.migrate()
        say("  database is migrated")
        if collecting:
            self.finish(collecting)
            (self.folder / STATIC_STAMP).write_text(fingerprint_of_static_files())

    def _start_collecting(self) -> Child | None:
        """Gather the static files, unless nothing changed since the last time."""
        stamp = self.folder / STATIC_STAMP
        is_there = stamp.exists() and (self.folder / "static").is_dir()
        if is_there and stamp.read_text() == fingerprint_of_static_files():
            return None
        return self.run("collectstatic", "collectstatic", "--no-input", "--verbosity", "0")

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
        prompt = ["--concurrency", "4", "--queues", "interactive,webhook,posting"]
        self._start_worker("worker", self.worker_name, *prompt)
        # Syncs mostly wait for the ledgers' windows: a thread each, and behind everybody else on a busy machine.
        patient = ["--pool", "threads", "--concurrency", "32", "--queues", "backfill"]
        self._start_worker("worker-backfill", f"backfill-{self.worker_name}", *patient, niceness=10)
        self.launch(self.child("beat", "-m", "celery", "-A", "portal", "beat", "-S", "django", "--loglevel", "INFO"))

    def _start_worker(self, name: str, host: str, *options: str, niceness: int = 0) -> None:
        arguments = ["-m", "celery", "-A", "portal", "worker", "--loglevel", "INFO", *options, "--hostname", host]
        # Without its portal a worker ends at once: rows say how far its tasks came, and a sweep resumes them.
        worker = self.child(name, *arguments, "--without-gossip", "--without-mingle", death_signal=signal.SIGKILL)
        worker.niceness = niceness
        self.launch(worker)

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


def fingerprint_of_static_files() -> str:
    """What the collected files depend on: the packages' versions, and our own files by name, size and time."""
    digest = hashlib.sha256((ROOT / "constraints.txt").read_bytes())
    for path in sorted(ROOT.glob("*/static/**/*")):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
