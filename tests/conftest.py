"""Shared ground of all tests: a migrated PostgreSQL per worker, the application role, and the actors acme and rival.

One template database is migrated as the owner role and copied for each worker; tests then connect as the application
role, so that row-level security binds them as it binds the running portal.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
_ONE_MIGRATES = 7_205_001
_PORTALS = ("tests/browser/test_journey.py", "tests/test_launcher.py")


@contextmanager
def _owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    owner: dict[str, Any] = settings.DATABASES["owner"]
    with psycopg.connect(
        host=owner["HOST"],
        port=owner["PORT"],
        user=owner["USER"],
        password=owner["PASSWORD"],
        dbname=database,
        autocommit=True,
    ) as connection:
        yield connection


def _fingerprint() -> str:
    files = sorted(path for path in ROOT.glob("*/migrations/*.py"))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _point(alias: str, name: str) -> None:
    connections[alias].close()
    connections[alias].settings_dict["NAME"] = name


def _template(main: str) -> str:
    # The advisory lock holds within one database, so templates are per main database too.
    name = f"{main[:24]}_template_{_fingerprint()}"
    with _owner(main) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_ONE_MIGRATES])
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            building = f"{name}_building"
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(building)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            _point("owner", building)
            call_command("migrate", verbosity=0)
            with connections["owner"].cursor() as cursor:
                # Only tests empty tables between cases; the running application may not.
                role = connections["owner"].ops.quote_name(str(settings.DATABASES["default"]["USER"]))
                cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {role}")
            connections["owner"].close()
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(building), sql.Identifier(name)))
    return name


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """A copy of the migrated template for this worker, removed at the end."""
    main = str(settings.DATABASES["owner"]["NAME"])
    name = f"portal_test_{os.getpid()}"
    with django_db_blocker.unblock():
        template = _template(main)
        with _owner(main) as connection:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute("SELECT pg_advisory_lock(%s)", [_ONE_MIGRATES])
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        for alias in ("default", "owner"):
            _point(alias, name)
    yield
    with django_db_blocker.unblock():
        for alias in ("default", "owner"):
            connections[alias].close()
        with _owner(main) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def pytest_configure() -> None:
    """Static files have a folder, so that their server does not warn; passwords cost tests nothing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser journeys are skipped, not hidden, where there is no Chromium; `./bin/portal test` says how to get it.

    Whole portals take a minute to come up: begun last, idle workers would wait for them.
    """
    items.sort(key=lambda item: item.path.relative_to(ROOT).as_posix() not in _PORTALS)
    if os.environ.get("PORTAL_CHROMIUM") or which("chromium"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium: sudo apt install chromium"))


@dataclass(frozen=True)
class Actors:
    """One tenant and one person of each role."""

    tenant: Any
    owner: Any
    editor: Any
    approver: Any
    auditor: Any
    support: Any

    def client(self, role: str = "owner") -> Client:
        """A browser-like test client signed in as that role."""
        client = Client()
        client.force_login(getattr(self, role), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


def _actors(slug: str, name: str) -> Actors:
    from tenants.models import Role, User
    from tenants.services import create_tenant, create_user

    tenant = create_tenant(slug=slug, name=name, currency="GBP")
    people = {
        role.value: create_user(email=f"{role.value}@{slug}.test", tenant=tenant, role=role, password=None)
        for role in Role
    }
    assert all(isinstance(person, User) for person in people.values())
    return Actors(tenant=tenant, **people)


@pytest.fixture
def acme(db: None) -> Actors:
    """The tenant under test."""
    return _actors("acme", "Acme Ltd")


@pytest.fixture
def rival(db: None) -> Actors:
    """Another tenant, who must never see anything of acme's."""
    return _actors("rival", "Rival GmbH")


@pytest.fixture
def in_acme(acme: Actors) -> Iterator[Actors]:
    """Inside acme's database scope."""
    from tenants.rls import tenant_scope

    with tenant_scope(acme.tenant.pk, actor="owner@acme.test", source="task"):
        yield acme
