"""Webhooks: how fast they are acknowledged beside a bare view, and whether thousands of them do exactly what they must.

    python benchmarks/webhooks.py [--rounds 80] [--events 10000] [--seed 1] [--json]

The floor is a bare Django view in the same server process that inserts one row (`benchmarks/bare.py`). One stream of
200 requests a second goes to both, mixed at random, so that whatever else this machine does meets both; latency counts
from the moment when a request was due. Then a simulated company changes, and its announcements come doubled, in random
order and with forgeries among them. Afterwards the rows that were written anew must be those of the announced records
and no others, a full pull must find none of them different, and every forgery must have been refused. (Other records
differ: names and balances move along with what they name, and no ledger announces that.) Uses the database of
DATABASE_URL (a tenant `webhooks-…` is added to it).
"""

import argparse
import contextlib
import json
import os
import random
import sys
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["LOG_LEVEL"] = "ERROR"

from benchmarks.webhook_answers import (  # noqa: E402
    KEY,
    LINES,
    SIGNATURE,
    Lines,
    Post,
    acknowledgements,
    server,
    signed,
)

os.environ["PORTAL_QUICKBOOKS_WEBHOOK_KEY"] = KEY


@contextmanager
def collector() -> Iterator[tuple[str, list[Post]]]:
    """An address where deliveries are kept instead of being dealt with."""
    kept: list[Post] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Content-Type", SIGNATURE)}
            kept.append((self.path, body, headers))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Keep) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}/webhooks/quickbooks/", kept
        listening.shutdown()


def change_books(sandbox: Any, company: str, count: int, dice: random.Random) -> None:
    """So many changes by users of the ledger: renamed customers, invoices voided and made, payments deleted."""
    address = f"/_control/organisations/{company}"

    def ids(resource: str) -> list[str]:
        found = sandbox.call(f"{address}/documents?resource={resource}")["documents"]
        return [str(row["Id"]) for row in found]

    customers, invoices, payments = ids("Customer"), ids("Invoice"), ids("Payment")
    dice.shuffle(payments)
    orders: list[dict[str, Any]] = []
    for number in range(count):
        orders.append(
            {"action": "rename", "resource": "Customer", "id": dice.choice(customers), "name": f"Name {number}"}
            if number % 4
            else {"action": "edit", "resource": "Invoice", "id": dice.choice(invoices),
                  "data": {"PrivateNote": f"Note {number}"}}
        )  # fmt: skip
    orders += [{"action": "create", "resource": "invoices", "amount": 10 + number} for number in range(50)]
    dice.shuffle(orders)
    for start in range(0, len(orders), 100):
        sandbox.call(f"{address}/changes", {"changes": orders[start : start + 100]})
    for each in payments[: len(payments) // 4]:
        # Some are on a deposit already: the ledger refuses, as it should.
        with contextlib.suppress(urllib.error.HTTPError):
            sandbox.call(f"{address}/changes", {"action": "delete", "resource": "Payment", "id": each})


def gathered(kept: list[Post]) -> list[Post]:
    """All deliveries, once no more come."""
    seen, quiet = -1, 0
    while quiet < 8:
        quiet = quiet + 1 if seen == len(kept) else 0
        seen = len(kept)
        time.sleep(0.25)
    return list(kept)


def one_by_one(deliveries: Sequence[Post]) -> list[Post]:
    """The same events, each in a delivery of its own."""
    events = [event for _, body, _ in deliveries for event in json.loads(body)]
    bodies = [json.dumps([event]).encode() for event in events]
    return [("/webhooks/quickbooks/", body, signed(body)) for body in bodies]


def again(genuine: Sequence[Post], count: int, dice: random.Random) -> list[Post]:
    """So many events once more: a fifth as they were, the others five together in a new delivery."""
    found = [dice.choice(genuine) for _ in range(count // 5)]
    for _ in range((count - len(found)) // 5):
        body = json.dumps([json.loads(dice.choice(genuine)[1])[0] for _ in range(5)]).encode()
        found.append(("/webhooks/quickbooks/", body, signed(body)))
    return found


def events_in(posts: Sequence[Post]) -> int:
    """How many events there are in these deliveries."""
    return sum(len(json.loads(body)) for _, body, _ in posts)


def forgeries(genuine: Sequence[Post], count: int, dice: random.Random) -> list[Post]:
    """Altered bodies, wrong keys, no signature."""
    found = []
    for number in range(count):
        path, body, headers = dice.choice(genuine)
        wrong = [
            (path, body.replace(b"qbo.", b"qb0.", 1), headers),
            (path, body, signed(body, "guessed")),
            (path, body, {**headers, SIGNATURE: ""}),
        ]
        found.append(wrong[number % 3])
    return found


def store_all(port: int, genuine: Sequence[Post], forged: Sequence[Post], dice: random.Random) -> dict[str, Any]:
    """Send everything mixed, as fast as the server takes it."""
    mixed = [(post, "genuine") for post in genuine] + [(post, "forged") for post in forged]
    dice.shuffle(mixed)
    lines, began = Lines(port), time.monotonic()
    with ThreadPoolExecutor(LINES) as pool:
        statuses = list(pool.map(lambda pair: (pair[1], lines.send(pair[0])), mixed))
    seconds = time.monotonic() - began
    answered = Counter(statuses)
    return {
        "accepted": answered["genuine", 200],
        "refused": answered["forged", 401],
        "wrongly_answered": len(mixed) - answered["genuine", 200] - answered["forged", 401],
        "seconds": round(seconds, 2),
        "per_second": round(len(mixed) / seconds),
    }


def work_off() -> tuple[float, float]:
    """What the workers do, in this process: seconds of distributing and of reading."""
    from integrations.services.announcements_applying import apply_announcements
    from integrations.services.announcements_sorting import distribute

    began = time.monotonic()
    places = set()
    while (found := distribute()) is not None:
        places |= found
    middle = time.monotonic()
    for place in places:
        apply_announcements(*place)
    return middle - began, time.monotonic() - middle


def pull(connection: Any, *, is_full: bool) -> Any:
    """One sync of what the benchmark changes."""
    from integrations.services.sync import request_sync, run_sync
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id):
        names = ["contacts", "invoices", "payments"]
        run = request_sync(connection=connection, trigger="manual", resources=names, is_full=is_full)
    run_sync(connection.tenant_id, run.pk)
    with tenant_scope(connection.tenant_id):
        run.refresh_from_db()
    assert run.status == "succeeded", run.error
    return run


def many(options: argparse.Namespace, serving: Any, dice: random.Random) -> dict[str, Any]:
    """The second half of the benchmark."""
    from benchmarks.faults import connect_all, sandbox_process
    from integrations.models import SyncRun
    from tenants.rls import tenant_scope

    sizes = {"contacts": 300, "invoices": 800, "bills": 10, "payments": 200, "bank_lines": 0, "months": 6}
    with sandbox_process(1, options.seed, sizes=sizes) as sandbox, collector() as (address, kept):
        (connection,) = connect_all(sandbox, options.seed, name="webhooks")
        with tenant_scope(connection.tenant_id):
            SyncRun.objects.all().delete()
        pull(connection, is_full=True)
        sandbox.call("/_control/webhooks", {"ledger": "quickbooks", "url": address, "key": KEY})
        change_books(sandbox, sandbox.companies[0]["id"], options.events // 40, dice)
        genuine = one_by_one(gathered(kept))
        sandbox.call("/_control/webhooks", {"ledger": "quickbooks"})
        doubled = genuine + again(genuine, max(0, options.events - len(genuine)), dice)
        with serving() as at:
            stored = store_all(at.port, doubled, forgeries(genuine, options.events // 10, dice), dice)
        return {
            "events": events_in(doubled),
            "different": len(genuine),
            **stored,
            **judged(sandbox, connection, genuine),
        }


def judged(sandbox: Any, connection: Any, genuine: Sequence[Post]) -> dict[str, Any]:
    """Let the workers work, then compare rows, calls and books."""
    from django.utils import timezone

    from integrations.models import LedgerRecord, WebhookEvent
    from tenants.rls import tenant_scope

    events = [event for _, body, _ in genuine for event in json.loads(body)]
    announced = {(str(event["type"]).split(".")[1], str(event["intuitentityid"])) for event in events}
    began, before = timezone.now(), len(sandbox.call("/_control/calls")["calls"])
    sorting, reading = work_off()
    calls = len(sandbox.call("/_control/calls")["calls"]) - before

    def written_since(moment: Any) -> set[tuple[str, str]]:
        with tenant_scope(connection.tenant_id):
            rows = LedgerRecord.objects.filter(connection=connection, synced_at__gte=moment)
            named = rows.exclude(resource="bank_transactions").values_list("remote_type", "external_id")
            return {(kind.lower(), external_id) for kind, external_id in named}

    touched = written_since(began)
    with tenant_scope(connection.tenant_id):
        ended = Counter(WebhookEvent.objects.filter(connection=connection).values_list("status", flat=True))
    verified = timezone.now()
    pull(connection, is_full=True)
    return {
        "records_announced": len(announced),
        "records_reread": len(touched),
        "reread_but_not_announced": len(touched - announced),
        "different_after_all": len(written_since(verified) & announced),
        "calls": calls,
        "ended": dict(ended),
        "distributing_seconds": round(sorting, 2),
        "reading_seconds": round(reading, 2),
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    import django
    from django.db import connections

    django.setup()
    from benchmarks.bare import TABLE

    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLE)
        role = connections["owner"].ops.quote_name(str(connections["default"].settings_dict["USER"]))
        cursor.execute(f"GRANT INSERT ON benchmark_bare TO {role}")
    dice = random.Random(options.seed)
    try:
        with server() as at:
            acknowledged = acknowledgements(at, options.rounds, dice)
        forget_nobodys()
        return {"acknowledgement": acknowledged, "many": many(options, server, dice)}
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("DROP TABLE benchmark_bare")


def forget_nobodys() -> None:
    """The first half's deliveries are no business of the second."""
    from integrations.models import WebhookDelivery

    rows = WebhookDelivery.objects.filter(status="received", connector="quickbooks")
    ours = [row.pk for row in rows.iterator() if b"benchmark-nobody" in bytes(row.body)]
    for start in range(0, len(ours), 1000):
        rows.filter(pk__in=ours[start : start + 1000])._raw_delete("default")


def is_kept(result: dict[str, Any]) -> bool:
    """Whether what is promised was met, beyond this machine's noise."""
    many = result["many"]
    is_exact = many["records_reread"] == many["records_announced"] and not many["reread_but_not_announced"]
    is_right = not many["wrongly_answered"] and not many["different_after_all"]
    return min(result["acknowledgement"]["p99_ratio_between"]) <= 1.3 and is_exact and is_right


def main() -> int:
    """Parse, run, print; 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    if options.json:
        print(json.dumps(result, default=str))
    else:
        for name, part in result.items():
            print(f"{name:<16}", ", ".join(f"{key} {value}" for key, value in part.items()))
    return 0 if is_kept(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
