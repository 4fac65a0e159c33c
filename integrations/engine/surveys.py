"""One question over many kinds of record: how many there are and how many changed, so that the others are left alone.

Only where a ledger's query language can join such questions (`survey_statement` in the manifest).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integrations.engine import paths
from integrations.engine.messages import RemoteRequest

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

_JOINED = " UNION ALL "


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger said of one kind of record."""

    at: datetime
    """Our clock before the question: what changes later was not told."""
    changed: int
    total: int


Survey = Mapping[tuple[str, str], Told]
"""By resource and kind of record; what is not in it has to be asked for by itself."""


def surveyed(ledger: "Ledger", since: Mapping[str, datetime]) -> Survey:
    """What changed since a moment of each resource, by one call; nothing where the ledger cannot be asked so."""
    asked: dict[tuple[str, str], RemoteRequest] = {}
    for name, moment in since.items():
        for entity in ledger.reader.kinds(ledger.connector.resource(name)):
            request = entity.paging.survey(ledger.reader.places(entity), moment, which=str(len(asked)))
            if request is not None:
                asked[name, entity.remote_type] = request
    if len(asked) < 2:
        return {}
    at = datetime.now(UTC)
    answer = ledger.client.send(_together(list(asked.values())))
    ledger.needs_json(answer)
    rows = {str(row["which"]): row for row in paths.getter(ledger.connector.answers.many)(answer.body) or []}
    return {
        key: Told(at, int(row.get("changed") or 0), int(row["total"]))
        for place, key in enumerate(asked)
        if (row := rows.get(str(place))) is not None
    }


def _together(requests: list[RemoteRequest]) -> RemoteRequest:
    first = requests[0]
    return replace(first, body={name: _JOINED.join(each.body[name] for each in requests) for name in first.body})
