"""Connecting by every way: organisations are chosen, credentials tried before they are kept, reconnecting keeps all."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.models import Authorisation, Connection, Credential
from integrations.services.connections import (
    choose_organisation,
    disconnect,
    finish_authorisation,
    receive_callback,
    revoke_credential,
    start_authorisation,
    start_with_credentials,
)
from integrations.services.finishing import drop_choice
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.meadow import Meadow, served

pytestmark = pytest.mark.integration
LEDGERS = Path(__file__).parent / "ledgers"
Status = Authorisation.Status
KEYS = {
    "account": "1234567-sb1",
    "consumer_key": "ck",
    "consumer_secret": "cs-secret",
    "token_id": "ti",
    "token_secret": "ts-secret",
}
TWO = [
    {"id": "link-1", "tenantId": "org-1", "tenantName": "Alpha"},
    {"id": "link-2", "tenantId": "org-2", "tenantName": "Beta"},
]


@pytest.fixture
def meadow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meadow]:
    """The made-up ledger, to which its connector points."""
    monkeypatch.setenv("PORTAL_CONNECTORS_DIR", str(LEDGERS))
    monkeypatch.delenv("PORTAL_SANDBOX_URL", raising=False)
    with served() as found:
        for name in ("API", "TOKEN", "REVOKE"):
            path = {"API": "", "TOKEN": "/t", "REVOKE": "/r"}[name]
            monkeypatch.setenv(f"PORTAL_MEADOW_{name}_URL", found.url + path)
        monkeypatch.setenv("PORTAL_MEADOW_CLIENT_ID", "id")
        monkeypatch.setenv("PORTAL_MEADOW_CLIENT_SECRET", "secret")
        yield found


def consented(actors: Actors, **options: Any) -> Authorisation:
    """A consent up to the callback, from the data centre in Europe unless the ledger says otherwise."""
    told = {"code": "c", "company": "org-9", **options.pop("told", {})}
    with tenant_scope(actors.tenant.pk):
        started, _ = start_authorisation(
            tenant=actors.tenant,
            connector="meadow",
            redirect_uri="https://p.test/cb",
            requested_by=actors.owner,
            **options,
        )
        return receive_callback(tenant=actors.tenant, parameters={"state": started.state, **told})


def typed(actors: Actors, way: str = "keys", values: dict[str, str] | None = None, **options: Any) -> Authorisation:
    with tenant_scope(actors.tenant.pk):
        return start_with_credentials(
            tenant=actors.tenant,
            connector="meadow",
            way=way,
            values=KEYS if values is None else values,
            requested_by=actors.owner,
            **options,
        )


def finished(authorisation: Authorisation) -> Authorisation:
    finish_authorisation(authorisation.tenant_id, authorisation.pk)
    with tenant_scope(authorisation.tenant_id):
        return Authorisation.objects.select_related("connection").get(pk=authorisation.pk)


def chosen(authorisation: Authorisation, org: str) -> Authorisation:
    with tenant_scope(authorisation.tenant_id):
        choose_organisation(authorisation, org)
    return finished(authorisation)


def connection_of(done: Authorisation) -> Connection:
    assert done.connection is not None, done.error
    return done.connection


def secret_of(connection: Connection) -> dict[str, Any]:
    with tenant_scope(connection.tenant_id):
        found: dict[str, Any] = Credential.objects.get(connection=connection).secret
        return found


def test_one_organisation_is_taken(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO[:1]
    connection = connection_of(finished(consented(acme)))
    assert (connection.external_org_id, connection.status, connection.way) == ("org-1", "active", "consent")
    assert connection.settings == {"dc": "eu", "branch": "1", "link_id": "link-1"}
    assert secret_of(connection)["refresh_token"] == "refresh-1"


def test_the_code_is_proved_with_the_verifier_of_the_page_that_asked(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO[:1]
    finished(consented(acme))
    assert len(meadow.calls[0][2]["code_verifier"]) >= 43


def test_of_several_organisations_a_person_chooses_and_tokens_wait_encrypted(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO
    waiting = finished(consented(acme))
    assert (waiting.status, waiting.connection) == (Status.CHOOSING, None)
    assert [choice["name"] for choice in waiting.choices] == ["Alpha", "Beta"]
    assert "access-1" not in str(waiting.choices)
    connection = connection_of(chosen(waiting, "org-2"))
    assert (connection.external_org_id, connection.settings["link_id"]) == ("org-2", "link-2")
    assert meadow.paths().count("/t") == 1
    assert ("GET", "/company", {"tenant": "org-2"}) in meadow.calls


def test_only_what_the_consent_covers_can_be_chosen_once(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO
    waiting = finished(consented(acme))
    with pytest.raises(ValidationError, match="one of the organisations"):
        chosen(waiting, "org-of-somebody-else")
    chosen(waiting, "org-1")
    with pytest.raises(ValidationError, match="made already"):
        chosen(waiting, "org-2")


def test_another_tenant_cannot_choose(acme: Actors, rival: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO
    waiting = finished(consented(acme))
    with tenant_scope(rival.tenant.pk), pytest.raises(ValidationError):
        choose_organisation(waiting, "org-1")


def test_a_consent_for_nothing_says_what_to_do(acme: Actors, meadow: Meadow) -> None:
    done = finished(consented(acme))
    assert (done.status, done.error["code"]) == (Status.FAILED, "no_organisation")
    assert "may use an organisation" in done.error["remedy"]


def test_a_choice_nobody_made_is_given_back_after_a_day(acme: Actors, meadow: Meadow) -> None:
    waiting = finished(consented(acme, told={}))
    meadow.organisations = TWO
    waiting = finished(consented(acme))
    assert ("unchosen", str(acme.tenant.pk), str(waiting.pk)) not in due_work()
    assert not drop_choice(acme.tenant.pk, waiting.pk)
    with tenant_scope(acme.tenant.pk):
        Authorisation.objects.filter(pk=waiting.pk).update(expires_at=timezone.now())
    assert ("unchosen", str(acme.tenant.pk), str(waiting.pk)) in due_work()
    assert drop_choice(acme.tenant.pk, waiting.pk)
    with tenant_scope(acme.tenant.pk):
        row = Authorisation.objects.get(pk=waiting.pk)
    assert (row.status, row.secret, row.error["code"]) == (Status.FAILED, {}, "nobody_chose")


def test_reconnecting_takes_the_same_organisation_by_itself_and_keeps_the_connection(
    acme: Actors, meadow: Meadow
) -> None:
    meadow.organisations = TWO
    first = connection_of(chosen(finished(consented(acme)), "org-2"))
    again = connection_of(finished(consented(acme, connection=first)))
    assert again.pk == first.pk
    assert secret_of(again)["refresh_token"] == "refresh-2"


def test_reconnecting_with_a_consent_for_others_changes_nothing(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO[:1]
    first = connection_of(finished(consented(acme)))
    meadow.organisations = TWO[1:]
    done = finished(consented(acme, connection=first))
    assert (done.status, done.error["code"]) == (Status.FAILED, "other_organisation")
    assert "Beta" in done.error["message"]
    assert secret_of(first)["refresh_token"] == "refresh-1"


def test_the_ledger_decides_the_data_centre_but_only_among_the_declared(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO[:1]
    there = connection_of(finished(consented(acme, settings={"dc": "eu"}, told={"location": "us"})))
    assert there.settings["dc"] == "us"
    lost = finished(consented(acme, told={"location": "evil.test/"}))
    assert (lost.status, lost.error["code"]) == (Status.FAILED, "invalid_setting")
    with pytest.raises(ValidationError, match="Choose the data centre"):
        consented(acme, settings={"dc": "mars"})


def test_disconnecting_deletes_only_this_organisations_link(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO
    connection = connection_of(chosen(finished(consented(acme)), "org-2"))
    with tenant_scope(acme.tenant.pk):
        disconnect(connection)
        credential = Credential.objects.get(connection=connection)
    assert revoke_credential(acme.tenant.pk, credential.pk)
    assert meadow.paths("DELETE") == ["/connections/link-2"]
    assert "/r" not in meadow.paths()


def test_a_link_is_deleted_with_a_fresh_token_when_the_stored_one_has_expired(acme: Actors, meadow: Meadow) -> None:
    meadow.organisations = TWO[:1]
    connection = connection_of(finished(consented(acme)))
    meadow.refuses = {"access-1"}
    with tenant_scope(acme.tenant.pk):
        disconnect(connection)
        credential = Credential.objects.get(connection=connection)
    assert revoke_credential(acme.tenant.pk, credential.pk)
    assert [path for method, path, _ in meadow.calls[-3:]] == ["/connections/link-1", "/t", "/connections/link-1"]
    with tenant_scope(acme.tenant.pk):
        assert not Credential.objects.exists()


def test_disconnecting_what_cannot_be_ended_there_forgets_the_secrets_here(acme: Actors, meadow: Meadow) -> None:
    connection = connection_of(finished(typed(acme)))
    before = len(meadow.calls)
    with tenant_scope(acme.tenant.pk):
        disconnect(connection)
        credential = Credential.objects.get(connection=connection)
    assert revoke_credential(acme.tenant.pk, credential.pk)
    assert len(meadow.calls) == before


def test_typed_secrets_are_tried_then_kept_encrypted_and_never_expire(acme: Actors, meadow: Meadow) -> None:
    connection = connection_of(finished(typed(acme)))
    assert (connection.external_org_id, connection.name, connection.way) == ("1234567_SB1", "Books of OAuth", "keys")
    assert connection.settings == {
        "dc": "eu", "branch": "1", "account": "1234567_SB1", "consumer_key": "ck", "token_id": "ti",
    }  # fmt: skip
    assert secret_of(connection)["typed"] == {"consumer_secret": "cs-secret", "token_secret": "ts-secret"}
    with tenant_scope(acme.tenant.pk):
        credential = Credential.objects.get()
        assert (credential.expires_at, credential.hard_expires_at) == (None, None)
    assert due_work() == [row for row in due_work() if row[0] == "sync_run"]


def test_credentials_that_do_not_work_replace_none_that_do(acme: Actors, meadow: Meadow) -> None:
    first = connection_of(finished(typed(acme)))
    meadow.refuses = {"wrong"}
    done = finished(typed(acme, values={**KEYS, "token_id": "wrong"}, connection=first))
    assert (done.status, done.error["remedy"]) == (Status.FAILED, "Type them again.")
    assert done.secret == {}
    assert secret_of(first)["typed"]["consumer_secret"] == "cs-secret"
    with tenant_scope(acme.tenant.pk):
        assert Connection.objects.get().settings["token_id"] == "ti"


def test_a_first_try_that_fails_leaves_no_connection_behind(acme: Actors, meadow: Meadow) -> None:
    meadow.refuses = {"ti"}
    assert finished(typed(acme)).status == Status.FAILED
    with tenant_scope(acme.tenant.pk):
        assert not Connection.objects.exists()


def test_reconnecting_by_credentials_of_another_organisation_is_refused(acme: Actors, meadow: Meadow) -> None:
    first = connection_of(finished(typed(acme)))
    done = finished(typed(acme, values={**KEYS, "account": "OTHER"}, connection=first))
    assert (done.status, done.error["code"]) == (Status.FAILED, "other_organisation")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("account", "", "Account id is needed. Setup, Company: such as 1234567_SB1."),
        ("account", "evil.test/", "Account id does not look right. Setup, Company"),
        ("token_secret", "  ", "Token secret is needed."),
    ],
)
def test_each_field_says_what_it_wants(acme: Actors, meadow: Meadow, field: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        typed(acme, values={**KEYS, field: value})
    assert caught.value.message_dict[field][0].startswith(said)


def test_a_service_users_token_is_asked_for_again_when_it_ends(acme: Actors, meadow: Meadow) -> None:
    from integrations.services.access import refresh_tokens
    from integrations.services.credentials import refresh_due

    connection = connection_of(finished(typed(acme, "service", {"company": "ACME", "user": "ws"})))
    with tenant_scope(acme.tenant.pk):
        Credential.objects.update(expires_at=timezone.now() + timedelta(seconds=100))
        credential = Credential.objects.get()
    assert ("credential", str(acme.tenant.pk), str(credential.pk)) in due_work()
    assert refresh_due(acme.tenant.pk, credential.pk, refresh_tokens)
    assert meadow.calls[-1][2]["username"] == "ws@ACME"
    assert secret_of(connection)["access_token"] == "access-2"
    assert secret_of(connection)["typed"] == {"password": ""}


def test_a_service_user_that_is_refused_later_stops_the_connection_with_words(acme: Actors, meadow: Meadow) -> None:
    from integrations.engine.errors import ReauthorizationNeeded
    from integrations.services.access import refresh_tokens
    from integrations.services.credentials import access_token

    connection = connection_of(finished(typed(acme, "service", {"company": "ACME", "user": "ws"})))
    meadow.refuses = {"ws@ACME"}
    with pytest.raises(ReauthorizationNeeded):
        access_token(connection, refresh_tokens, refused="access-1")
    with tenant_scope(acme.tenant.pk):
        row = Connection.objects.get()
    assert (row.status, row.error["who_can_fix"]) == ("needs_reauthorisation", "owner")
    assert "correct it, and connect again" in row.error["remedy"]


def test_a_lost_answer_is_asked_for_again_with_the_old_token(acme: Actors, meadow: Meadow) -> None:
    from integrations.services.access import refresh_tokens
    from integrations.services.credentials import access_token

    meadow.organisations = TWO[:1]
    connection = connection_of(finished(consented(acme)))
    # The ledger has rotated and its answer is lost: within its grace it takes the token before once more.
    meadow.issued += 1
    assert access_token(connection, refresh_tokens, refused="access-1") == "access-3"
    assert meadow.calls[-1][2]["refresh_token"] == "refresh-1"
    assert secret_of(connection)["previous_refresh_token"] == "refresh-1"


def test_a_consent_for_a_week_ends_a_week_after_it_whatever_is_refreshed(acme: Actors, meadow: Meadow) -> None:
    from integrations.services.access import refresh_tokens
    from integrations.services.credentials import access_token

    connection = connection_of(finished(consented(acme, way="week")))
    with tenant_scope(acme.tenant.pk):
        before = Credential.objects.get().hard_expires_at
    access_token(connection, refresh_tokens, refused="access-1")
    with tenant_scope(acme.tenant.pk):
        after = Credential.objects.get().hard_expires_at
    assert before is not None
    assert before == after
    assert timedelta(days=6) < before - timezone.now() < timedelta(days=7)


def test_what_ends_on_a_known_day_ends_on_that_day_whatever_is_renewed(acme: Actors, meadow: Meadow) -> None:
    from integrations.services.access import refresh_tokens
    from integrations.services.credentials import access_token

    last = timezone.now().date() + timedelta(days=300)
    connection = connection_of(
        finished(typed(acme, "service", {"company": "A", "user": "u", "until": last.isoformat()}))
    )
    access_token(connection, refresh_tokens, refused="access-1")
    with tenant_scope(acme.tenant.pk):
        found = Credential.objects.get().hard_expires_at
    assert found is not None
    assert found.date() == last


@pytest.mark.parametrize(("day", "said"), [("2020-01-31", "is over already"), ("31.12.2030", "write the day as")])
def test_a_day_that_cannot_be_is_said(acme: Actors, meadow: Meadow, day: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        typed(acme, "service", {"company": "A", "user": "u", "until": day})


def test_another_way_takes_over_the_same_connection(acme: Actors, meadow: Meadow) -> None:
    first = connection_of(finished(consented(acme, way="week", told={"company": "1234567_SB1"})))
    again = connection_of(finished(typed(acme, connection=first)))
    assert (again.pk, again.way, again.settings["account"]) == (first.pk, "keys", "1234567_SB1")
    assert secret_of(again)["typed"]["token_secret"] == "ts-secret"
    back = connection_of(finished(consented(acme, way="week", told={"company": "1234567_SB1"}, connection=again)))
    assert (back.pk, back.way) == (first.pk, "week")
    assert "typed" not in secret_of(back)
