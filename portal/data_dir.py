"""The folder of everything the portal keeps on this machine: who holds it, its secrets, what runs on it."""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypedDict

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.processes import is_alive

ROOT = Path(__file__).resolve().parent.parent


class CannotStart(Exception):
    """A person must act; the message says what happened and what to do."""


def locate(text: str | None = None) -> Path:
    """Where the portal keeps its data: the argument, else PORTAL_DATA_DIR, else `.portal` beside the code."""
    return Path(text or os.environ.get("PORTAL_DATA_DIR") or ROOT / ".portal").resolve()


def prepare(folder: Path) -> None:
    """Create it, closed to others (as root: passable, because PostgreSQL runs as somebody else inside)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"Cannot use {folder}: {error.strerror}. Choose another with --data-dir.") from error
    if shutil.disk_usage(folder).free < 200_000_000:
        raise CannotStart(f"Less than 200 MB are free at {folder}. Free some, or choose another disk with --data-dir.")


@contextmanager
def exclusive(folder: Path, *, patience: float = 15.0) -> Iterator[None]:
    """Hold the data folder alone; the guard of a killed run holds it until it has cleaned up, so wait."""
    deadline = time.monotonic() + patience
    with (folder / "lock").open("a") as lock:
        while not _locked(lock):
            if run := running(folder):
                raise CannotStart(f"The portal already runs at {run['url']} (process {run['pid']}, data in {folder}).")
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"Another command uses {folder}. Wait for it, or choose another folder with --data-dir."
                )
            time.sleep(0.1)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Run(TypedDict):
    """What `up` leaves about itself for other commands."""

    pid: int
    url: str
    environment: dict[str, str]


def running(folder: Path) -> Run | None:
    """What `up` left about itself, when it still runs."""
    try:
        run: Run = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        return None
    return run if is_alive(run["pid"]) else None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def keep_secrets(folder: Path) -> dict[str, str]:
    """The secrets of this data folder, made at the first start: keys and the servers' passwords."""
    path = folder / "secrets"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in SECRETS if name not in kept]
    if missing:
        kept |= {name: SECRETS[name]() for name in missing}
        write_private(path, json.dumps(kept, indent=1))
    return kept


def _fernet_key() -> str:
    return Fernet.generate_key().decode()


def _signing_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FERNET_KEYS": _fernet_key,
    "OIDC_PRIVATE_KEY": _signing_key,
    "postgres": lambda: secrets.token_hex(16),
    "portal_owner": lambda: secrets.token_hex(16),
    "portal_app": lambda: secrets.token_hex(16),
    "valkey": lambda: secrets.token_hex(16),
}
