"""A storm of tokens: thousands of connections whose access falls due in one minute, refreshed by several processes.

    python benchmarks/tokens.py [--connections 5000] [--processes 4] [--threads 4] [--lost 100] [--kills 20] [--json]

Starts a sandbox of its own and uses the database of DATABASE_URL (a tenant `tokens-…` is added to it). `--lost` answers
of the token endpoint are lost after the ledger has refreshed, `--kills` times a process is killed at work (SIGKILL) and
replaced. Two refreshes of one token at once kill the grant at this ledger, as at the real one. Counted at the sandbox:
each connection is refreshed exactly once, and once more only where its answer was lost or its process was killed.
Afterwards every stored token is tried. Exit status 1 when one was refreshed too often, or lost.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.faults import CLIENT, Sandbox, sandbox_process  # noqa: E402

_REDIRECT = "http://127.0.0.1/callback"
_SMALLEST = dict.fromkeys(("contacts", "invoices", "bills", "payments", "bank_lines"), 0) | {"months": 1}


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is the answer."""

    def redirect_request(self, *args: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def consent(sandbox: Sandbox, realm: str) -> dict[str, Any]:
    """Tokens of one company, by the real consent and exchange."""
    asked = {"client_id": CLIENT, "response_type": "code", "scope": "com.intuit.quickbooks.accounting", "state": "s"}
    query = urllib.parse.urlencode({**asked, "redirect_uri": _REDIRECT, "auto_consent": "1", "realm_id": realm})
    try:
        _OPENER.open(f"{sandbox.url}/quickbooks/connect/oauth2?{query}", timeout=60)
    except urllib.error.HTTPError as redirect:
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": _REDIRECT}
    headers = {"Authorization": f"Basic {b64encode(f'{CLIENT}:{CLIENT}'.encode()).decode()}"}
    url = f"{sandbox.url}/quickbooks/oauth2/v1/tokens/bearer"
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the sandbox started below
        found: dict[str, Any] = json.load(answer)
    return found


def connect_all(sandbox: Sandbox, seed: int, spread: float) -> Any:
    """A tenant with an active connection to every company, whose tokens all fall due within `spread` seconds."""
    from django.utils import timezone

    from integrations.models import Connection
    from integrations.services.credentials import AHEAD
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant

    dice = random.Random(seed)
    tenant = create_tenant(slug=f"tokens-{os.getpid()}-{seed}", name="Tokens", currency="USD")
    realms = [str(company["external_org_id"]) for company in sandbox.companies]
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda realm: consent(sandbox, realm), realms))
    due = timezone.now() + AHEAD
    for start in range(0, len(realms), 500):
        with tenant_scope(tenant.pk, source="command"):
            for realm, found in zip(realms[start : start + 500], tokens[start : start + 500], strict=True):
                connection = Connection.objects.create(
                    tenant=tenant, connector="quickbooks", external_org_id=realm, name=realm, status="active"
                )
                _keep(connection, found, due + timedelta(seconds=dice.random() * spread))
    return tenant


def _keep(connection: Any, found: dict[str, Any], expires_at: Any) -> None:
    from integrations.engine.auth import TokenSet
    from integrations.services.credentials import store_tokens

    pair = found["access_token"], found["refresh_token"]
    store_tokens(connection=connection, tokens=TokenSet(*pair, expires_at, None, None, "", "bearer"))


def work(seed: int, threads: int) -> None:
    """A worker: refreshes what is due until it is killed, as the sweep and its tasks do."""
    from django.db import connections

    from integrations.services.sweeping import due_work

    connections.close_all()
    dice = random.Random(seed)
    with ThreadPoolExecutor(threads) as pool:
        while True:
            due = [row[1:] for row in due_work(most=400) if row[0] == "credential"]
            dice.shuffle(due)
            list(pool.map(refresh_one, due[: 10 * threads]))
            if not due:
                time.sleep(0.2)


def refresh_one(row: tuple[str, str]) -> None:
    """One doorbell."""
    from integrations.services.access import refresh_tokens
    from integrations.services.credentials import refresh_due

    refresh_due(*row, refresh_tokens)


@contextmanager
def workers(count: int, threads: int, dice: random.Random) -> Iterator[set[int]]:
    """Worker processes, killed at the end."""
    from django.db import connections

    connections.close_all()
    running = {fork_worker(dice.getrandbits(32), threads) for _ in range(count)}
    try:
        yield running
    finally:
        for pid in running:
            _kill(pid)


def fork_worker(seed: int, threads: int) -> int:
    """Start a worker as a copy of this process; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work(seed, threads)
    finally:
        os._exit(3)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def drive(tenant: Any, options: argparse.Namespace, dice: random.Random) -> int:
    """Let the workers work until everything is refreshed, killing one at each mark; returns how many were killed."""
    marks = sorted(dice.sample(range(options.connections), options.kills))
    killed = 0
    with workers(options.processes, options.threads, dice) as running:
        while (done := _refreshed(tenant)) < options.connections:
            if marks and marks[0] <= done:
                marks.pop(0)
                pid = dice.choice(sorted(running))
                running.remove(pid)
                _kill(pid)
                killed += 1
                running.add(fork_worker(dice.getrandbits(32), options.threads))
            time.sleep(0.05)
    return killed


def _refreshed(tenant: Any) -> int:
    from django.db import connections

    from integrations.models import Credential
    from tenants.rls import tenant_scope

    with tenant_scope(tenant.pk):
        count = Credential.objects.filter(version__gt=1).count()
    # Workers are forked from here: an open connection must not be shared with them.
    connections.close_all()
    return count


def verify(sandbox: Sandbox, tenant: Any, threads: int, killed: int) -> dict[str, Any]:
    """Count the refreshes of every company at the sandbox, and use every stored token once."""
    from integrations.models import Connection, Credential
    from tenants.rls import tenant_scope

    calls = [call for call in sandbox.call("/_control/calls")["calls"] if call["kind"] == "refresh"]
    lost = Counter(call["org"] for call in calls if call["faults"])
    answered = Counter(call["org"] for call in calls if call["status"] == 200 and not call["faults"])
    refused = sum(call["status"] >= 400 for call in calls)
    with tenant_scope(tenant.pk):
        stopped = Connection.objects.exclude(status="active").count()
        rows = Credential.objects.select_related("connection").order_by("pk")
        stored = [(row.connection.external_org_id, row.secret["access_token"]) for row in rows]
        versions = Counter(rows.values_list("version", flat=True))
    again = {realm: answered[realm] - 1 for realm, _ in stored}
    with ThreadPoolExecutor(4) as pool:
        dead = sum(pool.map(lambda pair: not is_good(sandbox, *pair), stored))
    repeated = sum(extra for extra in again.values() if extra > 0)
    return {
        "refresh_calls": len(calls),
        "answers_lost": sum(lost.values()),
        "repeated_after_a_kill": repeated,
        "refused": refused,
        "stored_once": versions[2],
        "refreshed_too_often": max(0, repeated - killed * threads),
        "never_refreshed": sum(extra < 0 for extra in again.values()),
        "stopped_connections": stopped,
        "dead_tokens": dead,
    }


def is_good(sandbox: Sandbox, realm: str, token: str) -> bool:
    """Whether the ledger lets this token in."""
    url = f"{sandbox.url}/quickbooks/v3/company/{realm}/companyinfo/{realm}"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the sandbox started below
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    import django

    dice = random.Random(options.seed)
    # A killed process is taken for dead after a few seconds, so that the storm is over in minutes.
    os.environ |= {"WORK_LEASE_SECONDS": "6", "RETRY_BASE_SECONDS": "0"}
    with sandbox_process(options.connections, options.seed, _SMALLEST) as sandbox:
        django.setup()
        tenant = connect_all(sandbox, options.seed, options.spread)
        fault = {"ledger": "quickbooks", "action": "lose_refresh_response", "times": 1}
        for after in dice.sample(range(options.connections), options.lost):
            sandbox.call("/_control/faults", {**fault, "after": after})
        began = time.monotonic()
        killed = drive(tenant, options, dice)
        seconds = time.monotonic() - began
        found = verify(sandbox, tenant, options.threads, killed)
    rate = round(options.connections / seconds, 1)
    return {
        "connections": options.connections,
        "seconds": round(seconds, 1),
        "a_second": rate,
        "killed": killed,
        **found,
    }


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--connections", type=int, default=5000)
    made.add_argument("--processes", type=int, default=4)
    made.add_argument("--threads", type=int, default=4, help="in each process")
    made.add_argument("--lost", type=int, default=100, help="answers lost on their way back")
    made.add_argument("--kills", type=int, default=20, help="processes killed at work")
    made.add_argument("--spread", type=float, default=30, help="seconds over which the tokens fall due")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--json", action="store_true")
    return made


def is_kept(result: dict[str, Any]) -> bool:
    """Whether every promise was kept."""
    broken = ("refused", "refreshed_too_often", "never_refreshed", "stopped_connections", "dead_tokens")
    return result["stored_once"] == result["connections"] and not any(result[name] for name in broken)


def main() -> int:
    """Parse, run, print; 1 when a promise was broken."""
    options = parser().parse_args()
    result = run(options)
    if options.json:
        print(json.dumps(result))
    else:
        width = max(map(len, result))
        print("\n".join(f"{name.replace('_', ' '):<{width}}  {value}" for name, value in result.items()))
        print("every token was refreshed once and none was lost" if is_kept(result) else "A PROMISE WAS BROKEN")
    return 0 if is_kept(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
