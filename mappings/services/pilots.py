"""Pilot and parallel run: a version and the active one post the same real documents into simulated companies.

By the same connector and the same transformation as production; never into the tenant's own ledger: a company of the
sandbox has no connection, and its addresses are made of the sandbox's alone (`integrations.services.pilot_companies`).
A worker that is killed leaves companies behind: the next one removes them and begins anew with fresh ones.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine.errors import ConfigurationError, IntegrationError, TransientError
from integrations.models import Connection, LedgerRecord
from integrations.services import failures
from integrations.services.pilot_companies import Wanted, pilot_company, remove_companies, sandbox_url
from integrations.services.work import LeaseLostError, backoff, claim, conclude, keep, release
from mappings.models import MappingSet, Pilot, SourceDocument
from mappings.services.backtests import content_of
from mappings.services.differences import tied_rules, unfit_values
from mappings.services.drafts import in_conflict
from mappings.services.mapping import book_for
from mappings.services.pilot_replay import Booked, Names, Replay
from mappings.services.pilot_report import Played, report_of
from mappings.services.practice import practice_of
from mappings.services.versions import active_set
from mappings.transform import Document, Key
from mappings.transform.practice import Practice
from tenants.models import User
from tenants.rls import tenant_scope

MOST_DOCUMENTS = 500
_MOST_TOGETHER = 2 * MOST_DOCUMENTS
"""With the earlier documents that the chosen ones name; what is named beyond waits in both companies alike."""
_MOST_ATTEMPTS = 3
_AT_ONCE = 100
_Status = Pilot.Status
_BUSY = (_Status.QUEUED, _Status.RUNNING, _Status.STOPPING)
_NEVER_POSTED = (
    SourceDocument.Status.MATCHING,
    SourceDocument.Status.LINKED,
    SourceDocument.Status.LEFT_OUT,
)


@dataclass(frozen=True)
class Choice:
    """Which documents: so many of the last, of some kinds (none named: all), dated within."""

    documents: int
    kinds: tuple[str, ...] = ()
    dated_from: date | None = None
    dated_to: date | None = None


def request_pilot(*, mapping_set: MappingSet, choice: Choice, by: User | None) -> Pilot:
    """Ask for a pilot of an open version; ring `run_pilot` after commit. One under way is returned instead of a second.

    ValidationError, with what to do, where there is no sandbox, the version is not open or cannot be used as it is, or
    the choice makes no sense.
    """
    _checked(choice)
    try:
        sandbox_url()
    except ConfigurationError as missing:
        raise ValidationError(f"{missing.message} {missing.remedy}", code=missing.code) from missing
    MappingSet.objects.for_tenant(mapping_set.tenant_id).select_for_update(of=("self",)).get(pk=mapping_set.pk)
    rows = Pilot.objects.for_tenant(mapping_set.tenant_id)
    if busy := rows.filter(mapping_set=mapping_set, status__in=_BUSY).first():
        return busy
    _usable(mapping_set)
    return Pilot.objects.create(
        tenant_id=mapping_set.tenant_id,
        mapping_set=mapping_set,
        wanted=choice.documents,
        kinds=list(choice.kinds),
        dated_from=choice.dated_from,
        dated_to=choice.dated_to,
        requested_by=by,
    )


def cancel_pilot(pilot: Pilot) -> None:
    """Stop it; its companies are removed by a worker (ring `run_pilot`). ValidationError when it is over already."""
    rows = Pilot.objects.for_tenant(pilot.tenant_id).filter(pk=pilot.pk, status__in=_BUSY)
    # Whoever works on it loses it by the fence, and removes what it has founded.
    changes: dict[str, Any] = {"status": _Status.STOPPING, "lease_until": None, "available_at": timezone.now()}
    found = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise ValidationError("This pilot is over already; there is nothing to stop.")
    rows.update(fence=found.fence + 1, **changes)
    pilot.refresh_from_db()


def latest_pilot(mapping_set: MappingSet) -> Pilot | None:
    """The last one that was asked for this version."""
    rows = Pilot.objects.for_tenant(mapping_set.tenant_id).filter(mapping_set=mapping_set)
    return rows.select_related("requested_by", "mapping_set").order_by("-created_at").first()


def is_outdated(pilot: Pilot) -> bool:
    """Whether the version's rules have changed since."""
    return pilot.status == _Status.DONE and pilot.content != content_of(pilot.mapping_set)


def verdict(mapping_set: MappingSet) -> str:
    """The headline of its last pilot for whoever approves it; empty without one, or when the rules changed since."""
    found = latest_pilot(mapping_set)
    return "" if found is None or is_outdated(found) else found.headline


def run_pilot(tenant_id: UUID | str, pilot_id: UUID | str) -> Pilot | None:
    """The worker's use case; None when there was nothing to take. Writes its own row and nothing else of the tenant."""
    with tenant_scope(tenant_id):
        found = claim(Pilot, tenant_id=tenant_id, row_id=pilot_id, statuses=_BUSY)
        if found is None:
            return None
        mapping_set = MappingSet.objects.select_related("connection").get(pk=found.mapping_set_id)
    try:
        _attempt(found, mapping_set)
    except LeaseLostError:
        return found
    except TransientError as error:
        with tenant_scope(tenant_id):
            release(found, wait=backoff(found.attempts, error.retry_after), **failures.columns(error))
    except IntegrationError as error:
        with tenant_scope(tenant_id):
            conclude(found, status=_Status.FAILED, **failures.columns(error))
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(found, status=_Status.FAILED, **failures.of_bug(error))
        raise
    return found


def _checked(choice: Choice) -> None:
    if not 1 <= choice.documents <= MOST_DOCUMENTS:
        raise ValidationError(f"Post between 1 and {MOST_DOCUMENTS:,} documents: each is really written twice.")
    unknown = [kind for kind in choice.kinds if kind not in SourceDocument.Kind.values]
    if unknown:
        raise ValidationError(
            f"There is no kind {', '.join(unknown)}; there are {', '.join(SourceDocument.Kind.values)}."
        )
    if choice.dated_from and choice.dated_to and choice.dated_from > choice.dated_to:
        raise ValidationError("The first day is after the last: exchange them.")


def _usable(mapping_set: MappingSet) -> None:
    if mapping_set.status not in (MappingSet.Status.DRAFT, MappingSet.Status.SUBMITTED):
        raise ValidationError("Only a draft, or a version that waits for approval, is piloted.")
    if unfit := unfit_values(mapping_set):
        names = ", ".join(f"{row.words} ({why})" for row, why in unfit[:5])
        raise ValidationError(f"These rules point at records that cannot be used; mend them first: {names}.")
    if ties := tied_rules(mapping_set):
        raise ValidationError(in_conflict(*ties[0]))


def _attempt(pilot: Pilot, mapping_set: MappingSet) -> None:
    connection = mapping_set.connection
    with tenant_scope(pilot.tenant_id):
        keep(pilot, attempts=pilot.attempts + 1)
    if pilot.status == _Status.STOPPING:
        _stop(pilot, connection)
        return
    if pilot.attempts > _MOST_ATTEMPTS:
        raise IntegrationError(
            "The pilot did not come to its end in three attempts.",
            code="too_often",
            remedy="Post fewer documents, or ask the operator whether the sandbox and the workers run.",
        )
    remove_companies(connection.connector, _prefix(pilot))
    with tenant_scope(pilot.tenant_id):
        against = active_set(connection)
        versions = [each for each in (against, mapping_set) if each is not None]
        ids = _documents(pilot, connection)
        keep(
            pilot,
            status=_Status.RUNNING,
            total=len(ids) * len(versions),
            looked_at=0,
            **failures.NO_ERROR,
        )
        content, names = content_of(mapping_set), Names(connection)
    booked, is_balanced = {}, {}
    for version in versions:
        version.connection = connection
        booked[version.pk], is_balanced[version.pk] = _company(pilot, version, ids, names)
    with tenant_scope(pilot.tenant_id):
        rows = SourceDocument.objects.for_tenant(pilot.tenant_id).in_bulk(ids)
        before = booked[against.pk] if against else {}
        played = [Played(rows[key], booked[mapping_set.pk][key], before.get(key)) for key in ids if key in rows]
        numbers = {
            "version": mapping_set.version,
            "against": against.version if against else None,
            "is_balanced": all(is_balanced.values()),
        }
        report = report_of(played, currency=connection.currency, versions=numbers)
        conclude(pilot, status=_Status.DONE, step="", report=report, content=content)


def _stop(pilot: Pilot, connection: Connection) -> None:
    try:
        remove_companies(connection.connector, _prefix(pilot))
    except TransientError:
        # A sandbox that stays away has nothing to remove, or its operator empties it.
        if pilot.attempts <= 2 * _MOST_ATTEMPTS:
            raise
    with tenant_scope(pilot.tenant_id):
        conclude(pilot, status=_Status.CANCELLED, step="", **failures.NO_ERROR)


def _prefix(pilot: Pilot) -> str:
    return f"Pilot {pilot.pk}"


def _documents(pilot: Pilot, connection: Connection) -> list[UUID]:
    """The chosen documents and the earlier ones that these name, in the order they came."""
    rows = SourceDocument.objects.for_tenant(pilot.tenant_id).filter(connection=connection)
    rows = rows.exclude(status__in=_NEVER_POSTED)
    chosen = rows.filter(kind__in=pilot.kinds) if pilot.kinds else rows
    chosen = chosen.filter(issued_on__gte=pilot.dated_from) if pilot.dated_from else chosen
    chosen = chosen.filter(issued_on__lte=pilot.dated_to) if pilot.dated_to else chosen
    found = dict(chosen.order_by("-id").values_list("pk", "names")[: pilot.wanted])
    wanted = {key for names in found.values() for key in names}
    while wanted and len(found) < _MOST_TOGETHER:
        # A payment without its invoice is no payment: what it names is posted before it.
        sources = {key.partition(":")[0] for key in wanted}
        ids = {key.partition(":")[2] for key in wanted}
        named = rows.filter(source__in=sources, external_id__in=ids).exclude(pk__in=found)
        more = {row.pk: row.names for row in named if row.key in wanted}
        found |= more
        wanted = {key for names in more.values() for key in names}
    return sorted(found)


def _company(pilot: Pilot, version: MappingSet, ids: Sequence[UUID], names: Names) -> tuple[dict[UUID, Booked], bool]:
    """All documents under one version in a company of its own, which is gone afterwards."""
    connection, found = version.connection, {}
    wanted = _wanted(pilot, version, ids)
    with ExitStack() as stack:
        _told(pilot, f"Founding the company of version {version.version}")
        replay = Replay(connection, version.version, stack.enter_context(pilot_company(wanted)), names)
        _told(pilot, f"Posting with version {version.version}")
        for row, source, book, practice in _prepared(version, ids):
            found[row.pk] = replay.play(row, source, book, practice)
            with tenant_scope(pilot.tenant_id):
                keep(pilot, looked_at=pilot.looked_at + 1)
        return found, replay.is_balanced


def _wanted(pilot: Pilot, version: MappingSet, ids: Sequence[UUID]) -> Wanted:
    connection = version.connection
    with tenant_scope(pilot.tenant_id):
        mirrored = LedgerRecord.objects.for_tenant(pilot.tenant_id).of(connection, "currencies").filter(is_active=True)
        codes = {str(unified.get("code") or "") for unified in mirrored.values_list("unified", flat=True)}
        rows = SourceDocument.objects.for_tenant(pilot.tenant_id).filter(pk__in=ids)
        codes |= set(rows.order_by().values_list("currency", flat=True).distinct())
    others = tuple(sorted(codes - {"", connection.currency}))
    name = f"{_prefix(pilot)} version {version.version}"
    return Wanted(connection.connector, name, connection.country, connection.currency, others)


def _told(pilot: Pilot, step: str) -> None:
    with tenant_scope(pilot.tenant_id):
        keep(pilot, step=step)


def _prepared(version: MappingSet, ids: Sequence[UUID]) -> Iterator[tuple[SourceDocument, Document, Any, Practice]]:
    """Each document with the rules and habits that hold for it, some at a time."""
    connection = version.connection
    practices: dict[str, Practice] = {}
    for start in range(0, len(ids), _AT_ONCE):
        with tenant_scope(version.tenant_id):
            rows = SourceDocument.objects.for_tenant(version.tenant_id).filter(pk__in=ids[start : start + _AT_ONCE])
            documents = [
                (row, Document.from_body(row.body)) for row in rows.select_related("connection").order_by("id")
            ]
            keys: list[Key] = list(dict.fromkeys(key for _, source in documents for key in source.uses()))
            book = book_for(connection, version, keys)
            for kind in {source.kind for _, source in documents} - practices.keys():
                practices[kind] = practice_of(connection, kind)
        for row, source in documents:
            yield row, source, book, practices[source.kind]
