"""Access tokens: one refresh at a time, stored before use, and nothing lost when an answer is."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from integrations.engine.auth import TokenSet
from integrations.engine.errors import LedgerUnavailable, ReauthorizationNeeded
from integrations.models import Connection, Credential
from integrations.services.credentials import access_token, refresh_due
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import give_tokens, inside, make_connection, tokens


class Ledger:
    """A token endpoint that rotates: only the token it gave out last works."""

    def __init__(self, valid: str = "refresh-1", seconds: float = 0.0) -> None:
        self.valid, self.seconds = valid, seconds
        self.asked: list[str] = []
        self.lose_answers = 0

    def __call__(self, connection: Connection, refresh_token: str) -> TokenSet:
        self.asked.append(refresh_token)
        time.sleep(self.seconds)
        if refresh_token != self.valid:
            raise ReauthorizationNeeded("The ledger no longer accepts this grant.")
        if self.lose_answers:
            self.lose_answers -= 1
            raise LedgerUnavailable("The answer was lost.")
        number = len(self.asked) + 1
        self.valid = f"refresh-{number}"
        return tokens(access_token=f"access-{number}", refresh_token=self.valid)


def secret_of(connection: Connection) -> dict[str, str]:
    with tenant_scope(connection.tenant_id):
        return Credential.objects.get(connection=connection).secret


def test_a_fresh_token_is_used_without_asking(acme: Actors) -> None:
    connection, ledger = make_connection(acme.tenant), Ledger()
    give_tokens(connection)
    assert access_token(connection, ledger) == "access-1"
    assert ledger.asked == []


def test_a_token_about_to_expire_is_renewed_and_stored_with_the_old_refresh_token_kept(acme: Actors) -> None:
    connection, ledger = make_connection(acme.tenant), Ledger()
    give_tokens(connection, seconds=90)
    assert access_token(connection, ledger) == "access-2"
    secret = secret_of(connection)
    assert (secret["refresh_token"], secret["previous_refresh_token"]) == ("refresh-2", "refresh-1")


def test_a_token_that_the_ledger_refused_is_renewed_although_it_looks_fresh(acme: Actors) -> None:
    connection, ledger = make_connection(acme.tenant), Ledger()
    give_tokens(connection)
    assert access_token(connection, ledger, refused="access-1") == "access-2"


def test_a_lost_answer_leaves_the_old_token_to_be_tried_again(acme: Actors, settings: Any) -> None:
    settings.RETRY_BASE_SECONDS = 0
    connection, ledger = make_connection(acme.tenant), Ledger()
    ledger.lose_answers = 1
    give_tokens(connection, seconds=30)
    with pytest.raises(LedgerUnavailable):
        access_token(connection, ledger)
    assert access_token(connection, ledger) == "access-3"
    assert ledger.asked == ["refresh-1", "refresh-1"]


@pytest.mark.parametrize(
    ("seconds_left", "told", "expected"),
    [(30, None, 2), (-40, None, 22), (-4000, None, 60), (30, 120.0, 120)],
    ids=["still good", "missed for 40 s", "missed for long", "the ledger says when"],
)
def test_a_token_endpoint_that_fails_is_left_alone_the_longer_the_longer_it_fails(
    acme: Actors, seconds_left: int, told: float | None, expected: int
) -> None:
    connection = make_connection(acme.tenant)
    give_tokens(connection, seconds=seconds_left)

    def down(connection: Connection, refresh_token: str) -> TokenSet:
        raise LedgerUnavailable("Down.", retry_after=told)

    with pytest.raises(LedgerUnavailable):
        access_token(connection, down)
    with inside(connection):
        until = Credential.objects.get(connection=connection).lease_until
    assert until is not None
    assert abs((until - timezone.now()).total_seconds() - expected) < 2


def test_a_new_refresh_token_that_does_not_work_gives_way_to_the_one_before(acme: Actors) -> None:
    connection, ledger = make_connection(acme.tenant), Ledger()
    give_tokens(connection, seconds=30)
    access_token(connection, ledger)
    ledger.valid = "refresh-1"
    assert access_token(connection, ledger, refused="access-2").startswith("access-")
    assert ledger.asked[-2:] == ["refresh-2", "refresh-1"]


def test_a_refused_grant_stops_the_connection_with_words_and_a_remedy(acme: Actors) -> None:
    connection, ledger = make_connection(acme.tenant), Ledger(valid="another")
    give_tokens(connection, seconds=30)
    with pytest.raises(ReauthorizationNeeded):
        access_token(connection, ledger)
    with inside(connection) as fresh:
        assert fresh.status == Connection.Status.NEEDS_REAUTHORISATION
        assert "Reconnect" in fresh.error["remedy"]


def test_a_secret_copied_from_another_connection_is_not_used(acme: Actors) -> None:
    mine, other = make_connection(acme.tenant), make_connection(acme.tenant, external_org_id="2")
    give_tokens(mine)
    give_tokens(other, access_token="stolen")
    stolen = secret_of(other)
    with tenant_scope(acme.tenant.pk):
        Credential.objects.filter(connection=mine).update(secret=stolen)
    with pytest.raises(ReauthorizationNeeded):
        access_token(mine, Ledger())


def test_the_sweeper_renews_only_what_is_about_to_expire(acme: Actors) -> None:
    fresh, old = make_connection(acme.tenant), make_connection(acme.tenant, external_org_id="2")
    give_tokens(fresh)
    give_tokens(old, seconds=170)
    ledger = Ledger()
    with tenant_scope(acme.tenant.pk):
        ids = {credential.connection_id: credential.pk for credential in Credential.objects.all()}
    done = [refresh_due(acme.tenant.pk, ids[connection.pk], ledger) for connection in (fresh, old)]
    assert done == [False, True]


def test_secrets_never_reach_the_audit_rows(acme: Actors) -> None:
    connection = make_connection(acme.tenant)
    give_tokens(connection)
    event = Credential.pgh_event_model  # type: ignore[attr-defined]
    assert "secret" not in {column.name for column in event._meta.get_fields()}


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_workers_refreshes_once_and_all_get_the_new_token(acme: Actors) -> None:
    connection, ledger = make_connection(acme.tenant), Ledger(seconds=0.2)
    give_tokens(connection, seconds=-5)
    got: list[str] = []

    def work() -> None:
        got.append(access_token(connection, ledger))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["access-2"] * 16
    assert ledger.asked == ["refresh-1"]


@pytest.mark.django_db(transaction=True)
def test_while_one_worker_renews_a_token_that_still_works_nobody_waits(acme: Actors) -> None:
    connection = make_connection(acme.tenant)
    give_tokens(connection, seconds=150)
    with tenant_scope(acme.tenant.pk):
        Credential.objects.update(lease_until=timezone.now() + timedelta(seconds=60))
    assert access_token(connection, Ledger()) == "access-1"
