"""PostgreSQL and a broker of our own, for machines without: started as children, gone with their parent.

    python -m portal.embedded [--data-dir DIR | --temporary] -- command …

runs one command with their addresses in its environment (`./bin/portal manage`, `./bin/portal test`).
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.data_dir import CannotStart, exclusive, keep_secrets, locate, prepare, running
from portal.place import find_place
from portal.processes import Guard, die_with_parent, start, stop
from portal.servers import Postgres, Valkey, wait_until


class Servers:
    """The servers whose addresses the environment does not give; none of them is ever guessed."""

    def __init__(self, folder: Path, guard: Guard, *, forgetful: bool = False) -> None:
        """Prepare and start them; `wait` before use."""
        if "DATABASE_OWNER_URL" in os.environ and "DATABASE_URL" not in os.environ:
            raise CannotStart("DATABASE_OWNER_URL is set and DATABASE_URL is not. Set both, or neither.")
        kept = keep_secrets(folder)
        needs_postgres, needs_valkey = "DATABASE_URL" not in os.environ, "BROKER_URL" not in os.environ
        place = find_place(folder) if needs_postgres or needs_valkey else None
        self.folder = place.folder if place else folder
        self.postgres = (
            Postgres(place, kept, folder / "logs", forgetful=forgetful) if place and needs_postgres else None
        )
        self.valkey = Valkey(place, kept, folder / "logs") if place and needs_valkey else None
        self.children = [server.child for server in (self.postgres, self.valkey) if server]
        self.environment = {name: kept[name] for name in APPLICATION_SECRETS if name not in os.environ}
        self.environment["PORTAL_DATA_DIR"] = str(folder)
        if self.postgres:
            self.environment |= self.postgres.environment()
        if self.valkey:
            self.environment["BROKER_URL"] = self.valkey.url
        for child in self.children:
            start(child, guard)

    def wait(self, fill: Callable[[Mapping[str, str]], None] | None = None) -> bool:
        """Return when they serve; true when our own database is new (and filled by `fill`, see `Postgres.provide`)."""
        if self.valkey:
            wait_until(self.valkey.is_ready, "The broker (Valkey) did not start:", self.valkey.child)
        if not self.postgres:
            return False
        wait_until(self.postgres.is_ready, "PostgreSQL did not start:", self.postgres.child)
        return self.postgres.provide(fill)


APPLICATION_SECRETS = ("SECRET_KEY", "FERNET_KEYS", "OIDC_PRIVATE_KEY")


@contextmanager
def temporary_folder(guard: Guard) -> Iterator[Path]:
    """A data folder for one command, deleted afterwards, even after a kill."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-portal-"))
    guard.remove(folder)
    prepare(folder)
    (folder / "static").mkdir()
    yield folder


def run_with_servers(command: list[str], folder: Path | None) -> int:
    """Run one command with servers for its duration (no folder: one of its own); its exit status."""
    with ExitStack() as stack:
        if folder:
            prepare(folder)
            stack.enter_context(exclusive(folder))
        guard = Guard()
        stack.callback(guard.dismiss)
        servers = Servers(folder or stack.enter_context(temporary_folder(guard)), guard, forgetful=folder is None)
        stack.callback(stop, servers.children)
        servers.wait()
        return run_in_front(command, {**os.environ, **servers.environment})


def run_in_front(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command on our terminal; it gets the signals that we get, and we wait for it."""
    process = subprocess.Popen(command, env=dict(environment), preexec_fn=die_with_parent(signal.SIGTERM))
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends it to the command as well
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: process.send_signal(received))
    status = process.wait()
    return status if status >= 0 else 128 - status


def main(arguments: list[str]) -> int:
    """The command line of this module; see its docstring."""
    parser = argparse.ArgumentParser(prog="python -m portal.embedded")
    parser.add_argument("--data-dir")
    parser.add_argument("--temporary", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    folder = locate(options.data_dir)
    if {"DATABASE_URL", "BROKER_URL", "SECRET_KEY", "FERNET_KEYS"} <= os.environ.keys():
        return run_in_front(command, os.environ)
    if not options.temporary and (run := running(folder)):
        return run_in_front(command, {**run["environment"], **os.environ})
    try:
        return run_with_servers(command, None if options.temporary else folder)
    except CannotStart as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
