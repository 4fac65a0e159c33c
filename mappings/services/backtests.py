"""Back-test: a version run over the last real documents, and what would change, account by account and tax by tax."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError

from integrations.services import failures
from integrations.services.work import LeaseLostError, claim, conclude, keep
from mappings.models import BackTest, MappingSet, SourceDocument, ValueMapping
from mappings.services.backtest_report import Report
from mappings.services.earlier import links_of_all
from mappings.services.mapping import book_for
from mappings.services.practice import practice_of
from mappings.services.versions import active_set
from mappings.transform import Document, Key, apply
from mappings.transform.compare import compare
from tenants.models import User
from tenants.rls import tenant_scope

MOST_DOCUMENTS = 20_000
AT_ONCE = 500
_Status = BackTest.Status


def request_back_test(*, mapping_set: MappingSet, documents: int, by: User | None) -> BackTest:
    """Ask for a version to be tried on so many of the last documents; ring `run_back_test` after commit.

    One that is under way for this version is returned instead of a second. ValidationError outside 1 … MOST_DOCUMENTS.
    """
    if not 1 <= documents <= MOST_DOCUMENTS:
        raise ValidationError(f"Try it on between 1 and {MOST_DOCUMENTS:,} documents.")
    MappingSet.objects.for_tenant(mapping_set.tenant_id).select_for_update(of=("self",)).get(pk=mapping_set.pk)
    rows = BackTest.objects.for_tenant(mapping_set.tenant_id).filter(mapping_set=mapping_set)
    busy = rows.filter(status__in=[_Status.QUEUED, _Status.RUNNING]).first()
    return busy or BackTest.objects.create(
        tenant_id=mapping_set.tenant_id, mapping_set=mapping_set, wanted=documents, requested_by=by
    )


def latest_back_test(mapping_set: MappingSet) -> BackTest | None:
    """The last one that was asked for this version."""
    rows = BackTest.objects.for_tenant(mapping_set.tenant_id).filter(mapping_set=mapping_set)
    return rows.select_related("requested_by").order_by("-created_at").first()


def is_outdated(back_test: BackTest) -> bool:
    """Whether the version's rules have changed since it was tried."""
    return back_test.status == _Status.DONE and back_test.content != content_of(back_test.mapping_set)


def content_of(mapping_set: MappingSet) -> str:
    """A digest of what a version says."""
    rows = ValueMapping.objects.for_tenant(mapping_set.tenant_id).filter(mapping_set=mapping_set)
    columns = ("subject", "side", "value", "conditions", "effective_from", "target_resource", "target_external_id")
    said = sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows.values_list(*columns))
    return sha256(b"\n".join(said)).hexdigest()


def run_back_test(tenant_id: UUID | str, back_test_id: UUID | str) -> BackTest | None:
    """The worker's use case; None when there was nothing to take. Writes the report and nothing else."""
    with tenant_scope(tenant_id):
        found = claim(BackTest, tenant_id=tenant_id, row_id=back_test_id, statuses=[_Status.QUEUED, _Status.RUNNING])
        if found is None:
            return None
        ids = _documents(found)
        keep(found, status=_Status.RUNNING, attempts=found.attempts + 1, total=len(ids), looked_at=0)
        mapping_set = MappingSet.objects.select_related("connection").get(pk=found.mapping_set_id)
        against = active_set(mapping_set.connection)
        content = content_of(mapping_set)
    report = Report(mapping_set, against)
    try:
        for done, chunk in _chunks(ids):
            with tenant_scope(tenant_id):
                _try(report, mapping_set, against, chunk)
                keep(found, looked_at=done)
        with tenant_scope(tenant_id):
            conclude(found, status=_Status.DONE, report=report.as_dict(), content=content, **failures.NO_ERROR)
    except LeaseLostError:
        return found
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(found, status=_Status.FAILED, **failures.of_bug(error))
        raise
    return found


def _documents(back_test: BackTest) -> list[UUID]:
    rows = SourceDocument.objects.for_tenant(back_test.tenant_id).filter(
        connection__mapping_sets=back_test.mapping_set_id
    )
    return list(rows.order_by("-id").values_list("pk", flat=True)[: back_test.wanted])


def _chunks(ids: list[UUID]) -> Iterator[tuple[int, list[UUID]]]:
    for start in range(0, len(ids), AT_ONCE):
        chunk = ids[start : start + AT_ONCE]
        yield start + len(chunk), chunk


def _try(report: Report, mapping_set: MappingSet, against: MappingSet | None, ids: list[UUID]) -> None:
    rows = SourceDocument.objects.for_tenant(mapping_set.tenant_id).filter(pk__in=ids)
    documents = [(row, Document.from_body(row.body)) for row in rows.order_by("-id")]
    keys: list[Key] = list(dict.fromkeys(key for _, source in documents for key in source.uses()))
    old, new = book_for(mapping_set.connection, against, keys), book_for(mapping_set.connection, mapping_set, keys)
    connection, sources = mapping_set.connection, [source for _, source in documents]
    practices = {kind: practice_of(connection, kind) for kind in {source.kind for source in sources}}
    links = links_of_all(connection, sources)
    for row, source in documents:
        before, after = (apply(book, source, practices[source.kind], links) for book in (old, new))
        report.add(row, before, after, compare(source, before, after), source)


def sentence(move: dict[str, Any]) -> str:
    """Such as "12 invoices, 4,310.00 EUR move from 4000 Sales to 4010 Other sales"."""
    count, what = move["documents"], move["what"]
    verb = "moves" if count == 1 else "move"
    name = what.removesuffix("s") if count == 1 else what
    return f"{count:,} {name}, {move['text']} {verb} from {move['before']} to {move['after']}"
