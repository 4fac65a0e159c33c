"""The ground holds: no scope means no rows, and one tenant's scope shows only its own."""

from tenants.models import Membership
from tenants.rls import tenant_scope
from tests.conftest import Actors


def test_without_a_scope_there_are_no_rows(acme: Actors) -> None:
    assert Membership.objects.count() == 0


def test_a_scope_shows_only_its_own_tenant(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        assert {row.tenant_id for row in Membership.objects.all()} == {acme.tenant.pk}


def test_a_member_reaches_the_portal(acme: Actors) -> None:
    assert acme.client("owner").get("/admin/").status_code == 200
