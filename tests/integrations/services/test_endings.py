"""Access that ends: said 14, 7 and 2 days before, each once, to the owners of that tenant alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from integrations.models import Connection, Credential
from integrations.services.endings import days_warned, end_of, is_ending, warn_of_end
from integrations.services.health import states_of
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import give_tokens, make_connection


def ending(
    actors: Actors, *, hard: float | None = None, idle: float | None = None, lived: float = 300, **fields: Any
) -> Credential:
    """A credential that ends in so many days, given `lived` days ago and refreshed just now."""
    now = timezone.now()
    connection = make_connection(actors.tenant, **fields)
    give_tokens(connection)
    with tenant_scope(actors.tenant.pk):
        Credential.objects.filter(connection=connection).update(
            hard_expires_at=now + timedelta(days=hard) if hard is not None else None,
            refresh_expires_at=now + timedelta(days=idle) if idle is not None else None,
            granted_at=now - timedelta(days=lived),
            refreshed_at=now - timedelta(days=lived),
        )
        return Credential.objects.select_related("connection").get(connection=connection)


def swept(actors: Actors) -> int:
    """What the sweep finds is done; how many mails went out by it."""
    before = len(mail.outbox)
    for kind, tenant_id, row_id in due_work():
        if kind == "ending":
            warn_of_end(tenant_id, row_id)
    return len(mail.outbox) - before


def days_later(credential: Credential, left: float) -> None:
    with tenant_scope(credential.tenant_id):
        Credential.objects.filter(pk=credential.pk).update(hard_expires_at=timezone.now() + timedelta(days=left))


def test_owners_are_told_once_for_each_of_the_days(acme: Actors) -> None:
    credential = ending(acme, hard=20)
    assert swept(acme) == 0
    told = []
    for left in (13.9, 13, 6.9, 5, 1.9, 0.5):
        days_later(credential, left)
        told.append((left, swept(acme), swept(acme)))
    assert told == [(13.9, 1, 0), (13, 0, 0), (6.9, 1, 0), (5, 0, 0), (1.9, 1, 0), (0.5, 0, 0)]


def test_the_mail_says_what_ends_when_and_where_to_go(acme: Actors, rival: Actors) -> None:
    credential = ending(acme, hard=6.5, name="Acme Books")
    swept(acme)
    (sent,) = mail.outbox
    assert sent.to == [acme.owner.email]
    assert sent.subject == "Acme Books (QuickBooks Online) must be reconnected within 6 days"
    assert f"/admin/integrations/connection/{credential.connection_id}/change/" in sent.body
    assert "press Reconnect" in sent.body
    assert f"{credential.hard_expires_at:%B %Y}" in sent.body


def test_a_portal_that_slept_says_it_once_and_not_three_times(acme: Actors) -> None:
    ending(acme, hard=1)
    assert (swept(acme), swept(acme)) == (1, 0)


def test_access_for_a_week_is_not_warned_about_on_the_day_it_is_given(acme: Actors) -> None:
    credential = ending(acme, hard=6.99, lived=0.01)
    assert days_warned(credential) == (2,)
    assert not is_ending(credential)
    assert (swept(acme), due_work()) == (0, [])
    with tenant_scope(acme.tenant.pk):
        Credential.objects.update(granted_at=timezone.now() - timedelta(days=5.1))
    days_later(credential, 1.9)
    assert swept(acme) == 1


def test_the_sooner_of_both_ends_counts(acme: Actors) -> None:
    credential = ending(acme, hard=500, idle=10)
    assert end_of(credential) == credential.refresh_expires_at
    assert is_ending(credential)


def test_what_has_no_end_is_never_warned_about(acme: Actors) -> None:
    credential = ending(acme)
    assert (end_of(credential), is_ending(credential), swept(acme)) == (None, False, 0)


@pytest.mark.parametrize(
    ("status", "expected"), [("active", 1), ("paused", 1), ("disconnected", 0), ("needs_reauthorisation", 0)]
)
def test_only_access_that_is_still_there_can_end(acme: Actors, status: str, expected: int) -> None:
    ending(acme, hard=5, status=status)
    assert swept(acme) == expected


def test_a_new_consent_begins_anew(acme: Actors) -> None:
    credential = ending(acme, hard=5)
    swept(acme)
    give_tokens(credential.connection, hard_expires_at=timezone.now() + timedelta(days=400))
    with tenant_scope(acme.tenant.pk):
        fresh = Credential.objects.get(pk=credential.pk)
    assert (fresh.warned_days, is_ending(fresh)) == (None, False)


def test_the_connection_says_it_in_words(acme: Actors) -> None:
    credential = ending(acme, hard=5)
    with tenant_scope(acme.tenant.pk):
        (state,) = states_of([Connection.objects.get(pk=credential.connection_id)])
    assert (state.health.tone, state.health.label) == ("warning", "Access ends soon")
    assert "nothing is lost" in state.health.remedy


def test_the_first_page_says_it_too(acme: Actors) -> None:
    ending(acme, hard=5)
    page = acme.client("owner").get("/admin/").content.decode()
    assert "Access ends soon" in page
    assert "Reconnect before then" in page


def test_one_tenants_ending_is_not_told_to_another(acme: Actors, rival: Actors) -> None:
    ending(acme, hard=5)
    swept(acme)
    assert rival.owner.email not in [address for sent in mail.outbox for address in sent.to]
    assert "Access ends soon" not in rival.client("owner").get("/admin/").content.decode()
