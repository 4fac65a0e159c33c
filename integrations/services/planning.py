"""How each resource of a sync is to be pulled, kept in the run so that a resumed one goes on with the same plan."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.models import LedgerRecord, SyncCursor, SyncRun
from integrations.services import policies
from integrations.services.connectors import connector_of, has_change_feed, tells_deleted, tells_modified

# QuickBooks keeps changes for 30 days; older questions may be cut short without an error (providers: CDC).
LONGEST_LOOK_BACK = timedelta(days=29)
# Deletions that no ledger tells of are noticed by reading everything again, this often.
VERIFY_AFTER = timedelta(hours=24)
# Resources whose changes nothing tells of are read again this often, and whenever they are asked for by name.
REREAD_AFTER = timedelta(hours=24)

FULL, CHANGES, SINCE = "full", "changes", "since"

_FRESH: Mapping[str, Any] = {
    "records": 0,
    "changed": 0,
    "pages": 0,
    "total": None,
    "cursor": None,
    "entities": (),
    "is_done": False,
    "started_at": None,
    "through": None,
    "unreadable": 0,
}


def plan(run: SyncRun, cursors: Mapping[str, SyncCursor]) -> dict[str, Any]:
    """The run's `progress` before anything was pulled; inside the tenant's scope.

    `since` is what was known before, from which the rate of changes is told. `is_reread` says that the mirror holds
    rows, so that those which a full pull does not meet are gone.
    """
    wanted = policies.read_resources(run.connection)
    # The direction may have changed since the run was asked for.
    names = [name for name in run.resources if name in wanted] if run.resources else wanted
    rows = LedgerRecord.objects.for_tenant(run.tenant_id).filter(connection=run.connection)
    mirrored = set(rows.order_by().values_list("resource", flat=True).distinct())
    modes = {name: _mode(run, name, cursors.get(name)) for name in names}
    return {
        name: {
            "mode": mode,
            "is_reread": name in mirrored,
            "since": _since(cursors.get(name)),
            **_FRESH,
            "entities": [],
        }
        for name, mode in modes.items()
        if mode
    }


def _since(cursor: SyncCursor | None) -> str | None:
    return cursor.changed_through.isoformat() if cursor else None


def prove(state: dict[str, Any], ours: int) -> None:
    """Compare what a full pull left in the mirror with the ledger's own count, where it told one for every kind.

    Rows that say of themselves that they are deleted are in the ledger's count and not among ours.
    """
    ledger, ours = told_total(state), ours + state.get("gone", 0)
    if ledger is None:
        state["proved"] = None
        return
    state |= {"proved": ours == ledger, "counted": {"ours": ours, "ledger": ledger}}


def told_total(state: Mapping[str, Any]) -> int | None:
    """How many the ledger said that there are, where it told that for every kind."""
    totals = state.get("totals", {})
    return sum(totals.values()) if totals and set(totals) == set(state["entities"]) else None


def start_over(state: dict[str, Any], mode: str) -> None:
    """Pull this resource from its beginning, another way."""
    state |= {
        "mode": mode,
        "cursor": None,
        "entities": [],
        "started_at": None,
        "through": None,
        "totals": {},
        "gone": 0,
        "unmet": 0,
    }


def _mode(run: SyncRun, resource: str, cursor: SyncCursor | None) -> str:
    if run.is_full or cursor is None or cursor.full_synced_at is None:
        return FULL
    connector, now = connector_of(run.connection), timezone.now()
    age = now - cursor.changed_through
    if has_change_feed(connector, resource):
        return CHANGES if age < LONGEST_LOOK_BACK else FULL
    # Beside a change feed only settings are left, which change seldom: no call is spent on them at every sync.
    if connector.changes is None and tells_modified(connector, resource):
        is_verified = tells_deleted(connector, resource) or now - cursor.full_synced_at < VERIFY_AFTER
        return SINCE if is_verified else FULL
    return FULL if age > REREAD_AFTER or resource in run.resources else ""
