"""The page of a record says which fields an expression gave, and where one failed."""

from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record


def test_the_page_of_a_record_shows_what_an_expression_gave(acme: Actors) -> None:
    marks = [
        {"field": "memo", "version": 2, "declared": "theirs"},
        {"field": "due_on", "version": 1, "error": "line 1, column 4: it is no day."},
    ]
    with tenant_scope(acme.tenant.pk):
        made = make_connection(acme.tenant)
        row = make_record(made, unified={"external_id": "1", "number": "N-1", "memo": "ours", "overrides": marks})
    page = acme.client("auditor").get(f"/admin/integrations/ledgerrecord/{row.pk}/change/").content.decode()
    assert "fields that an expression of yours gives" in page
    assert "theirs" in page
    assert "it is no day" in page
