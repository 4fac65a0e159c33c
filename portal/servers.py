"""One PostgreSQL and one Valkey: how each is prepared, started, reached and known to be ready."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from portal.data_dir import CannotStart, write_private
from portal.place import Place
from portal.ports import free_port
from portal.processes import Child

DATABASE = "portal"
DRAFT = "portal_draft"
START_SECONDS = 30.0
FAST_AND_FORGETFUL = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class Postgres:
    """A PostgreSQL of our own on 127.0.0.1: a role for migrations, and one that row-level security binds."""

    def __init__(self, place: Place, passwords: Mapping[str, str], logs: Path, *, forgetful: bool = False) -> None:
        """Prepare the cluster on disk and the command; nothing runs yet."""
        self.place, self.passwords, self.port = place, passwords, free_port()
        self.data = place.folder / "postgres"
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        _clear_stale_pid_file(self.data)
        argv = [str(place.programs.postgres / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        argv += [
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=100",
        ]
        self.child = Child(
            name="postgres",
            argv=argv + (FAST_AND_FORGETFUL if forgetful else []),
            log=logs / "postgres.log",
            environment=_plain_environment(),
            stop_signal=signal.SIGINT,  # "fast": end sessions, write a checkpoint, leave
            death_signal=signal.SIGINT,
            account=place.account,
        )

    def _initialise(self) -> None:
        """Make the cluster beside its final place, so that a broken-off start leaves nothing half done."""
        draft, password = self.place.folder / "postgres.new", self.place.folder / "postgres.password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        write_private(password, self.passwords["postgres"])
        self.place.own(draft)
        self.place.own(password)
        account = self.place.account
        done = subprocess.run(
            [
                str(self.place.programs.postgres / "initdb"),
                "-D",
                str(draft),
                "-U",
                "postgres",
                f"--pwfile={password}",
            ]
            + [
                "--auth=scram-sha-256",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
                "--no-sync",
            ],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            env=_plain_environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        password.unlink()
        if done.returncode:
            raise CannotStart(f"PostgreSQL could not prepare its data in {draft}:\n{done.stderr.strip()}")
        draft.rename(self.data)

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address for one role: portal_owner, portal_app or postgres."""
        return f"postgres://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def is_ready(self) -> bool:
        """Whether it accepts a login."""
        try:
            psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def provide(self, fill: Callable[[Mapping[str, str]], None] | None = None) -> bool:
        """Create or mend the two roles and the database; true when the database is new.

        A new database gets its name only after `fill`, called with its addresses: one that was left half migrated by a
        killed start is thrown away and made again. Rights on tables are granted by `migrate`.
        """
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            for role, right in {"portal_owner": "CREATEDB", "portal_app": "NOCREATEDB"}.items():
                name, password = sql.Identifier(role), sql.Literal(self.passwords[role])
                if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                    connection.execute(sql.SQL("CREATE ROLE {}").format(name))
                rights = sql.SQL(f"LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {right} PASSWORD")
                connection.execute(sql.SQL("ALTER ROLE {} {} {}").format(name, rights, password))
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
                return False
            final, draft = sql.Identifier(DATABASE), sql.Identifier(DRAFT)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(draft))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER portal_owner").format(draft))
            if fill:
                fill(self.environment(DRAFT))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, final))
        return True

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """The settings that lead the portal to this database."""
        return {
            "DATABASE_URL": self.url("portal_app", database),
            "DATABASE_OWNER_URL": self.url("portal_owner", database),
        }


def _clear_stale_pid_file(data: Path) -> None:
    """We hold the folder alone: a server named here is the orphan of a killed run, or nobody's."""
    path = data / "postmaster.pid"
    if not path.exists():
        return
    pid = int(path.read_text().split("\n", 1)[0])
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        command = []
    if os.fsencode(data) in command:
        os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "The PostgreSQL of a killed run did not end.")
    path.unlink(missing_ok=True)


class Valkey:
    """A broker of our own on 127.0.0.1: password, append-only file, nothing evicted."""

    def __init__(self, place: Place, passwords: Mapping[str, str], logs: Path) -> None:
        """Write its configuration; nothing runs yet."""
        self.password, self.port = passwords["valkey"], free_port()
        data = place.folder / "valkey"
        data.mkdir(mode=0o700, exist_ok=True)
        place.own(data)
        configuration = data / "valkey.conf"
        settings = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{data}"',
            'save ""',
        ]
        settings += ["appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction", "daemonize no"]
        write_private(configuration, "\n".join([*settings, ""]))
        place.own(configuration)
        self.child = Child(
            name="valkey",
            argv=[str(place.programs.valkey), str(configuration)],
            log=logs / "valkey.log",
            environment=_plain_environment(),
            account=place.account,
        )

    @property
    def url(self) -> str:
        """The broker's address."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def is_ready(self) -> bool:
        """Whether it answers, its append-only file loaded."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return b"+PONG" in answer


def _plain_environment() -> dict[str, str]:
    """What a server needs of our environment; none of our secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def wait_until(ready: Callable[[], bool], failure: str, child: Child | None = None) -> None:
    """Return when it is; CannotStart with the child's last words when it ended or took too long."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if child and child.exit_status() is not None or time.monotonic() > deadline:
            raise CannotStart("\n".join([failure, child.last_words() if child else ""]))
        time.sleep(0.05)
