"""What a full re-read did not meet: it is gone from the ledger, unless the walk itself left something out."""

from datetime import datetime

import structlog

from integrations.engine.ledger import Ledger
from integrations.models import SyncRun
from integrations.services import records
from integrations.services.planning import told_total
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)


def is_gone(run: SyncRun, resource: str, since: datetime, ledger: Ledger) -> bool:
    """Whether there are rows that a re-read begun at `since` did not meet, and they may be marked as deleted.

    Not while the ledger counts more than the walk met: then the walk is not whole, and what it left out is kept and
    noted in the run (`unmet`). The count comes with the pages, or costs a call; where a ledger has none, nothing can
    be said against the walk.
    """
    state = run.progress[resource]
    # A record that could not be read was not seen either, and is not gone for that.
    if not state["is_reread"] or state["unreadable"]:
        return False
    with tenant_scope(run.tenant_id):
        if not records.has_unseen(run=run, resource=resource, since=since):
            return False
    total = told_total(state)
    total = ledger.count(resource) if total is None else total
    met = state["records"] + state.get("gone", 0)
    if total is None or total <= met:
        return True
    state["unmet"] = total - met
    log.warning("incomplete_walk", run=str(run.pk), resource=resource, ledger=total, met=met)
    return False
