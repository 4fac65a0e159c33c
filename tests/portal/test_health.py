"""Probes say what is wrong, and numbers about the portal reach nobody but the operator."""

from typing import Any

import pytest
from django.test import Client

ELSEWHERE = "203.0.113.9"


@pytest.fixture
def _broker_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nobody listens."""
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "redis://127.0.0.1:1/0")


@pytest.fixture
def _broker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker in this process's memory, which cannot fail."""
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "memory://")


def test_a_living_process_says_so_without_a_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker_answers")
def test_a_migrated_portal_with_a_broker_is_ready(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "database": "ok", "broker": "ok"})


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker_is_gone")
def test_a_portal_without_its_broker_is_not_ready_and_names_it(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("not ready", "ok")
    assert answer.json()["broker"].startswith("unreachable: ")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_numbers_are_open_to_this_machine(client: Client, address: str) -> None:
    answer = client.get("/metrics", REMOTE_ADDR=address)
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-For", ELSEWHERE),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", f"for={ELSEWHERE}"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "portal.example.com"),
        ("X-Real-IP", ELSEWHERE),
        ("Via", "1.1 proxy"),
    ],
)
def test_a_proxy_on_this_machine_opens_the_numbers_to_nobody(client: Client, header: str, value: str) -> None:
    assert client.get("/metrics", headers={header: value}).status_code == 403


def test_numbers_are_closed_to_other_machines_while_there_is_no_token(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR=ELSEWHERE).status_code == 403
    blank = client.get("/metrics", REMOTE_ADDR=ELSEWHERE, headers={"Authorization": "Bearer "})
    assert blank.status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("forwarded", [{}, {"X-Forwarded-For": ELSEWHERE}], ids=["direct", "proxied"])
def test_the_token_opens_the_numbers_from_elsewhere_and_no_other_does(
    client: Client, settings: Any, forwarded: dict[str, str]
) -> None:
    settings.METRICS_TOKEN = "right"
    statuses = [
        client.get(
            "/metrics", REMOTE_ADDR=ELSEWHERE, headers={**forwarded, "Authorization": f"Bearer {token}"}
        ).status_code
        for token in ("right", "wrong")
    ]
    assert statuses == [200, 403]
