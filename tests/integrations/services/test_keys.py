"""Secrets survive bulk writes and a change of keys."""

from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from integrations.models import Credential
from integrations.services.keys import rotate_keys
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import give_tokens, make_connection


@pytest.fixture
def keys(settings: Any) -> Any:
    """Sets FERNET_KEYS and lets the field read them afresh."""
    field = Credential._meta.get_field("secret")

    def use(*names: str) -> None:
        settings.FERNET_KEYS = list(names)
        for cached in ("keys", "fernet_keys", "fernet"):
            field.__dict__.pop(cached, None)

    before = list(settings.FERNET_KEYS)
    yield use
    use(*before)


def secret(actors: Actors) -> Any:
    with tenant_scope(actors.tenant.pk):
        return Credential.objects.get().secret


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_after_rotation_the_old_key_can_be_thrown_away(acme: Actors, rival: Actors, keys: Any) -> None:
    keys("old")
    for actors in (acme, rival):
        give_tokens(make_connection(actors.tenant))
    keys("new", "old")
    assert rotate_keys()["integrations.Credential"] == 2
    keys("new")
    assert secret(acme)["access_token"] == secret(rival)["access_token"] == "access-1"


def test_without_rotation_the_old_key_is_still_needed(acme: Actors, keys: Any) -> None:
    keys("old")
    give_tokens(make_connection(acme.tenant))
    keys("new")
    with pytest.raises(InvalidToken):
        secret(acme)


def test_bulk_update_keeps_the_secret(acme: Actors) -> None:
    give_tokens(make_connection(acme.tenant))
    with tenant_scope(acme.tenant.pk):
        credential = Credential.objects.get()
        setattr(credential, "secret", {**credential.secret, "access_token": "another"})  # noqa: B010 - an untyped field
        Credential.objects.bulk_update([credential], ["secret"])
        assert Credential.objects.get().secret["access_token"] == "another"


def test_the_column_holds_no_readable_token(acme: Actors) -> None:
    give_tokens(make_connection(acme.tenant))
    from django.db import connection

    with tenant_scope(acme.tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM integrations_credential")
        (stored,) = cursor.fetchone()
    assert b"access-1" not in bytes(stored)
