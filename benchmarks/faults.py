"""Postings under fire: faults at random places, killed workers, and then the ledger's own books are counted.

    python benchmarks/faults.py [--ledger quickbooks] [--postings 1000] [--faults 1000] [--seed 1] [--workers 4]
                                [--companies 4] [--json]

Starts a sandbox of its own with companies in one of the ledgers, and uses the database of DATABASE_URL (a tenant
`faults-…` is added to it). Each posting is a contact, an invoice to it, or a payment of that invoice; drafts are
approved as the portal does. A fifth of the faults are SIGKILLs of a worker at work; the rest strike calls: connection
dropped before the ledger saw it, dropped after it committed, status 500, status 429. What became of the postings is
read from the ledger's own lists. Exit status 1 when anything was lost, duplicated, or left unfinished, or when the
books do not balance.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLIENT = "benchmark"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["LOG_LEVEL"] = "ERROR"
sys.path.insert(0, str(ROOT))

ACTIONS: tuple[dict[str, Any], ...] = (
    {"action": "drop_before"},
    {"action": "drop_after_commit"},
    {"action": {"status": 500}},
    {"action": {"status": 429, "retry_after": 1}},
)
_KILLS_ONE_IN = 5
_TOGETHER = {"quickbooks": 6, "xero": 6, "sage_intacct": 6}  # as many postings share a call, when much of it fails

# How each ledger is written to: the method, and a part of the path.
WRITES = {
    "quickbooks": ("POST", "/v3/company/"),
    "xero": ("PUT", "/api.xro/2.0/"),
    "netsuite": ("PUT", "/record/v1/"),
    "zoho_books": ("POST", "/books/v3/"),
    "sage_intacct": ("POST", "/objects/"),
}
# Where invoices' lines name items; elsewhere they name accounts.
_ITEMS = ("quickbooks", "netsuite")


@dataclass
class Sandbox:
    """The simulated ledger's control API."""

    url: str
    ledger: str = "quickbooks"
    companies: list[dict[str, Any]] = field(default_factory=list)

    def call(self, path: str, body: Any = None) -> Any:
        """GET, or POST with a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=600) as response:  # noqa: S310 - the sandbox started below
            return json.loads(response.read(), parse_float=Decimal)


@contextmanager
def sandbox_process(
    companies: int, seed: int, sizes: dict[str, int] | None = None, ledger: str = "quickbooks", *options: str
) -> Iterator[Sandbox]:
    """A sandbox with companies, small ones unless told otherwise, stopped at the end."""
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--client", f"{CLIENT}:{CLIENT}", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            sandbox = Sandbox(process.stdout.readline().split()[-1], ledger)
            sizes = sizes or {"contacts": 4, "invoices": 4, "bills": 2, "payments": 1, "bank_lines": 0, "months": 2}
            for number in range(companies):
                body = {"ledger": ledger, "name": f"Faulty {number}", "currency": "USD", "country": "US"}
                made = sandbox.call("/_control/organisations", {**body, **sizes, "seed": seed + number})
                sandbox.companies.append(made)
            os.environ |= {
                "PORTAL_SANDBOX_URL": sandbox.url,
                "PORTAL_QUICKBOOKS_CLIENT_ID": CLIENT,
                "PORTAL_QUICKBOOKS_CLIENT_SECRET": CLIENT,
            }
            yield sandbox
        finally:
            # It keeps nothing, and a big one takes long to tidy up.
            process.kill()
            process.wait(timeout=60)


def connect_all(sandbox: Sandbox, seed: int, *, name: str = "faults") -> list[Any]:
    """A tenant of its own, connected to every company."""
    from integrations.services.autoconsent import connect_by_itself
    from tenants.services import create_tenant

    tenant = create_tenant(slug=f"{name}-{os.getpid()}-{seed}", name=name.title(), currency="USD")
    found = []
    for company in sandbox.companies:
        done = connect_by_itself(
            tenant=tenant,
            connector=sandbox.ledger,
            redirect_uri="http://127.0.0.1/callback",
            org=str(company["external_org_id"]),
        )
        assert done.connection is not None, done.error
        found.append(done.connection)
    return found


def request_all(connections: list[Any], sandbox: Sandbox, postings: int) -> dict[int, list[str]]:
    """Ask for the postings in groups of contact, invoice and payment; returns each company's numbers."""
    from integrations.services.postings import request_posting
    from tenants.rls import tenant_scope

    known = [sold_and_bank(connection) for connection in connections]
    numbers: dict[int, list[str]] = {place: [] for place in range(len(connections))}
    with tenant_scope(connections[0].tenant_id, source="command"):
        for start in range(0, postings, 3):
            place, number = start // 3 % len(connections), f"F{start // 3:06d}"
            bodies = list(group_of(number, *known[place]))[: postings - start]
            earlier: list[Any] = []
            for resource, body in bodies:
                body = linked(body, earlier)
                earlier.append(
                    request_posting(
                        connection=connections[place],
                        resource=resource,
                        body=body,
                        origin_kind="benchmark",
                        idempotency_key=f"{number}-{resource}",
                        depends_on=earlier[-1] if earlier else None,
                    )
                )
                numbers[place].append(f"{number}-{resource}")
    return numbers


def sold_and_bank(connection: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the lines of an invoice name (an item or an income account), and the bank account of payments."""
    accounts = listed(connection, "accounts")
    bank = next(row for row in accounts if row["type"] == "bank")
    if connection.connector not in _ITEMS:
        income = next(row for row in accounts if row["type"] == "income")
        return {"account": {"id": income["external_id"]}}, {"id": bank["external_id"]}
    sold = (row for row in listed(connection, "items") if row.get("income_account"))
    item = next(row for row in sold if row["type"] in ("service", "non_inventory"))
    return {"item": {"id": item["external_id"]}}, {"id": bank["external_id"]}


def listed(connection: Any, resource: str) -> list[dict[str, Any]]:
    """All records of a resource as the ledger lists them now."""
    from integrations.services.calls import Recorder
    from integrations.services.ledgers import open_ledger

    with open_ledger(connection, recorder=Recorder(connection), lane="interactive") as session:
        return [record.unified for page in session.ledger.pages(resource) for record in page.records]


def group_of(number: str, sold: dict[str, Any], bank: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    day, amount = "2026-11-02", "120.00"
    contact = {"id": 0, "type": "customer"}
    line = {**sold, "quantity": "1", "unit_price": amount, "amount": amount, "description": number}
    yield "contacts", {"contact_type": "customer", "name": f"Customer {number}"}
    yield "invoices", {"number": number, "contact": contact, "issued_on": day, "due_on": day, "lines": [line]}
    allocation = {"type": "invoice", "id": 1, "amount": amount}
    yield (
        "payments",
        {
            "reference": number,
            "memo": number,
            "contact": contact,
            "issued_on": day,
            "total": amount,
            "account": bank,
            "allocations": [allocation],
        },
    )


def linked(value: Any, earlier: list[Any]) -> Any:
    """The body with `id: n` replaced by a reference to the group's posting number n."""
    if isinstance(value, list):
        return [linked(each, earlier) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {"posting": str(earlier[each].pk)} if name == "id" and isinstance(each, int) else linked(each, earlier)
        for name, each in value.items()
    }


def place_faults(sandbox: Sandbox, postings: int, faults: int, dice: random.Random) -> tuple[list[int], Counter[str]]:
    """Put the faults of calls into the sandbox, each at one write; returns after how many writes a worker is killed."""
    kills = faults // _KILLS_ONE_IN
    strikes = faults - kills
    reach = max(strikes, postings // _TOGETHER.get(sandbox.ledger, 1)) + strikes // 2
    placed: Counter[str] = Counter()
    method, path = WRITES[sandbox.ledger]
    for after in dice.sample(range(reach), strikes):
        placed[_name((order := dice.choice(ACTIONS))["action"])] += 1
        body = {"ledger": sandbox.ledger, "method": method, "path": path, "after": after, "times": 1}
        sandbox.call("/_control/faults", {**body, **order})
    return sorted(dice.sample(range(reach), kills)), placed


def _name(action: Any) -> str:
    return action if isinstance(action, str) else f"status_{action['status']}"


def work(seed: int) -> None:
    """A worker: takes what is due until nothing is left to do; it is killed at any moment."""
    from django.db import connections

    from integrations.services.postings import send_posting
    from integrations.services.sweeping import due_work

    connections.close_all()
    dice = random.Random(seed)
    while True:
        due = [(tenant_id, row_id) for kind, tenant_id, row_id in due_work(most=40) if kind == "posting"]
        dice.shuffle(due)
        for tenant_id, row_id in due[:8]:
            send_posting(tenant_id, row_id)
        if not due:
            time.sleep(0.05)


def fork_worker(seed: int) -> int:
    """Start a worker as a copy of this process; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work(seed)
    finally:
        os._exit(3)


def drive(sandbox: Sandbox, tenant_id: Any, kills: list[int], workers: int, dice: random.Random) -> dict[str, int]:
    """Keep the workers alive, kill one whenever the next mark is passed, until no posting is unfinished."""
    from django.db import connections

    connections.close_all()
    running = {fork_worker(dice.getrandbits(32)) for _ in range(workers)}
    counts, mark, writes = {"killed": 0, "crashed": 0}, 0, 0
    try:
        while _unfinished(tenant_id):
            found = sandbox.call(f"/_control/calls?since={mark}")["calls"]
            mark = found[-1]["seq"] if found else mark
            writes += sum(call["kind"] in ("write", "batch") for call in found)
            while kills and kills[0] <= writes:
                kills.pop(0)
                time.sleep(dice.random() * 0.01)
                os.kill(dice.choice(sorted(running)), signal.SIGKILL)
                counts["killed"] += 1
                _replace_dead(running, counts, dice)
            _replace_dead(running, counts, dice)
            time.sleep(0.02)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return counts


def _replace_dead(running: set[int], counts: dict[str, int], dice: random.Random) -> None:
    for pid in sorted(running):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            counts["crashed"] += not os.WIFSIGNALED(status)
            running.remove(pid)
            running.add(fork_worker(dice.getrandbits(32)))


def _unfinished(tenant_id: Any) -> int:
    from django.db import connections

    from integrations.models import Posting
    from tenants.rls import tenant_scope

    with tenant_scope(tenant_id):
        count = Posting.objects.unfinished().count()
    # Workers are forked from here: an open connection must not be shared with them.
    connections.close_all()
    return count


def verify(sandbox: Sandbox, connections: list[Any], numbers: dict[int, list[str]]) -> dict[str, Any]:
    """Count every posting in the ledger's own books, and compare the portal's ids with them."""
    from integrations.models import Posting
    from tenants.rls import tenant_scope

    with tenant_scope(connections[0].tenant_id):
        rows = list(Posting.objects.values("connection_id", "idempotency_key", "external_id", "status"))
    ids = {(row["connection_id"], row["idempotency_key"]): row["external_id"] for row in rows}
    lost = duplicated = mismatched = unbalanced = 0
    for place, company in enumerate(sandbox.companies):
        books = found_by_key(connections[place])
        for key in numbers[place]:
            found = books.get(key, [])
            lost += not found
            duplicated += len(found) > 1
            mismatched += ids[connections[place].pk, key] not in found
        balance = sandbox.call(f"/_control/organisations/{company['id']}/trial_balance")
        unbalanced += Decimal(str(balance["difference"])) != 0
    statuses = Counter(row["status"] for row in rows)
    return {
        "statuses": dict(statuses),
        "lost": lost,
        "duplicated": duplicated,
        "mismatched": mismatched,
        "unbalanced_companies": unbalanced,
    }


def found_by_key(connection: Any) -> dict[str, list[str]]:
    """What stands in the ledger under each of our names and numbers."""
    found: dict[str, list[str]] = {}
    for resource, names in (("contacts", ["name"]), ("invoices", ["number"]), ("payments", ["reference", "memo"])):
        for row in listed(connection, resource):
            # Not every ledger has a reference on payments; each has one of these.
            told = next((str(row[name]) for name in names if row.get(name)), "")
            number = told.removeprefix("Customer ")
            found.setdefault(f"{number}-{resource}", []).append(str(row["external_id"]))
    return found


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    import django

    dice = random.Random(options.seed)
    # Killed workers are taken for dead after a few seconds and nothing waits between attempts: hours become minutes.
    os.environ |= {"WORK_LEASE_SECONDS": "6", "RETRY_BASE_SECONDS": "0"}
    with sandbox_process(options.companies, options.seed, ledger=options.ledger) as sandbox:
        django.setup()
        connections = connect_all(sandbox, options.seed)
        numbers = request_all(connections, sandbox, options.postings)
        kills, placed = place_faults(sandbox, options.postings, options.faults, dice)
        began = time.monotonic()
        counts = drive(sandbox, connections[0].tenant_id, kills, options.workers, dice)
        seconds = time.monotonic() - began
        struck = sum(rule["hits"] for rule in sandbox.call("/_control/faults")["faults"])
        calls = sandbox.call("/_control/calls")["calls"]
        writes = sum(call["kind"] in ("write", "batch") for call in calls)
        result = verify(sandbox, connections, numbers)
    return {
        "ledger": options.ledger,
        "postings": options.postings,
        "faults_struck": struck + counts["killed"],
        "placed": dict(placed),
        **counts,
        "writes": writes,
        "over_limit": sum(bool(call["over_limit"]) for call in calls),
        "seconds": round(seconds, 1),
        **result,
    }


def main() -> int:
    """Parse, run, print; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", choices=sorted(WRITES), default="quickbooks")
    parser.add_argument("--postings", type=int, default=1000)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--companies", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    # Approvals of drafts are postings as well.
    is_kept = (
        set(result["statuses"]) == {"posted"}
        and result["statuses"]["posted"] >= options.postings
        and not any(result[name] for name in ("lost", "duplicated", "mismatched", "unbalanced_companies", "crashed"))
    )
    if options.json:
        print(json.dumps(result, default=str))
    else:
        print("\n".join(f"{name.replace('_', ' '):<24}  {value}" for name, value in result.items()))
        print("every posting is in the books exactly once" if is_kept else "A PROMISE WAS BROKEN")
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
