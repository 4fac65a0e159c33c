"""After the storm: people put right what rests, and then the ledger's own books are the judge."""

import sys
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import orjson

from benchmarks.chaos_load import Load, Twin, patiently
from benchmarks.faults import found_by_key

_SETTLE_SECONDS = 900.0
# An account's or a contact's balance moves with every document; no ledger marks it as modified for that.
_SUMS = frozenset({"balance"})
_WITH_SUMS = frozenset({"accounts", "contacts"})


def settle(portal: Any, load: Load) -> dict[str, Any]:
    """Wait until nothing is left to do; reconnect and replay as people do. Returns how long and how often."""
    began = time.monotonic()
    counts: Counter[str] = Counter()
    portal.wait_until(lambda: len(load.sent) == load.groups * 3, "The partner is not done", _SETTLE_SECONDS)

    def is_calm() -> bool:
        patiently(load.reconnect)
        counts["replayed"] += patiently(lambda: _replay_resting(load))
        return patiently(lambda: _left(load)) == 0

    portal.wait_until(is_calm, "Work is left over", _SETTLE_SECONDS)
    # One more incremental sync, begun after the last write: a full one would hide what incremental ones lose.
    done = _finished_syncs(load)
    load.make_due()
    portal.wait_until(lambda: _finished_syncs(load) > done and is_calm(), "The last sync does not end", _SETTLE_SECONDS)
    return {"settled_seconds": round(time.monotonic() - began), **counts}


def _replay_resting(load: Load) -> int:
    from integrations.models import Posting
    from integrations.services.postings import replay_posting
    from tenants.rls import tenant_scope

    with tenant_scope(load.tenant.pk, source="command"):
        resting = Posting.objects.filter(status__in=[Posting.Status.REJECTED, Posting.Status.RESTING])
        for posting in resting:
            replay_posting(posting=posting)
        return len(resting)


def _left(load: Load) -> int:
    from integrations.models import Posting, SyncRun, WebhookEvent
    from tenants.rls import tenant_scope

    with tenant_scope(load.tenant.pk, source="command"):
        postings = Posting.objects.exclude(status__in=[Posting.Status.POSTED, Posting.Status.CANCELLED])
        return postings.count() + SyncRun.objects.unfinished().count() + WebhookEvent.objects.pending().count()


def _finished_syncs(load: Load) -> int:
    from integrations.models import SyncRun
    from tenants.rls import tenant_scope

    with tenant_scope(load.tenant.pk, source="command"):
        return SyncRun.objects.filter(status=SyncRun.Status.SUCCEEDED).count()


def prove(load: Load, twin: Twin) -> dict[str, Any]:
    """Postings once in the books, mirror equal to the ledger, trial balance equal to the twin's; `is_kept` sums up."""
    found = found_by_key(load.connection)
    lost = sum(not found.get(key) for key in load.sent)
    doubled = sum(len(found.get(key, [])) > 1 for key in load.sent)
    mirror = _mirror_against_ledger(load)
    different = _different_accounts(load)
    calls = load.control("/_control/calls")
    result = {
        "postings": len(load.sent),
        "edits": len(load.edits),
        "lost": lost,
        "doubled": doubled,
        "refused_in_twin": twin.refused,
        **mirror,
        "different_accounts": different,
        "over_limit": calls["over_limit"],
        "announced": dict(_announced(load)),
    }
    promises = ("lost", "doubled", "refused_in_twin", "missing_here", "missing_there", "outdated", "different_accounts")
    return {**result, "is_kept": not any(result[name] for name in promises) and len(load.sent) == load.groups * 3}


def _announced(load: Load) -> Counter[str]:
    """What became of the events that webhooks brought."""
    from integrations.models import WebhookEvent
    from tenants.rls import tenant_scope

    with tenant_scope(load.tenant.pk, source="command"):
        return Counter(WebhookEvent.objects.filter(connection=load.connection).values_list("status", flat=True))


def _mirror_against_ledger(load: Load) -> dict[str, int]:
    """Record by record: what only one side has, and what differs."""
    from integrations.models import LedgerRecord
    from integrations.services.calls import Recorder
    from integrations.services.connectors import connector_of, readable_resources
    from integrations.services.content import content
    from integrations.services.ledgers import open_ledger
    from tenants.rls import tenant_scope

    with tenant_scope(load.tenant.pk, source="command"):
        rows = LedgerRecord.objects.filter(connection=load.connection, deleted_at=None)
        # Unified, not raw: a fault of the simulation adds fields to answers that the record itself has not.
        ours = {
            key[:3]: _plain(key[0], key[3])
            for key in rows.values_list("resource", "remote_type", "external_id", "unified")
        }
    theirs: dict[Any, Any] = {}
    with open_ledger(load.connection, recorder=Recorder(load.connection), lane="interactive") as session:
        for resource in readable_resources(connector_of(load.connection)):
            for page in session.ledger.pages(resource):
                theirs |= {
                    (resource, each.remote_type, each.external_id): _plain(
                        resource, orjson.loads(content(each).unified)
                    )
                    for each in page.records
                }
    outdated = sorted(key for key in ours.keys() & theirs.keys() if ours[key] != theirs[key])
    for key in outdated[:5]:
        sys.stderr.write(f"  differs: {key}: {_difference(ours[key], theirs[key])}\n")
    return {
        "records": len(theirs),
        "missing_here": len(theirs.keys() - ours.keys()),
        "missing_there": len(ours.keys() - theirs.keys()),
        "outdated": len(outdated),
    }


def _plain(resource: str, unified: Any) -> Any:
    """Without what ledgers add up anew without calling it a change."""
    sums = _SUMS if resource in _WITH_SUMS else frozenset()
    return {name: value for name, value in unified.items() if name not in sums}


def _difference(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    names = ours.keys() | theirs.keys()
    return {name: (ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)}


def _different_accounts(load: Load) -> dict[str, str]:
    """Accounts that moved otherwise than the twin's, with both movements; the two books must also come to zero."""
    stormy, calm = (_moved(before, load.balances(company)) for company, before in load.founded)
    names = sorted(stormy.keys() | calm.keys())
    zero = Decimal(0)
    return {
        name: f"{stormy.get(name, zero)} instead of {calm.get(name, zero)}"
        for name in names
        if stormy.get(name, zero) != calm.get(name, zero)
    }


def _moved(before: dict[str, Decimal], after: dict[str, Decimal]) -> dict[str, Decimal]:
    return {name: after.get(name, Decimal(0)) - before.get(name, Decimal(0)) for name in before.keys() | after.keys()}
