"""The newest record of a kind: what it says of changes, and what it leaves open."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.engine import manifest
from integrations.engine.converters import Context
from integrations.engine.errors import LedgerUnavailable, RejectedError
from integrations.engine.ledger import Ledger
from integrations.engine.messages import Answer, RemoteRequest

SINCE = datetime(2026, 11, 2, 10, 0, 5, 400_000, tzinfo=UTC)
KEY = ("items", "item")


@dataclass
class Answering:
    """A client that answers every question alike."""

    answer: Any
    endpoints: Any = None
    sent: list[RemoteRequest] = field(default_factory=list)

    def send(self, request: RemoteRequest) -> Answer:
        self.sent.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Answer(200, {}, self.answer, "")

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None: ...

    def is_here(self, request: RemoteRequest) -> bool:
        return False

    def forget(self) -> None: ...

    def fetch(self, url: str, *, hosts: Any) -> Answer:
        raise AssertionError(url)


def told(total: int, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"ia::result": list(rows), "ia::meta": {"totalCount": total}}


def asked(answer: Any, **since: datetime) -> tuple[Any, Answering]:
    client = Answering(answer)
    ledger = Ledger(manifest.load("sage_intacct"), client, Context(values={"org": "acme"}))
    return ledger.survey(since or {"items": SINCE}), client


@pytest.mark.parametrize(
    ("modified", "changed"),
    [("2026-11-02T10:00:04Z", 0), ("2026-11-02T10:00:05Z", 1), ("2026-11-02T11:00:05+01:00", 1)],
)
def test_a_moment_without_fractions_counts_as_the_whole_of_its_second(modified: str, changed: int) -> None:
    found, _ = asked(told(7, {"key": "1", "audit.modifiedDateTime": modified}))
    assert (found[KEY].changed, found[KEY].total) == (changed, 7)


def test_a_kind_without_records_has_not_changed() -> None:
    found, _ = asked(told(0))
    assert (found[KEY].changed, found[KEY].total) == (0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        told(7, {"key": "1", "audit.modifiedDateTime": None}),
        told(7, {"key": "1"}),
        told(7, {"key": "1", "audit.modifiedDateTime": "soon"}),
        told(7),
        {"ia::result": [{"key": "1", "audit.modifiedDateTime": "2026-11-02T10:00:04Z"}]},
        RejectedError("No.", code="no_such_field"),
    ],
    ids=["no moment", "no such property", "no moment at all", "a number without rows", "no number", "refused"],
)
def test_what_an_answer_leaves_open_is_asked_for_by_itself(answer: Any) -> None:
    found, _ = asked(answer)
    assert found == {}


def test_a_ledger_that_is_away_is_not_taken_for_one_that_refuses() -> None:
    with pytest.raises(LedgerUnavailable):
        asked(LedgerUnavailable("Away.", code="away"))


def test_resources_that_are_made_of_the_same_records_ask_once() -> None:
    since = {"payments": SINCE, "bank_transactions": SINCE - timedelta(hours=1)}
    newest = {"key": "1", "audit.modifiedDateTime": "2026-11-02T09:30:00Z"}
    found, client = asked(told(3, newest), **since)
    assert found["payments", "ar_payment"].changed == 0
    assert found["bank_transactions", "ar_payment"].changed == 1, "each by its own moment"
    assert len(client.sent) == 6
