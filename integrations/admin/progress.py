"""How far a sync is, in figures a page can show and poll."""

from dataclasses import dataclass
from typing import Any

from integrations.admin.record_lists import TABS
from integrations.models import Resource, SyncRun
from integrations.services.sync import time_left


@dataclass(frozen=True)
class ResourceProgress:
    """One resource of a run; `total` is None while the ledger has not said how many there are."""

    name: str
    records: int
    pages: int
    total: int | None
    is_done: bool
    proved: bool | None = None
    ours: int | None = None
    ledgers: int | None = None
    unmet: int = 0

    @property
    def proof(self) -> str:
        """What the ledger's own count says about a full pull, in words; empty where it has none."""
        if self.unmet:
            told = f"The ledger counts {self.unmet:,} more than it listed: what was not listed is kept, not deleted."
            return f"{told} Run a full sync again; if it stays so, look at the calls."
        if self.proved is None:
            return ""
        if self.proved:
            return f"The ledger counts {self.ledgers:,} too."
        told = f"The ledger counts {self.ledgers:,}, the portal {self.ours:,}."
        return f"{told} Run a full sync again; if it stays so, look at the calls."

    @property
    def percent(self) -> int | None:
        """0 to 100, or None when it cannot be known."""
        if self.is_done:
            return 100
        if not self.total:
            return None
        return min(99, 100 * self.records // self.total)


@dataclass(frozen=True)
class Progress:
    """A run's progress; `seconds_left` is None while too little is done to guess."""

    resources: list[ResourceProgress]
    done: int
    percent: int
    seconds_left: float | None


def progress_of(run: SyncRun) -> Progress:
    """The progress written by the worker, in the order of the tabs.

    Resources whose size the ledger has not told count as begun or done, so the share is a fair guess, never exact.
    """
    # JSON columns forget the order of keys: the pages' own order is used.
    known = {name: found for name, found in run.progress.items() if isinstance(found, dict)}
    resources = [_resource(name, known[name]) for name in sorted(known, key=_position)]
    share = sum(row.percent or 0 for row in resources) // len(resources) if resources else 0
    percent = 100 if run.status == SyncRun.Status.SUCCEEDED else min(99, share)
    left = time_left(run)
    return Progress(
        resources=resources,
        done=sum(row.is_done for row in resources),
        percent=percent,
        seconds_left=left.total_seconds() if left is not None else None,
    )


def _position(name: str) -> tuple[int, str]:
    return (TABS.index(Resource(name)) if name in TABS else len(TABS), name)


def _resource(name: str, found: dict[str, Any]) -> ResourceProgress:
    total = found.get("total")
    return ResourceProgress(
        name=name,
        records=int(found.get("records") or 0),
        pages=int(found.get("pages") or 0),
        total=int(total) if total is not None else None,
        is_done=bool(found.get("is_done")),
        proved=found.get("proved"),
        ours=found.get("counted", {}).get("ours"),
        ledgers=found.get("counted", {}).get("ledger"),
        unmet=int(found.get("unmet") or 0),
    )
