"""What a document's writes do to the books together, and what a settlement at another rate gains or loses."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from integrations.engine.effects import Entry, entries, line_account, summed
from mappings.transform.model import Write
from mappings.transform.money import rounded

__all__ = ["Entry", "entries", "entries_of", "exchange_difference", "line_account"]

_NONE = Decimal(0)


def entries_of(writes: Iterable[Write]) -> list[Entry]:
    """Debits and credits of all that a document creates, in its currency; what only applies or approves moves nothing.

    The sums of debits and credits are equal.
    """
    return summed(
        each for write in writes if write.operation == "create" for each in entries(write.resource, write.body)
    )


def exchange_difference(
    payload: Mapping[str, Any], rates: Mapping[str, Decimal | None], *, home: str, sign: int
) -> Decimal | None:
    """Realised gain (above zero) or loss of a settlement in home currency; None where a rate is not known.

    `rates`: home units for one unit, by the key of each settled document. `sign`: 1 for money in, -1 for money out.
    """
    own = payload.get("exchange_rate")
    gained = _NONE
    for share in payload.get("allocations") or []:
        named = share.get("id")
        then = rates.get(str(named.get("document"))) if isinstance(named, Mapping) else None
        if own is None or then is None:
            return None
        amount = Decimal(str(share["amount"]))
        gained += rounded(amount * Decimal(str(own)), home) - rounded(amount * then, home)
    return sign * gained
