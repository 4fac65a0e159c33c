"""After a document is posted: are the ledger's tax and total what its sender said? Beyond the tolerance it is shown.

Only what the document states is compared. A document without a tax of its own leaves it to the ledger.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.models import Discrepancy, LedgerRecord, Posting
from integrations.services import discrepancies, sums

_COMPARED = (
    ("tax_total", "Tax", Discrepancy.Kind.TAX),
    ("total", "Total", Discrepancy.Kind.TOTAL),
)
_PROPOSALS = {
    Discrepancy.Kind.TAX: {
        "action": "correct_mapping",
        "text": "Map the source's tax to the ledger's code of that rate, then reverse this document and post it again. "
        "If the ledger is right, accept the difference.",
    },
    Discrepancy.Kind.TOTAL: {
        "action": "reverse_and_post",
        "text": "Compare the lines, correct the mapping, then reverse this document and post it again. "
        "If the ledger is right, accept the difference.",
    },
}


def compare(posting: Posting, record: LedgerRecord) -> Discrepancy | None:
    """Report what lies beyond the connection's tolerance, in the caller's transaction; None when nothing does."""
    if posting.operation != Posting.Operation.CREATE or not posting.body.get("lines"):
        return None
    kind, differences = apart(posting.body, record.unified, posting.connection.tax_tolerance)
    if kind is None:
        return None
    return discrepancies.report(
        connection=posting.connection,
        kind=kind,
        key=f"posted:{posting.pk}",
        resource=posting.resource,
        record=record,
        posting=posting,
        differences=differences,
        proposal=_PROPOSALS[kind],
    )


def apart(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: Decimal
) -> tuple[Discrepancy.Kind | None, list[dict[str, Any]]]:
    """The kind of difference and each figure that differs by more than the tolerance: tax before total."""
    stated = {"tax_total": sums.tax_of(ours), "total": _number(ours.get("total"))}
    found: list[dict[str, Any]] = []
    kinds: list[Discrepancy.Kind] = []
    for name, label, kind in _COMPARED:
        mine, its = stated[name], _number(theirs.get(name))
        if mine is not None and its is not None and abs(mine - its) > tolerance:
            found.append({"field": name, "label": label, "ours": str(mine), "theirs": str(its)})
            kinds.append(kind)
    return (kinds[0] if kinds else None), found


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
