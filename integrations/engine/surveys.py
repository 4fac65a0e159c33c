"""How many records of each kind there are and whether any of them changed, so that the others are left alone.

Where a ledger's query language can join questions, one tells of all kinds (`survey_statement` in the manifest). Where
it cannot, each kind is asked for its newest record (`survey_body`): one call tells what a list of changes and a count
would tell by two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.engine import paths
from integrations.engine.declarations import Entity
from integrations.engine.errors import PermissionMissing, RejectedError
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.scalars import moment

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

_JOINED = " UNION ALL "
_LONG_AGO = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger said of one kind of record."""

    at: datetime
    """Our clock before the question: what changes later was not told."""
    changed: int
    """How many changed; 1 where only whether any did is known."""
    total: int


Key = tuple[str, str]
Survey = Mapping[Key, Told]
"""By resource and kind of record; what is not in it has to be asked for by itself."""


def surveyed(ledger: "Ledger", since: Mapping[str, datetime]) -> Survey:
    """What changed since a moment of each resource, by few calls; nothing where the ledger cannot be asked so."""
    kinds = [
        ((name, entity.remote_type), entity)
        for name in since
        for entity in ledger.reader.kinds(ledger.connector.resource(name))
    ]
    return {**_by_newest(ledger, kinds, since), **_by_statement(ledger, kinds, since)}


# All kinds by one question -------------------------------------------------------------------------------------------


def _by_statement(ledger: "Ledger", kinds: list[tuple[Key, Entity]], since: Mapping[str, datetime]) -> Survey:
    asked: dict[Key, RemoteRequest] = {}
    for key, entity in kinds:
        request = entity.paging.survey(ledger.reader.places(entity), since[key[0]], which=str(len(asked)))
        if request is not None:
            asked[key] = request
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


# Each kind by its newest record --------------------------------------------------------------------------------------


def _by_newest(ledger: "Ledger", kinds: list[tuple[Key, Entity]], since: Mapping[str, datetime]) -> Survey:
    asked = [
        (key, entity, request)
        for key, entity in kinds
        if (request := entity.paging.newest(ledger.reader.places(entity))) is not None
    ]
    # Two resources that are made of the same records ask the same.
    calls = {request.encoded(): request for _, _, request in asked}
    at = datetime.now(UTC)
    ledger.client.expect(calls.values())
    answers = {said: _answer(ledger, request) for said, request in calls.items()}
    found = {
        key: _newest(ledger, entity, answer, since[key[0]], at)
        for key, entity, request in asked
        if (answer := answers[request.encoded()]) is not None
    }
    return {key: told for key, told in found.items() if told is not None}


def _answer(ledger: "Ledger", request: RemoteRequest) -> Answer | None:
    """None where the ledger refuses this question: of one kind it may, and the others are told all the same."""
    try:
        return ledger.client.send(request)
    except (RejectedError, PermissionMissing):
        return None


def _newest(ledger: "Ledger", entity: Entity, answer: Answer, since: datetime, at: datetime) -> Told | None:
    """None unless the answer tells the number and, where there are any, when the newest of them was modified."""
    total, rows = entity.paging.total(answer), ledger.reader.many(entity, answer)
    if total is None or (total and not rows):
        return None
    modified = _modified(paths.getter(entity.paging.survey_path)(rows[0])) if rows else since - _LONG_AGO
    if modified is None:
        return None
    # The ledger's moments may be whole seconds: what changed in the second of `since` may have changed after it.
    return Told(at, int(modified >= since.replace(microsecond=0)), total)


def _modified(told: Any) -> datetime | None:
    try:
        return moment(told)
    except ValueError:
        return None
