"""References that a ledger sends as a bare id are shown by the name in the mirror of the same connection."""

from integrations.models import Resource
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record


def test_a_tax_code_that_the_ledger_names_by_id_only_is_shown_by_its_name(acme: Actors, rival: Actors) -> None:
    line = {"description": "Design", "amount": "10.00", "tax_rate": {"id": "7", "name": None}}
    with tenant_scope(rival.tenant.pk):
        make_record(make_connection(rival.tenant), Resource.TAX_RATES, external_id="7", name="Rival's rate")
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_record(connection, Resource.TAX_RATES, external_id="7", name="20.0% S")
        invoice = make_record(connection, unified={"lines": [line]})
    answer = acme.client("auditor").get(f"/admin/integrations/ledgerrecord/{invoice.pk}/change/")
    shown = answer.content.decode()
    assert "20.0% S" in shown
    assert "Rival" not in shown
