"""Approval before posting from another system: exactly what was seen, by somebody else, within one tenant."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory, force_authenticate

from integrations.models import Connection, Posting
from mappings.api.approvals import ApprovalViewSet
from mappings.models import PostingRule, SourceDocument
from mappings.services.intake import receive_document
from mappings.services.journey import journey_of
from mappings.services.mapping import map_documents
from tenants.authentication import HasScope
from tenants.models import PartnerGrant
from tenants.rls import tenant_scope
from tenants.services import create_partner
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, sale

SCOPES = ["document-approvals:read", "document-approvals:write"]


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A QuickBooks company where every document waits for a second person."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    activated(found, in_acme)
    PostingRule.objects.create(tenant_id=found.tenant_id, connection=found, approve_from=Decimal(0))
    return found


def grant_of(actors: Actors, name: str, scopes: list[str] | None = None) -> PartnerGrant:
    keys = create_partner(name=name, tenant=actors.tenant, scopes=SCOPES if scopes is None else scopes)
    with tenant_scope(actors.tenant.pk):
        return PartnerGrant.objects.select_related("tenant").get(client_id=keys.client_id)


def waiting(connection: Connection, grant: PartnerGrant | None = None) -> SourceDocument:
    row = receive_document(connection=connection, body=sale(connection), grant=grant).document
    map_documents(connection.tenant_id, connection.pk)
    row.refresh_from_db()
    assert row.status == "approval"
    return row


def call(
    grant: PartnerGrant, action: str, row: SourceDocument | None = None, *, scoped: bool = False, **data: Any
) -> Any:
    """One request as it arrives behind authentication; `scoped` asks for the rights as well."""
    method = "get" if action in ("list", "retrieve") else "post"
    request = getattr(APIRequestFactory(), method)("/api/v1/document-approvals", data, format="json")
    caller = SimpleNamespace(problem="", grant=grant, token_scopes=frozenset(SCOPES))
    vars(request).update(tenant=grant.tenant, grant=grant, caller=caller)
    force_authenticate(request, user=None, token=grant)  # type: ignore[arg-type]
    allowed = [HasScope if scoped else AllowAny]
    view = ApprovalViewSet.as_view({method: action}, permission_classes=allowed)
    return view(request, pk=str(row.pk)) if row else view(request)


def test_another_application_sees_the_exact_entry_and_agrees_to_it(connection: Connection, acme: Actors) -> None:
    shop, desk = grant_of(acme, "Shop"), grant_of(acme, "Approvals desk")
    row = waiting(connection, shop)
    (listed,) = call(desk, "list").data["results"]
    assert listed["proposal"]["writes"][0]["body"]["total"] == "120"
    answer = call(desk, "approve", row, seen=listed["proposal"]["hash"], comment="Fine")
    assert answer.status_code == 200, answer.data
    map_documents(connection.tenant_id, connection.pk)
    row.refresh_from_db()
    assert (row.status, row.decided_through, row.decided_by) == ("mapped", desk, None)
    assert [step.text for step in journey_of(row).steps if step.name == "approved"] == ["By Approvals desk. Fine"]
    assert Posting.objects.filter(origin_kind="source_document", origin_id=row.pk).count() == 1


def test_no_application_approves_what_it_sent_not_even_past_the_service(connection: Connection, acme: Actors) -> None:
    shop = grant_of(acme, "Shop")
    row = waiting(connection, shop)
    answer = call(shop, "approve", row, seen=row.proposal["hash"])
    assert answer.status_code == 422
    assert "what this one sent" in str(answer.data)
    assert call(shop, "refuse", row, comment="No").status_code == 422
    with pytest.raises(IntegrityError), transaction.atomic():
        SourceDocument.objects.filter(pk=row.pk).update(decided_through=shop)


def test_what_was_not_seen_is_not_approved_and_a_refusal_has_a_reason(connection: Connection, acme: Actors) -> None:
    desk, row = grant_of(acme, "Approvals desk"), waiting(connection)
    assert call(desk, "approve", row).status_code == 400
    changed = call(desk, "approve", row, seen="another")
    assert (changed.status_code, "changed since" in str(changed.data)) == (422, True)
    assert call(desk, "refuse", row).status_code == 400
    refused = call(desk, "refuse", row, comment="Not ours")
    assert (refused.data["state"], refused.data["outcome"]) == ("refused", "rejected")
    assert "Approvals desk refused it" in refused.data["problems"][0]["text"]
    assert call(desk, "refuse", row, comment="Again").status_code == 404


@pytest.mark.parametrize(("scopes", "action"), [([], "list"), (["document-approvals:read"], "approve")])
def test_rights_are_asked_for(connection: Connection, acme: Actors, scopes: list[str], action: str) -> None:
    reader, row = grant_of(acme, "Reader", scopes), waiting(connection)
    target = row if action == "approve" else None
    answer = call(reader, action, target, scoped=True, seen=row.proposal["hash"])
    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.status == "approval"


def test_another_tenants_application_finds_nothing(connection: Connection, acme: Actors, rival: Actors) -> None:
    row = waiting(connection)
    theirs = grant_of(rival, "Their desk")
    with tenant_scope(rival.tenant.pk):
        assert call(theirs, "list").data["results"] == []
        assert call(theirs, "retrieve", row).status_code == 404
        assert call(theirs, "approve", row, seen=row.proposal["hash"]).status_code == 404
        assert call(theirs, "refuse", row, comment="No").status_code == 404
    # Even where row-level security would let it see the row, the view does not.
    assert call(theirs, "approve", row, seen=row.proposal["hash"]).status_code == 404
    row.refresh_from_db()
    assert row.status == "approval"
