"""Token policies and request limits, by parameters."""

from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox.books.limits import Limits, Refusal, Window
from integrations.sandbox.books.oauth import Grants, InvalidGrantError, Issued, Policy, challenge_of
from integrations.sandbox.calls import Call
from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import MemoryStorage, SqliteStorage


class Still(Clock):
    """A fast clock that moves only when told."""

    def scaled(self) -> float:
        """The shift alone."""
        return 1000 + self._shift


def start(**policy: Any) -> tuple[Grants, Still, Issued]:
    """Grants with one consent."""
    clock = Still()
    grants = Grants(clock, MemoryStorage(), "_test_oauth", Policy(**policy))
    code = grants.authorise(client="app", organisations=["a", "b"], redirect_uri="https://x", scope="all")
    return grants, clock, grants.exchange(code, client="app", redirect_uri="https://x")


def test_a_code_works_once_and_only_with_its_verifier() -> None:
    grants, _, _ = start()
    for verifier in ("right", "wrong"):
        code = grants.authorise(
            client="app", organisations=["a"], redirect_uri="u", scope="s", challenge=challenge_of("right")
        )
        if verifier == "right":
            grants.exchange(code, client="app", redirect_uri="u", verifier=verifier)
        with pytest.raises(InvalidGrantError):
            grants.exchange(code, client="app", redirect_uri="u", verifier=verifier)


def test_access_tokens_expire_and_refresh_tokens_rotate() -> None:
    grants, clock, first = start(access_seconds=1800)
    clock.advance(1801)
    assert grants.check(first.access) == (None, "expired")
    second = grants.refresh(str(first.refresh), "app")
    assert second.refresh != first.refresh
    assert grants.check(second.access) == (first.grant, None)
    with pytest.raises(InvalidGrantError):
        grants.refresh(str(first.refresh), "app")


def test_within_the_grace_period_a_replaced_token_repeats_its_answer() -> None:
    grants, clock, first = start(grace_seconds=1800, access_seconds=3600)
    second = grants.refresh(str(first.refresh), "app")
    again = grants.refresh(str(first.refresh), "app")
    assert (again.access, again.refresh) == (second.access, second.refresh)
    clock.advance(1801)
    with pytest.raises(InvalidGrantError):
        grants.refresh(str(first.refresh), "app")
    assert grants.check(second.access)[0] is not None


def test_reuse_kills_the_grant_where_the_policy_says_so() -> None:
    grants, _, first = start(reuse_revokes=True)
    second = grants.refresh(str(first.refresh), "app")
    with pytest.raises(InvalidGrantError):
        grants.refresh(str(first.refresh), "app")
    assert grants.check(second.access) == (None, "revoked")


def test_grants_end_when_idle_when_old_and_when_there_are_too_many() -> None:
    grants, clock, first = start(rotates=False, idle_seconds=100, hard_seconds=250, most_refresh=2)
    for _ in range(2):
        clock.advance(90)
        assert grants.refresh(str(first.refresh), "app").refresh == first.refresh
    clock.advance(90)
    with pytest.raises(InvalidGrantError):
        grants.refresh(str(first.refresh), "app")
    issued = [grants.grant(client="app", organisations=["a"], scope="s", offline=True) for _ in range(3)]
    assert [grants.check(each.access)[1] for each in issued] == ["revoked", None, None]


def test_one_organisation_can_leave_and_all_survives_a_restart(tmp_path: Path) -> None:
    clock = Still()
    grants = Grants(clock, SqliteStorage(tmp_path), "_test_oauth", Policy())
    issued = grants.grant(client="app", organisations=["a", "b"], scope="s", offline=True)
    renewed = grants.refresh(str(issued.refresh), "app")
    grants.disconnect(issued.grant, "a")
    again = Grants(clock, SqliteStorage(tmp_path), "_test_oauth", Policy())
    found, _ = again.check(renewed.access)
    assert found is not None
    assert found.organisations == ["b"]
    assert again.refresh(str(renewed.refresh), "app").refresh


def test_limits_count_per_organisation_and_app_and_say_when_to_come_back() -> None:
    clock = Still()
    limits = Limits(clock, [Window("minute", 2, 60), Window("app minute", 3, 60, by="app")], at_once=5)
    assert [limits.enter("a", "app"), limits.enter("a", "app")] == [None, None]
    clock.advance(10)
    assert limits.enter("a", "app") == Refusal("minute", 50)
    assert limits.enter("b", "app") is None
    assert limits.enter("b", "app") == Refusal("app minute", 50)
    assert limits.left("b", "app") == {"minute": 1, "app minute": 0}
    clock.advance(51)
    assert limits.enter("a", "app") is None


def test_calls_at_once_are_counted_while_they_run_and_refusals_are_logged() -> None:
    limits = Limits(Still(), [], at_once=1)
    first, second = Call("x", "GET", "/"), Call("x", "GET", "/")
    with limits.admitted(first, "a", "app") as none, limits.admitted(second, "a", "app") as refusal:
        assert none is None
        assert refusal is not None
    assert (first.over_limit, second.over_limit, second.limit) == (False, True, "1 at once")
    assert limits.enter("a", "app") is None
