"""Doorbells: map what has been received; ring for the postings that came of it."""

from functools import partial
from uuid import UUID

from celery import Task, shared_task
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from integrations.tasks import send_posting
from mappings.models import DocumentImport, SourceDocument
from mappings.services.backtests import run_back_test as _run_back_test
from mappings.services.cleansing import search as _search
from mappings.services.cleansing import search_if_changed as _search_if_changed
from mappings.services.cutover import run_cut_over as _run_cut_over
from mappings.services.files import request_files
from mappings.services.health import watch as _watch
from mappings.services.importing import run_import as _run_import
from mappings.services.mapping import map_document as _map_document
from mappings.services.mapping import map_documents as _map_documents
from mappings.services.pilots import run_pilot as _run_pilot
from mappings.services.watching import due_watches

_AT_ONCE = 200
_ECHO_SECONDS = 30


@shared_task
def map_document(tenant_id: str, document_id: str) -> None:
    """Map one document."""
    _ring(tenant_id, _map_document(tenant_id, document_id))


@shared_task
def map_documents(tenant_id: str, connection_id: str) -> None:
    """Map what a connection has received; a long backlog goes on in the next task, so that others have their turn."""
    mapped = _map_documents(tenant_id, connection_id, most=_AT_ONCE)
    _ring(tenant_id, mapped.postings)
    if not mapped.is_done:
        map_documents.delay(tenant_id, connection_id)


@shared_task
def run_cut_over(tenant_id: str, cut_over_id: str) -> None:
    """Compare the documents of a cut-over with the ledger's."""
    _run_cut_over(tenant_id, cut_over_id)


@shared_task
def run_back_test(tenant_id: str, back_test_id: str) -> None:
    """Try a version on a connection's last documents."""
    _run_back_test(tenant_id, back_test_id)


@shared_task
def run_pilot(tenant_id: str, pilot_id: str) -> None:
    """Post documents into simulated companies, or clear up after a pilot that was stopped."""
    _run_pilot(tenant_id, pilot_id)


@shared_task
def watch_health(tenant_id: str, connection_id: str) -> None:
    """Look whether mapped records changed, and for contacts that are the same."""
    _watch(tenant_id, connection_id)
    _search_if_changed(tenant_id, connection_id)


@shared_task
def search_duplicates(tenant_id: str, connection_id: str) -> None:
    """Look for duplicate contacts because a person asked."""
    _search(tenant_id, connection_id)


@shared_task
def run_import(tenant_id: str, import_id: str) -> None:
    """Check a file of documents, or take it in; what came in is mapped next."""
    done = _run_import(tenant_id, import_id)
    if done is not None and done.status == DocumentImport.Status.IMPORTED:
        map_documents.delay(tenant_id, str(done.connection_id))


def ring_files(document: SourceDocument) -> bool:
    """Ask for the files of a document to follow it into the ledger, and ring for them after commit.

    False where the connection does not write now: the files are kept, and the page says that they have not gone.
    """
    try:
        with transaction.atomic():
            postings = request_files(document)
    except ValidationError:
        return False
    for posting in postings:
        bell = partial(send_posting.delay, str(posting.tenant_id), str(posting.pk))
        # Robust: without the broker the posting is still safe in its row, and the sweep finds it.
        transaction.on_commit(bell, robust=True)
    return True


@shared_task
def sweep() -> None:
    """Ring again for connections whose documents or mappings were not looked at, for cut-overs, back-tests, pilots."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, tenant_id, row_id FROM mappings_due(%s, %s)", [timezone.now(), _AT_ONCE])
        due = cursor.fetchall()
    bells: dict[str, Task[[str, str], None]] = {
        "connection": map_documents,
        "cut_over": run_cut_over,
        "back_test": run_back_test,
        "pilot": run_pilot,
        "document_import": run_import,
    }
    for kind, tenant_id, row_id in due:
        # An echo that nobody hears in time is dropped; the next sweep rings anew.
        bells[kind].apply_async((str(tenant_id), str(row_id)), expires=_ECHO_SECONDS)
    for tenant_id, connection_id in due_watches(timezone.now(), _AT_ONCE):
        watch_health.apply_async((str(tenant_id), str(connection_id)), expires=_ECHO_SECONDS)


def _ring(tenant_id: str, postings: list[UUID]) -> None:
    for posting_id in postings:
        send_posting.delay(str(tenant_id), str(posting_id))
