"""Files of documents: the same content is kept once, also when it is brought twice at the same moment."""

import threading
from uuid import uuid4

import pytest
from django.db import connections

from integrations.models import KeptFile
from integrations.services.filing import Brought, keep_file
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection


@pytest.mark.django_db(transaction=True)
def test_the_first_file_of_a_document_brought_many_times_at_once_is_kept_once(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    origin, start = uuid4(), threading.Barrier(8)
    kept: list[tuple[object, bool]] = []

    def bring(name: str) -> None:
        start.wait()
        with tenant_scope(acme.tenant.pk):
            row, is_new = keep_file(
                connection=connection, origin_kind="source_document", origin_id=origin, file=Brought(name, b"receipt")
            )
        kept.append((row.pk, is_new))
        connections.close_all()

    threads = [threading.Thread(target=bring, args=[f"receipt-{number}.txt"]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({pk for pk, _ in kept}) == 1
    assert sorted(is_new for _, is_new in kept) == [False] * 7 + [True]
    with tenant_scope(acme.tenant.pk):
        assert KeptFile.objects.count() == 1
