"""Chaos: all processes of a portal are killed at random while partners post, people edit the ledger, and calls fail.

    python benchmarks/chaos.py [--kills 1000] [--every 1.5] [--ledger quickbooks] [--groups 150] [--seed 1] [--json]

Brings up a portal of its own as `./bin/portal up` does (PostgreSQL, broker, web, workers, beat, simulated ledger;
nothing of the environment is used), then for as long as the kills last:

- a partner application posts groups of contact, invoice and payment over the API, repeating calls until accepted;
- a user of the ledger creates, pays and voids records there; syncs are due all the time;
- every fault of the simulated ledger's control API strikes calls: status, delay, dropped before and after the commit,
  truncated, unknown field, revoked token, lost answer to a refresh, missing permission; webhooks doubled, reordered;
- web, worker, worker's child, beat, broker or database get a SIGKILL and are started again.

Then a person does what people do: reconnects, replays what rests. When nothing is left to do, one incremental sync
later: what the partner sent is in the ledger exactly once, the mirror equals the ledger record by record, and the trial
balance equals, account by account, that of a twin company in which the same things happened undisturbed. Exit status 1
when one of these promises is broken.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
os.environ["LOG_LEVEL"] = "ERROR"
sys.path.insert(0, str(ROOT))

from benchmarks.chaos_load import Load, Twin  # noqa: E402
from benchmarks.chaos_proof import prove, settle  # noqa: E402
from portal.ports import free_port  # noqa: E402
from portal.processes import Child, Guard, end_families, processes, start, stop  # noqa: E402
from portal.supervisor import Supervisor  # noqa: E402
from portal.up import answers  # noqa: E402

_OURS = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "BROKER_URL",
    "PORTAL_SANDBOX_URL",
    "PORTAL_DATA_DIR",
    "SECRET_KEY",
    "FERNET_KEYS",
)
# Killed workers are taken for dead after a few seconds, and what failed is tried again soon: hours become minutes.
_HASTE = {"WORK_LEASE_SECONDS": "8", "RETRY_BASE_SECONDS": "1", "LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
_READY_SECONDS = 180.0


@dataclass
class Portal:
    """A whole portal whose programs can be killed one by one."""

    supervisor: Supervisor
    guard: Guard
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def victims(self) -> list[Child]:
        """Everything but the ledger, which is somebody else's."""
        return [child for child in self.supervisor.children if child.name != "sandbox"]

    def kill(self, dice: random.Random) -> str:
        """One random program loses its life, at times with its children, at times a child alone; it starts again."""
        child = dice.choice(self.victims)
        children = [each.pid for each in processes() if each.session == child.pid and each.pid != child.pid]
        if child.name.startswith("worker") and children and dice.random() < 0.4:
            with_name = f"{child.name}'s child"
            self._end(dice.choice(children))
        else:
            with_name = child.name
            self._end(child.pid)
            if child.process:
                child.process.wait()
            if dice.random() < 0.3:
                # What it started outlives it for a moment, and may still be writing.
                time.sleep(dice.random())
            end_families({child.pid: signal.SIGKILL}, grace=0)
            self.guard.forget(child.pid)
            start(child, self.guard)
        self.kills[with_name] += 1
        return with_name

    def mend(self) -> None:
        """Start what fell over by itself (a web server without its database may), so that kills go on."""
        for child in self.supervisor.children:
            if child.exit_status() is not None:
                self.guard.forget(child.pid)
                stop([child], grace=0)
                start(child, self.guard)

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = _READY_SECONDS) -> None:
        """Wait for something, mending meanwhile. Raises TimeoutError naming it."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} after {seconds:.0f} s; logs in {self.supervisor.folder / 'logs'}")
            self.mend()
            time.sleep(0.3)

    @staticmethod
    def _end(pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


@contextmanager
def portal_of_its_own(*, keep: bool, ledgers: str = "", haste: bool = True) -> Iterator[Portal]:
    """The portal, its folder deleted afterwards unless it is to be kept; `ledgers`: the address of other simulated
    ledgers than its own. Without `haste` it waits for dead workers and retries as long as it does in earnest."""
    for name in _OURS:
        os.environ.pop(name, None)
    os.environ |= _HASTE if haste else {"LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
    os.environ |= {"PORTAL_SANDBOX_URL": ledgers} if ledgers else {}
    guard = Guard()
    folder = Path(tempfile.mkdtemp(prefix="portal-chaos-", dir="/var/tmp"))  # noqa: S108 - removed below
    supervisor = Supervisor(folder, free_port(), guard)
    try:
        supervisor.start_servers()
        os.environ |= {name: value for name, value in supervisor.environment.items() if name not in os.environ}
        supervisor.start_portal()
        portal = Portal(supervisor, guard)
        portal.wait_until(lambda: answers(supervisor.url, "/readyz") == 200, "The portal is not ready")
        yield portal
    finally:
        supervisor.close()
        guard.dismiss()
        for left in {folder, supervisor.servers.folder if supervisor.servers else folder} if not keep else ():
            shutil.rmtree(left, ignore_errors=True)


def storm(portal: Portal, load: Load, options: argparse.Namespace, dice: random.Random) -> None:
    """Kill on and on while the load goes its way."""
    workers = [threading.Thread(target=each, daemon=True) for each in load.parts()]
    for worker in workers:
        worker.start()
    for number in range(options.kills):
        time.sleep(dice.uniform(0.3, 2 * options.every - 0.3))
        portal.mend()
        killed = portal.kill(dice)
        if number % 50 == 49:
            sys.stderr.write(f"  {number + 1} kills, the last one {killed}; {load.told()}\n")
    load.finish()
    for worker in workers:
        worker.join(timeout=_READY_SECONDS)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    dice = random.Random(options.seed)
    with portal_of_its_own(keep=options.keep) as portal:
        import django

        django.setup()
        sandbox = portal.supervisor.environment["PORTAL_SANDBOX_URL"]
        portal.wait_until(lambda: answers(sandbox, "/_control/") == 200, "The simulated ledger is not ready")
        load = Load.prepared(sandbox, portal.supervisor.url, options, dice)
        portal.wait_until(load.is_synced, "The first sync did not end")
        began = time.monotonic()
        storm(portal, load, options, dice)
        stormed = time.monotonic() - began
        settled = settle(portal, load)
        twin = Twin.made_like(load)
        result = prove(load, twin)
    return {
        "ledger": options.ledger,
        "kills": sum(portal.kills.values()),
        "killed": dict(portal.kills),
        "faults_struck": load.faults_struck(),
        "storm_seconds": round(stormed),
        **settled,
        **result,
    }


def main() -> int:
    """Parse, run, print; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--every", type=float, default=1.5, help="seconds between kills, on average")
    parser.add_argument("--groups", type=int, default=150, help="of contact, invoice and payment")
    parser.add_argument("--ledger", default="quickbooks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave data and logs for a look")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    if options.json:
        print(json.dumps(result, default=str))
    else:
        width = max(map(len, result))
        print("\n".join(f"{name.replace('_', ' '):<{width}}  {value}" for name, value in result.items()))
        print("nothing was lost, nothing doubled" if result["is_kept"] else "A PROMISE WAS BROKEN")
    return 0 if result["is_kept"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
