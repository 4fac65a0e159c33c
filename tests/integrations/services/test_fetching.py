"""Questions asked on demand: asked once, answered, tried again, forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.models import Connection, Fetch
from integrations.services import fetching
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection

PARAMS = {"name": "trial_balance", "end_on": "2026-10-31"}


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant)


def ask(books: Connection, **more: Any) -> Fetch:
    with tenant_scope(books.tenant_id):
        return fetching.request_fetch(connection=books, kind="report", params={**PARAMS, **more})


def test_the_same_question_is_asked_once(books: Connection) -> None:
    first = ask(books)
    assert ask(books).pk == first.pk
    assert ask(books, end_on="2026-11-30").pk != first.pk


def test_a_fresh_answer_is_given_again_and_a_stale_or_failed_one_is_not(books: Connection) -> None:
    first = ask(books)
    with tenant_scope(books.tenant_id):
        Fetch.objects.filter(pk=first.pk).update(status="done")
    assert ask(books).pk == first.pk
    with tenant_scope(books.tenant_id):
        Fetch.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(minutes=6))
    second = ask(books)
    assert second.pk != first.pk
    with tenant_scope(books.tenant_id):
        Fetch.objects.filter(pk=second.pk).update(status="failed")
    assert ask(books).pk != second.pk


def test_a_report_that_the_ledger_has_not_is_refused_with_those_it_has(books: Connection) -> None:
    with pytest.raises(ValidationError, match="It has: profit_and_loss, balance_sheet"):
        ask(books, name="horoscope")


def test_a_connection_that_may_not_be_called_is_not_asked(books: Connection) -> None:
    with tenant_scope(books.tenant_id):
        Connection.objects.filter(pk=books.pk).update(status="paused")
        books.refresh_from_db()
    with pytest.raises(ValidationError, match="not active"):
        ask(books)


def test_what_waits_is_due_and_what_is_over_is_forgotten(books: Connection) -> None:
    fetch = ask(books)
    row = str(books.tenant_id), str(fetch.pk)
    assert ("fetch", *row) in due_work()
    assert not fetching.forget_fetch(*row)
    with tenant_scope(books.tenant_id):
        Fetch.objects.filter(pk=fetch.pk).update(status="done", expires_at=timezone.now())
    assert ("forgetting", *row) in due_work()
    assert fetching.forget_fetch(*row)
    assert ("forgetting", *row) not in due_work()


def test_a_question_without_credentials_fails_in_words(books: Connection) -> None:
    fetch = ask(books)
    found = fetching.perform_fetch(books.tenant_id, fetch.pk)
    assert found is not None
    assert (found.status, found.error["code"]) == ("failed", "no_credential")
    assert fetching.perform_fetch(books.tenant_id, fetch.pk) is None
