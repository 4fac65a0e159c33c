"""The command line of the sandbox."""

import argparse
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from integrations.sandbox.app import SandboxApp
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Face, Setting
from integrations.sandbox.server import serve
from integrations.sandbox.storage import MemoryStorage, SqliteStorage, Storage
from integrations.sandbox.world import FACES, World

_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options shared by the module and the management command."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--time-scale", type=float, default=1.0, help="limits and expiries run this much faster")
    parser.add_argument("--data-dir", type=Path, default=None, help="keep the books here; without it in memory only")
    parser.add_argument(
        "--client",
        action="append",
        default=[],
        metavar="ID:SECRET",
        help="accept this OAuth client as well as sandbox-client:sandbox-secret (or SANDBOX_CLIENTS=ID:SECRET,…)",
    )


def build(
    *,
    time_scale: float,
    data_dir: Path | None,
    clients: list[str],
    faces: Sequence[Callable[[Setting], Face]] = FACES,
) -> SandboxApp:
    """The WSGI application with the state found in `data_dir`; `faces` make the simulated ledgers."""
    storage: Storage = SqliteStorage(data_dir) if data_dir else MemoryStorage()
    return SandboxApp(World(Clock(time_scale), storage, clients, faces))


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(*, host: str, port: int, time_scale: float, data_dir: Path | None, clients: list[str]) -> int:
    """Serve until interrupted; 1 when the port cannot be opened."""
    if time_scale <= 0:
        sys.stderr.write("--time-scale must be greater than zero.\n")
        return 2
    signal.signal(signal.SIGTERM, _stop)
    app = build(time_scale=time_scale, data_dir=data_dir, clients=clients)
    try:
        serve(app, host, port, ready=lambda url: sys.stdout.write(f"sandbox ready: {url}\n") and sys.stdout.flush())
    except OSError as error:
        sys.stderr.write(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port with --port.\n")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        app.world.close()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Simulated ledgers for development and tests.")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    # Whole books live in memory, without cycles: the collector would walk over all of them in the middle of an answer.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 50, 1000)
    return run(
        host=options.host,
        port=options.port,
        time_scale=options.time_scale,
        data_dir=options.data_dir,
        clients=options.client,
    )
