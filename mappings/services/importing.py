"""A file of documents: checked whole, looked at by a person, then taken in whole or not at all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection
from integrations.services import failures
from integrations.services.work import LeaseLostError, claim, conclude, keep
from mappings.models import DocumentImport, SourceDocument
from mappings.services.intake import digest_of, plain, row_of
from mappings.tabular import FileError, Read, RowProblem, documents
from tenants.models import User
from tenants.rls import tenant_scope

MOST_BYTES = 30_000_000
_SHOWN = 200
_AT_ONCE = 500
_Status = DocumentImport.Status
_STEPS = {
    _Status.QUEUED: _Status.CHECKING,
    _Status.CHECKING: _Status.CHECKING,
    _Status.ACCEPTED: _Status.IMPORTING,
    _Status.IMPORTING: _Status.IMPORTING,
}


class _Refused(Exception):
    """The file has problems; nothing of it is taken in."""


def upload(*, connection: Connection, name: str, content: bytes, by: User) -> DocumentImport:
    """Keep a file to be checked; ring `run_import` after commit. ValidationError for what cannot be such a file."""
    if not name.lower().endswith((".csv", ".xlsx")):
        raise ValidationError("Choose a CSV or XLSX file.")
    if not content:
        raise ValidationError("The file is empty.")
    if len(content) > MOST_BYTES:
        raise ValidationError(f"The file is larger than {MOST_BYTES // 1_000_000} MB: send it in parts.")
    return DocumentImport.objects.create(
        tenant_id=connection.tenant_id, connection=connection, name=name[-200:], content=content, requested_by=by
    )


def accept(*, document_import: DocumentImport) -> None:
    """Take a checked file in; ring `run_import` after commit. ValidationError when it has errors or is not checked."""
    rows = DocumentImport.objects.for_tenant(document_import.tenant_id).select_for_update()
    row = rows.get(pk=document_import.pk)
    if row.status != _Status.CHECKED:
        raise ValidationError(f"This file cannot be imported now: {row.get_status_display().lower()}.")
    if row.counts.get("errors"):
        raise ValidationError("This file has errors. Correct it and upload it again: it is taken in whole or not.")
    row.status, row.available_at, row.attempts = _Status.ACCEPTED, timezone.now(), 0
    row.save(update_fields=["status", "available_at", "attempts"])


def run_import(tenant_id: UUID | str, import_id: UUID | str) -> DocumentImport | None:
    """The worker's use case: check the file or take it in; None when there was nothing to do.

    After an import, ring `map_documents` for its connection.
    """
    with tenant_scope(tenant_id):
        row = claim(DocumentImport, tenant_id=tenant_id, row_id=import_id, statuses=list(_STEPS))
        if row is None:
            return None
        keep(row, status=_STEPS[_Status(row.status)], attempts=row.attempts + 1)
    try:
        is_for_good = row.status == _Status.IMPORTING
        with tenant_scope(tenant_id):
            counts, problems = _take_in(row, is_for_good=is_for_good)
            changes: dict[str, Any] = {"counts": counts, "problems": [asdict(each) for each in problems]}
            if is_for_good and counts["errors"] == 0:
                conclude(row, status=_Status.IMPORTED, content=b"", **changes)
            else:
                conclude(row, status=_Status.CHECKED, **changes)
    except LeaseLostError:
        return row
    except FileError as unreadable:
        with tenant_scope(tenant_id):
            problem = asdict(RowProblem(1, "", str(unreadable)))
            conclude(row, status=_Status.CHECKED, counts={"rows": 0, "documents": 0, "errors": 1}, problems=[problem])
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(row, status=_Status.FAILED, **failures.of_bug(error))
        raise
    return row


def _take_in(row: DocumentImport, *, is_for_good: bool) -> tuple[dict[str, int], list[RowProblem]]:
    """All documents in batches, so that memory does not grow with the file; nothing stays of a file with an error."""
    counts: Counter[str] = Counter(documents=0, new=0, same=0, errors=0)
    problems: list[RowProblem] = []
    try:
        with transaction.atomic():
            read = documents(row.name, bytes(row.content))
            while batch := tuple(islice(read, _AT_ONCE)):
                _take_batch(row, batch, counts, problems, is_for_good=is_for_good)
                keep(row, counts=dict(counts))
            if counts["errors"]:
                raise _Refused
    except _Refused:
        counts["new"] = 0 if is_for_good else counts["new"]
    return dict(counts), problems


def _take_batch(
    row: DocumentImport, batch: tuple[Read, ...], counts: Counter[str], problems: list[RowProblem], *, is_for_good: bool
) -> None:
    counts["documents"] += len(batch)
    good = []
    for each in batch:
        found = [*each.problems]
        if found:
            _note(found, counts, problems)
        else:
            good.append((each, plain(each.body)))
    fresh = list(_unknown(row, good, counts, problems))
    counts["new"] += len(fresh)
    if is_for_good and not counts["errors"]:
        SourceDocument.objects.bulk_create(fresh)


def _unknown(
    row: DocumentImport, good: list[tuple[Read, dict[str, Any]]], counts: Counter[str], problems: list[RowProblem]
) -> Iterator[SourceDocument]:
    """The documents that have not been sent before; one that was, with other content, is a problem."""
    wanted = Q(pk=None)
    by_source: dict[str, list[str]] = {}
    for _, body in good:
        by_source.setdefault(body["source"], []).append(body["external_id"])
    for source, ids in by_source.items():
        wanted |= Q(source=source, external_id__in=ids)
    rows = SourceDocument.objects.for_tenant(row.tenant_id).filter(wanted)
    known = {(source, key): digest for source, key, digest in rows.values_list("source", "external_id", "body_hash")}
    for each, body in good:
        digest, before = digest_of(row.connection, body), known.get((body["source"], body["external_id"]))
        if before is None:
            yield row_of(row.connection, body, digest, sent_by=row.requested_by)
        elif before == digest:
            counts["same"] += 1
        else:
            text = "This source has sent this id before with other content: accepted documents do not change."
            _note([RowProblem(each.row, "external_id", text)], counts, problems)


def _note(found: list[RowProblem], counts: Counter[str], problems: list[RowProblem]) -> None:
    counts["errors"] += len(found)
    problems += found[: max(0, _SHOWN - len(problems))]
