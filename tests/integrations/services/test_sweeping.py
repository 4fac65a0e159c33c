"""The sweep lets tenants take turns."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import SyncRun
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

pytestmark = pytest.mark.integration


def waiting(actors: Actors, number: int, hours: int) -> None:
    """So many syncs that have been waiting for so long."""
    then = timezone.now() - timedelta(hours=hours)
    for place in range(number):
        connection = make_connection(actors.tenant, external_org_id=f"{actors.tenant.pk}-{place}")
        with tenant_scope(actors.tenant.pk):
            SyncRun.objects.create(
                tenant=actors.tenant, connection=connection, trigger=SyncRun.Trigger.SCHEDULE, available_at=then
            )


def test_who_has_waited_less_long_is_not_behind_everything_of_another_tenant(acme: Actors, rival: Actors) -> None:
    waiting(acme, 6, hours=5)
    waiting(rival, 1, hours=1)
    due = [tenant for kind, tenant, _ in due_work(most=4) if kind == "sync_run"]
    assert (len(due), due[:2]) == (4, [str(acme.tenant.pk), str(rival.tenant.pk)])
