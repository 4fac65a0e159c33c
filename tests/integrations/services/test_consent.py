"""Consent: only the one who asked, only once, only for the organisation it was for."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine.errors import ConfigurationError
from integrations.models import Authorisation, Connection, Credential, SyncRun
from integrations.services import simulated
from integrations.services.connections import (
    disconnect,
    finish_authorisation,
    receive_callback,
    revoke_credential,
    start_authorisation,
)
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration
Status = Authorisation.Status
CALLBACK = "https://portal.test/callback"


def start(actors: Actors, **options: Any) -> tuple[Authorisation, str]:
    with tenant_scope(actors.tenant.pk):
        return start_authorisation(
            tenant=actors.tenant, connector="quickbooks", redirect_uri=CALLBACK, requested_by=actors.owner, **options
        )


def come_back(actors: Actors, parameters: dict[str, str], **options: Any) -> Authorisation:
    with tenant_scope(actors.tenant.pk):
        return receive_callback(tenant=actors.tenant, parameters=parameters, **options)


def finish(authorisation: Authorisation) -> Authorisation:
    finish_authorisation(authorisation.tenant_id, authorisation.pk)
    with tenant_scope(authorisation.tenant_id):
        return Authorisation.objects.select_related("connection").get(pk=authorisation.pk)


def agree(actors: Actors, company: Company, **options: Any) -> Authorisation:
    """Consent up to the callback."""
    _, url = start(actors, **options)
    return come_back(actors, simulated.agreed("quickbooks", url, org=company.realm))


def test_the_browser_is_sent_to_the_ledger_with_an_unguessable_state(acme: Actors, sandbox: Sandbox) -> None:
    authorisation, url = start(acme)
    assert url.startswith(sandbox.url)
    assert f"state={authorisation.state}" in url
    assert len(authorisation.state) >= 43


def test_a_declined_consent_is_said_in_words(acme: Actors, sandbox: Sandbox) -> None:
    authorisation, _ = start(acme)
    declined = come_back(acme, {"state": authorisation.state, "error": "access_denied"})
    assert declined.status == Status.DENIED
    assert "Connect" in declined.error["remedy"]


def test_the_callback_makes_no_call_and_keeps_the_code_encrypted(
    acme: Actors, company: Company, sandbox: Sandbox
) -> None:
    _, url = start(acme)
    parameters = simulated.agreed("quickbooks", url, org=company.realm)
    before = len(sandbox.get("/_control/calls")["calls"])
    received = come_back(acme, parameters, user=acme.owner)
    assert (received.status, received.secret["org"]) == (Status.RECEIVED, company.realm)
    assert len(sandbox.get("/_control/calls")["calls"]) == before


def test_an_answer_is_taken_once_in_time_by_the_one_who_asked(acme: Actors, rival: Actors, company: Company) -> None:
    authorisation, url = start(acme)
    parameters = simulated.agreed("quickbooks", url, org=company.realm)
    with pytest.raises(ValidationError, match="does not belong"):
        come_back(acme, {**parameters, "state": "guessed"})
    with pytest.raises(ValidationError, match="does not belong"):
        come_back(acme, parameters, user=acme.editor)
    with pytest.raises(ValidationError, match="does not belong"):
        come_back(rival, parameters)
    come_back(acme, parameters, user=acme.owner)
    with pytest.raises(ValidationError, match="used already"):
        come_back(acme, parameters, user=acme.owner)
    with tenant_scope(acme.tenant.pk):
        Authorisation.objects.filter(pk=authorisation.pk).update(
            status=Status.STARTED, expires_at=timezone.now() - timedelta(seconds=1)
        )
    with pytest.raises(ValidationError, match="too late"):
        come_back(acme, parameters)


def test_finishing_twice_exchanges_the_code_once(acme: Actors, company: Company, sandbox: Sandbox) -> None:
    received = agree(acme, company)
    assert finish(received).status == Status.COMPLETED
    before = len(sandbox.calls("oauth"))
    assert finish(received).status == Status.COMPLETED
    assert len(sandbox.calls("oauth")) == before


def test_tokens_are_stored_before_they_are_used_so_that_a_broken_first_call_loses_nothing(
    acme: Actors, company: Company, sandbox: Sandbox, settings: Any
) -> None:
    settings.RETRY_BASE_SECONDS = 0
    received = agree(acme, company)
    sandbox.fault("drop_before", path="/companyinfo", times=1)
    halfway = finish(received)
    assert (halfway.status, "code" in halfway.secret) == (Status.RECEIVED, False)
    with tenant_scope(acme.tenant.pk):
        assert Credential.objects.count() == 1
    done = finish(received)
    assert done.status == Status.COMPLETED
    assert done.connection is not None
    assert done.connection.status == Connection.Status.ACTIVE


def test_connecting_the_same_organisation_again_reuses_the_connection(acme: Actors, company: Company) -> None:
    first, second = finish(agree(acme, company)), finish(agree(acme, company))
    assert first.connection is not None
    assert first.connection == second.connection


def test_reconnecting_keeps_everything_and_refuses_another_organisation(
    acme: Actors, company: Company, sandbox: Sandbox
) -> None:
    connection = finish(agree(acme, company)).connection
    assert connection is not None
    other = sandbox.company(name="Other Books", seed=8)
    refused = finish(agree(acme, other, connection=connection))
    assert refused.status == Status.FAILED
    assert "another organisation" in refused.error["message"]
    with tenant_scope(acme.tenant.pk):
        Connection.objects.update(status=Connection.Status.NEEDS_REAUTHORISATION, error={"message": "gone"})
        connection.refresh_from_db()
    again = finish(agree(acme, company, connection=connection)).connection
    assert again is not None
    assert (again.pk, again.status, again.error) == (connection.pk, Connection.Status.ACTIVE, {})


def test_two_tenants_may_connect_the_same_organisation_and_share_nothing(
    acme: Actors, rival: Actors, company: Company
) -> None:
    mine, theirs = finish(agree(acme, company)).connection, finish(agree(rival, company)).connection
    assert mine != theirs
    with tenant_scope(acme.tenant.pk):
        assert list(Connection.objects.all()) == [mine]


def test_disconnecting_stops_work_at_once_and_a_worker_revokes_the_grant(
    acme: Actors, connected: Connection, sandbox: Sandbox
) -> None:
    with tenant_scope(acme.tenant.pk):
        disconnect(connected)
        assert SyncRun.objects.get().status == SyncRun.Status.CANCELLED
        credential = Credential.objects.get()
    assert ("revocation", str(acme.tenant.pk), str(credential.pk)) in due_work()
    assert revoke_credential(acme.tenant.pk, credential.pk)
    with tenant_scope(acme.tenant.pk):
        assert not Credential.objects.exists()
    assert any("revoke" in call["path"] for call in sandbox.calls("oauth"))


def test_without_application_keys_the_operator_is_told_which_to_set(
    acme: Actors, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORTAL_QUICKBOOKS_CLIENT_ID", "PORTAL_QUICKBOOKS_CLIENT_SECRET", "PORTAL_SANDBOX_URL"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match="application keys") as refused:
        start(acme)
    assert "PORTAL_QUICKBOOKS_CLIENT_ID" in refused.value.remedy
