"""The command palette finds what is in the tenant's books, and nothing that another tenant's visit left behind."""

from integrations.models import LedgerRecord
from tenants.models import Membership
from tenants.rls import tenant_scope
from tests.building import build
from tests.conftest import Actors


def _named(actors: Actors, name: str) -> None:
    with tenant_scope(actors.tenant.pk):
        row = build(LedgerRecord, actors.tenant)
        LedgerRecord.objects.filter(pk=row.pk).update(name=name, search=name.lower(), number="", contact_name="")


def test_the_palette_finds_records_of_the_tenant_only(acme: Actors, rival: Actors) -> None:
    _named(acme, "Harbour Books")
    address = "/admin/search/?s=harbour&extended=1"
    assert "Harbour Books" in acme.client("auditor").get(address).content.decode()
    assert "Harbour Books" not in rival.client("owner").get(address).content.decode()


def test_a_person_of_two_tenants_sees_only_the_one_they_work_in(acme: Actors, rival: Actors) -> None:
    _named(acme, "Harbour Books")
    with tenant_scope(rival.tenant.pk):
        Membership.objects.create(tenant=rival.tenant, user=acme.owner, role="auditor")
    client = acme.client("owner")
    address = "/admin/search/?s=harbour&extended=1"
    assert "Harbour Books" in client.get(address).content.decode()
    client.get(f"/switch/{rival.tenant.pk}/")
    assert "Harbour Books" not in client.get(address).content.decode()


def test_the_palette_is_offered_to_every_member(acme: Actors) -> None:
    assert "admin/search/" in acme.client("auditor").get("/admin/").content.decode()
