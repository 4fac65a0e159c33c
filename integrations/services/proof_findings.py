"""Lines of a proof as discrepancies: uneven ones are open, with what would set them right; even ones close theirs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.models import Connection, Discrepancy, Resource
from integrations.services.discrepancies import Finding, report_all, resolve_gone
from integrations.services.proof_lines import EVEN, UNEVEN, Line

Kind = Discrepancy.Kind
_KINDS = {"count": Kind.COUNT, "trial_balance": Kind.TRIAL_BALANCE, "amount": Kind.AMOUNT, "bank": Kind.BANK_BALANCE}


def key_of(line: Line) -> str:
    """What names the difference of a line."""
    return f"proof:{line['key']}"[:200]


def kept_offsets(connection: Connection) -> dict[str, Decimal]:
    """key → the difference that somebody accepted as known, such as an opening balance that no interface tells."""
    rows = Discrepancy.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, key__startswith="proof:", status=Discrepancy.Status.ACCEPTED
    )
    kept = rows.order_by("id").values_list("key", "proposal")
    return {key: Decimal(proposal["offset"]) for key, proposal in kept if proposal.get("offset")}


def with_offsets(lines: Sequence[Line], offsets: dict[str, Decimal]) -> list[Line]:
    """Lines that differ by exactly what was accepted are even, and say so."""
    return [_with_offset(line, offsets.get(key_of(line), Decimal(0))) for line in lines]


def _with_offset(line: Line, offset: Decimal) -> Line:
    if not offset or line["theirs"] is None or line["ours"] is None or line["status"] not in (EVEN, UNEVEN):
        return line
    status = EVEN if line["theirs"] - line["ours"] == offset else UNEVEN
    return {**line, "status": status, "note": f"{line['note']} A known difference of {offset} is accepted.".strip()}


def settle(connection: Connection, lines: Sequence[Line]) -> list[Discrepancy]:
    """Open and close discrepancies as the lines say, in the caller's transaction; returns those that are there."""
    found = [_finding(line) for line in lines if line["status"] == UNEVEN]
    resolve_gone(connection=connection, keys=[key_of(line) for line in lines if line["status"] == EVEN])
    return report_all(connection=connection, findings=found)


def _finding(line: Line) -> Finding:
    kind = _KINDS[line["key"].partition(":")[0]]
    difference = line["theirs"] - line["ours"]
    shown = {"field": line["key"], "label": line["what"], "ours": str(line["ours"]), "theirs": str(line["theirs"])}
    return Finding(
        kind, key_of(line), line["resource"], differences=[shown], proposal=_proposal(kind, line, difference)
    )


def resources_of(line: Line) -> list[str]:
    """What has to be read to be sure of a line."""
    name = line["resource"]
    return [name, *([] if line["key"].startswith("count:") else _SETTLED_BY.get(name, ()))] if name else []


_SETTLED_BY = {
    "invoices": ("credit_notes", "payments", "journal_entries"),
    "bills": ("vendor_credits", "bill_payments", "journal_entries"),
    "bank_transactions": ("payments", "bill_payments", "journal_entries"),
}


def _proposal(kind: str, line: Line, difference: Any) -> dict[str, Any]:
    if kind == Kind.TRIAL_BALANCE:
        return {"action": "", "text": "The books themselves do not balance: have the ledger's support look at them."}
    names = resources_of(line)
    labels = [str(Resource(name).label).lower() for name in names]
    words = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    text = f"Read {words} again in full: what is missing is added, what is gone is marked."
    return {"action": "reread", "text": text, "offset": str(difference), "resources": names}
