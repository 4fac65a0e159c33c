"""Child processes that cannot outlive the portal, however it dies.

Two nets, because each has a hole. The kernel signals a child when its parent dies (PR_SET_PDEATHSIG), but not
the child's own children. A forked guard notices the death by a closed pipe and ends whole families.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import IO, NamedTuple, NoReturn

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 4.0
LOG_LIMIT_BYTES = 10_000_000


class Account(NamedTuple):
    """The user that runs a server when the portal itself runs as root."""

    name: str
    uid: int
    gid: int


@dataclass
class Child:
    """One program: how it starts, and the signals that end it in order and at once."""

    name: str
    argv: list[str]
    log: Path
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    account: Account | None = None
    output: IO[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None
    log_begin: int = 0
    niceness: int = 0
    """How much it steps back for the others when the processors are busy."""

    @property
    def pid(self) -> int:
        """Process id, which is also the id of the session that the program leads; 0 before the start."""
        return self.process.pid if self.process else 0

    def exit_status(self) -> int | None:
        """None while the program runs, else its exit status (negative: the signal that ended it)."""
        return self.process.poll() if self.process else None

    def last_words(self, lines: int = 15) -> str:
        """The end of what the program wrote since its last start, for a message to a person."""
        with self.log.open("rb") as log:
            log.seek(self.log_begin)
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def start(child: Child, guard: "Guard | None" = None) -> None:
    """Start the program in its own session; from the main thread only, whose end the kernel watches."""
    child.log.parent.mkdir(parents=True, exist_ok=True)
    if child.log.exists() and child.log.stat().st_size > LOG_LIMIT_BYTES:
        child.log.replace(child.log.with_suffix(".log.1"))
    account = child.account
    with child.log.open("ab") as log:
        child.log_begin = log.seek(0, os.SEEK_END)
        child.process = subprocess.Popen(
            child.argv,
            stdin=subprocess.DEVNULL,
            stdout=child.output or log,
            stderr=log,
            env=dict(child.environment),
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=die_with_parent(child.death_signal, child.niceness),
        )
    if guard:
        guard.watch(child)


def stop(children: Iterable[Child], *, grace: float = GRACE_SECONDS) -> None:
    """Ask the programs to end, then end what is left of their families; returns when nothing of them runs."""
    running = [child for child in children if child.process]
    end_families({child.pid: child.stop_signal for child in running}, grace=grace)
    for child in running:
        if child.process:
            child.process.wait()
            child.process = None


class Process(NamedTuple):
    """One living process; its start time tells it from a later one with the same number."""

    pid: int
    parent: int
    session: int
    started: int


def end_families(leaders: Mapping[int, int], *, grace: float) -> None:
    """End the programs `{pid: signal}`, each by its signal, and all they started; what remains, by force."""
    family = relatives(leaders, set())
    for pid, number in leaders.items():
        send(pid, number)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and (family := relatives(leaders, family)):
        alive = {process.pid for process in family}
        for process in family:
            if process.session not in alive:  # its leader is gone and cannot pass the message on
                send(process.pid, signal.SIGTERM)
        time.sleep(0.05)
    while family := relatives(leaders, family):
        for process in family:
            send(process.pid, signal.SIGKILL)
        time.sleep(0.02)


def relatives(leaders: Iterable[int], known: set[Process]) -> set[Process]:
    """Who lives of these sessions, their descendants, and those known before (orphans lost their link)."""
    everybody = processes()
    sessions = set(leaders)
    born = {(process.pid, process.started) for process in known}
    family = {p for p in everybody if p.session in sessions or (p.pid, p.started) in born}
    while True:
        pids = {process.pid for process in family}
        children = {process for process in everybody if process.parent in pids} - family
        if not children:
            return family
        family |= children


def processes() -> list[Process]:
    """Every living process of this machine that /proc shows (zombies are not alive)."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX":
            found.append(Process(int(status.parent.name), int(fields[1]), int(fields[3]), int(fields[19])))
    return found


def send(pid: int, number: int) -> None:
    """Signal a process that may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def die_with_parent(number: signal.Signals, niceness: int = 0) -> Callable[[], None] | None:
    """What a child does between fork and exec: step back, and ask to be signalled when its parent dies (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def ask() -> None:
        os.nice(niceness)
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask


class Guard:
    """A forked watcher: once its parent is gone, it ends the programs and removes folders it was told of."""

    def __init__(self) -> None:
        """Fork; call it before threads are started."""
        reading, self._pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            _guard(reading)
        os.close(reading)

    def watch(self, child: Child) -> None:
        """End this program's session when the parent dies."""
        self._tell(f"session {child.pid} {int(child.death_signal)}")

    def forget(self, pid: int) -> None:
        """This session has ended; its number may come to belong to a stranger."""
        self._tell(f"ended {pid}")

    def remove(self, folder: Path) -> None:
        """Delete this folder at the end, when no program uses it any more."""
        self._tell(f"remove {folder}")

    def dismiss(self) -> None:
        """Let the guard do its work now and wait until it has."""
        os.close(self._pipe)
        os.waitpid(self._pid, 0)

    def _tell(self, line: str) -> None:
        os.write(self._pipe, f"{line}\n".encode())


def _guard(reading: int) -> NoReturn:
    """The guard's whole life: listen until the pipe closes, then clean up."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # the terminal or pipe of the parent must not stay open because of us
        os.dup2(nowhere, stream)
    with os.fdopen(reading) as pipe:
        orders = [line.split(maxsplit=1) for line in pipe.read().splitlines()]
    sessions: dict[int, int] = {}
    for order, value in orders:
        if order == "session":
            pid, death_signal = value.split()
            sessions[int(pid)] = int(death_signal)
        elif order == "ended":
            sessions.pop(int(value), None)
    end_families(sessions, grace=GRACE_SECONDS)
    for order, value in orders:
        if order == "remove":
            rmtree(value, ignore_errors=True)
    os._exit(0)
