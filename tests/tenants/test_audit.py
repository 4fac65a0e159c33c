"""The audit trail: every model that a person or a task can change is in it, with who and for whom; it only grows."""

from typing import Any

import pytest
from django.db import DatabaseError, models, transaction
from django.utils import timezone
from pghistory import core

from tenants.models import Membership, Role, TenantOwned
from tenants.rls import tenant_scope
from tests.building import build, owned_models
from tests.conftest import Actors

# Machine diaries: they record what happened and are never decided upon, so a trail of them would be a copy.
DIARIES = {
    "integrations.apicall",
    # Its decisions are those on discrepancies.
    "integrations.baseline",
    "integrations.limitlease",
    # What an approved version of an expression made of one write, and how far records were read anew under it.
    "integrations.overriddenwrite",
    "integrations.rereading",
    "integrations.proof",
    "integrations.replayunit",
    "integrations.seenrecord",
    "integrations.webhookevent",
    # Derived from the mirror by matching runs, and how far they have read it.
    "reconciliation.clue",
    "reconciliation.matchmark",
    # Sums of bank lines, which are in the trail themselves.
    "reconciliation.dayfigure",
    # How the watch over mapped records goes, and what it saw last; what it finds is in the trail.
    "mappings.healthwatch",
    "mappings.watchedtarget",
}
TRACKED = [model for model in owned_models() if model._meta.label_lower not in DIARIES]


def _label(model: type[models.Model]) -> str:
    return str(model._meta.label_lower)


def _events(model: type[models.Model]) -> list[Any]:
    return list(core.event_models(tracks_model=model))


@pytest.mark.parametrize("model", TRACKED, ids=_label)
def test_every_model_that_can_change_is_in_the_trail(model: type[TenantOwned]) -> None:
    assert _events(model), f"decorate {model.__name__} with tenants.audit.audited"


@pytest.mark.parametrize("model", TRACKED, ids=_label)
def test_secrets_are_not_copied_into_the_trail(model: type[TenantOwned]) -> None:
    for event in _events(model):
        copied = {field.name for field in event._meta.get_fields() if type(field).__name__.startswith("Encrypted")}
        assert copied == set()


def _change_role(acme: Actors, **context: str) -> Any:
    event_model = _events(Membership)[0]
    with tenant_scope(acme.tenant.pk, **context):
        Membership.objects.for_tenant(acme.tenant).filter(user=acme.editor).update(role=Role.APPROVER)
        return event_model.objects.filter(pgh_label="update").latest("pgh_id")


def test_a_bulk_update_is_recorded_with_actor_source_and_tenant(acme: Actors) -> None:
    event = _change_role(acme, actor="owner@acme.test", source="admin")
    assert event.role == Role.APPROVER
    assert event.pgh_context == {"actor": "owner@acme.test", "source": "admin", "tenant": str(acme.tenant.pk)}


def test_a_person_changing_something_in_the_admin_is_named(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        member = Membership.objects.for_tenant(acme.tenant).get(user=acme.editor)
    url = f"/admin/tenants/membership/{member.pk}/change/"
    assert acme.client("owner").post(url, {"role": "auditor"}).status_code == 302
    with tenant_scope(acme.tenant.pk):
        event = _events(Membership)[0].objects.filter(pgh_label="update").latest("pgh_id")
    assert (event.role, event.pgh_context["actor"]) == ("auditor", "owner@acme.test")


@pytest.mark.parametrize("change", ["update", "delete"])
def test_history_cannot_be_rewritten(acme: Actors, change: str) -> None:
    event = _change_role(acme, actor="owner@acme.test", source="admin")
    rows = type(event).objects.filter(pk=event.pk)
    with pytest.raises(DatabaseError), transaction.atomic(), tenant_scope(acme.tenant.pk):
        _ = rows.update(role="owner") if change == "update" else rows._raw_delete("default")


def test_the_trail_shows_the_own_tenants_changes_and_no_others(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk, actor="owner@acme.test", source="admin"):
        Membership.objects.for_tenant(acme.tenant).filter(user=acme.support).update(
            reason="Seen by nobody else", expires_at=timezone.now()
        )
    url = "/admin/tenants/trail/"
    assert "owner@acme.test" in acme.client("auditor").get(url).content.decode()
    shown = rival.client("owner").get(url).content.decode()
    assert "acme.test" not in shown
    assert "Seen by nobody else" not in shown


def test_the_last_owner_stays_an_owner(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        member = Membership.objects.for_tenant(acme.tenant).get(user=acme.owner)
        build(Membership, acme.tenant)
    answer = acme.client("owner").post(f"/admin/tenants/membership/{member.pk}/change/", {"role": "auditor"})
    assert answer.status_code == 200
    assert "last owner" in answer.content.decode()


def test_the_trail_can_be_narrowed_to_what_people_did(acme: Actors) -> None:
    _change_role(acme, actor="owner@acme.test", source="admin")
    client = acme.client("auditor")
    assert "owner@acme.test" in client.get("/admin/tenants/trail/?from=admin").content.decode()
    assert "owner@acme.test" not in client.get("/admin/tenants/trail/?from=api").content.decode()
