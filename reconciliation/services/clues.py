"""The clues of a connection: written for what changed in the mirror, and asked for what a line may mean."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection as database

from integrations.models import Connection, LedgerRecord
from integrations.services.arrivals import new_text_id
from reconciliation.matching.books import KEY_BUCKET
from reconciliation.matching.clues import NO_DAY, Ask, entry_clues, name_clues
from reconciliation.matching.names import BUCKET_LIMIT
from reconciliation.models import Clue, MatchEntry
from reconciliation.services.entries import DOCUMENTS, RECORDED, Candidate

_SKEW = timedelta(seconds=10)
_ROWS = 20_000
_BETWEEN = "\x1f"
_MOST_COUNTED = 2000

# A transaction that is still open may have stamped its rows before this moment and show them after it.
_SETTLED_AT = """
SELECT least(clock_timestamp(), min(xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
# Each column travels as one text: making arrays of a million values takes three times as long.
_WRITE = """
INSERT INTO reconciliation_clue (id, tenant_id, connection_id, key, "on", record_id, contact)
SELECT id::uuid, %(tenant)s, %(connection)s, key, "on"::date, NULLIF(record, '')::uuid, contact
FROM unnest(
  string_to_array(%(ids)s, E'\\x1f'), string_to_array(%(keys)s, E'\\x1f'), string_to_array(%(days)s, E'\\x1f'),
  string_to_array(%(records)s, E'\\x1f'), string_to_array(%(contacts)s, E'\\x1f')
) AS t(id, key, "on", record, contact)
"""
# Both sides of a day by one index, so that a key of ten thousand entries costs as much as one of ten.
_NEAREST = """
SELECT q.key, c.record_id
FROM unnest(%(keys)s::text[], %(days)s::date[], %(most)s::int[], %(first)s::date[], %(last)s::date[])
  AS q(key, day, most, first, last),
LATERAL (
  (SELECT record_id FROM reconciliation_clue WHERE connection_id = %(connection)s AND key = q.key
     AND "on" >= q.day AND "on" <= q.last ORDER BY "on" LIMIT q.most)
  UNION ALL
  (SELECT record_id FROM reconciliation_clue WHERE connection_id = %(connection)s AND key = q.key
     AND "on" < q.day AND "on" >= q.first ORDER BY "on" DESC LIMIT q.most)) c
"""
_NAMED = """
SELECT q.key, c.contact FROM unnest(%(keys)s::text[]) AS q(key),
LATERAL (SELECT contact FROM reconciliation_clue
         WHERE connection_id = %(connection)s AND key = q.key LIMIT %(most)s) c
"""
_COUNTED = """
SELECT q.key, c.times FROM unnest(%(keys)s::text[]) AS q(key),
LATERAL (SELECT count(*) AS times FROM (SELECT FROM reconciliation_clue
         WHERE connection_id = %(connection)s AND key = q.key LIMIT %(most)s) found) c
"""


def settled_at() -> datetime:
    """A moment before which everything that was stored can be seen; later ones may still come to light."""
    with database.cursor() as cursor:
        cursor.execute(_SETTLED_AT)
        moment: datetime = cursor.fetchone()[0]
    return moment - _SKEW


def lock(connection: Connection) -> None:
    """Nobody else writes clues of the connection until this transaction ends."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"clues {connection.pk}"])


def changed_since(connection: Connection, since: datetime, most: int) -> set[UUID]:
    """Records that may explain lines, or did, and came, changed or went since then, or that an ended match set free;
    more than `most` when there are more."""
    rows = LedgerRecord.objects.filter(connection=connection, synced_at__gte=since, resource__in=DOCUMENTS | RECORDED)
    freed = MatchEntry.objects.filter(match__connection=connection, match__ended_at__gte=since)
    return {
        *rows.values_list("pk", flat=True)[: most + 1],
        *freed.values_list("record", flat=True)[: most + 1],
    }


def write_all(connection: Connection, found: Sequence[Candidate]) -> int:
    """Clues of these entries in the place of all that were there; how many names they hold."""
    Clue.objects.filter(connection=connection).delete()
    return write(connection, (), found)


def write(connection: Connection, changed: Collection[UUID], found: Sequence[Candidate]) -> int:
    """Clues of changed records as they are now, none for those that explain nothing any more; how many names are new.

    A name stays, when its last record went, until all clues are written again.
    """
    if changed:
        Clue.objects.filter(record__in=changed).delete()
    _insert(connection, ((key, on, c.record_id, "") for c in found for key, on in entry_clues(c.entry)))
    memos: dict[str, list[str]] = defaultdict(list)
    for each in found:
        if each.entry.contact_name:
            memos[each.entry.contact_name.replace(_BETWEEN, " ")].append(each.entry.memo)
    marked = Clue.objects.filter(connection=connection, key__in=[_marker(name) for name in memos])
    known = set(marked.values_list("contact", flat=True))
    fresh = memos.keys() - known
    wanted = {(key, name) for name in fresh for key in (*name_clues(name), _marker(name))}
    wanted |= {(key, name) for name, told in memos.items() for key in name_clues("", told)}
    declared = {pair for pair in wanted if pair[1] in known}
    if declared:
        there = Clue.objects.filter(connection=connection, key__in={key for key, _ in declared})
        wanted -= set(there.values_list("key", "contact"))
    _insert(connection, ((key, NO_DAY, None, name) for key, name in sorted(wanted)))
    return len(fresh)


def _marker(name: str) -> str:
    return f"= {name}"[:320]


def _insert(connection: Connection, rows: Iterable[tuple[str, date, UUID | None, str]]) -> None:
    left = ((new_text_id(), key, on.isoformat(), str(record or ""), contact) for key, on, record, contact in rows)
    owner: dict[str, Any] = {"tenant": connection.tenant_id, "connection": connection.pk}
    with database.cursor() as cursor:
        while some := list(islice(left, _ROWS)):
            columns = (_BETWEEN.join(column) for column in zip(*some, strict=True))
            names = ("ids", "keys", "days", "records", "contacts")
            cursor.execute(_WRITE, {**owner, **dict(zip(names, columns, strict=True))})


def nearest(connection: Connection, asks: Sequence[Ask]) -> dict[str, list[UUID]]:
    """Records by the keys that were asked for; one query."""
    columns = {
        "keys": [ask.key for ask in asks],
        "days": [ask.on for ask in asks],
        "most": [ask.most for ask in asks],
        "first": [ask.span[0] for ask in asks],
        "last": [ask.span[1] for ask in asks],
    }
    found: dict[str, list[UUID]] = defaultdict(list)
    for key, record in _ask(_NEAREST, connection, **columns):
        found[key].append(record)
    return found


def crowded(key: str, found: Collection[UUID]) -> bool:
    """Whether a number is that of too many entries to cite one."""
    return key.startswith("k ") and len(found) > KEY_BUCKET


def names_under(connection: Connection, keys: Collection[str]) -> dict[str, list[str]]:
    """Contacts by the keys of names, of a key that more share than tells anything one more than that; one query."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, name in _ask(_NAMED, connection, keys=sorted(keys), most=BUCKET_LIMIT + 1):
        found[key].append(name)
    return found


def times_borne(connection: Connection, words: Collection[str]) -> dict[str, int]:
    """How many contacts bear each word in their names; more than 2,000 count as 2,000. One query."""
    keys = [f"n t:{word}" for word in sorted(words)]
    return {key.removeprefix("n t:"): n for key, n in _ask(_COUNTED, connection, keys=keys, most=_MOST_COUNTED)}


def _ask(statement: str, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement, {"connection": connection.pk, **values})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
