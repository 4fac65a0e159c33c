"""What a full pull is held against: the ledger's own count, where it told one."""

from typing import Any

from integrations.services.planning import FULL, prove, start_over


def state(**changes: Any) -> dict[str, Any]:
    return {"mode": FULL, "entities": ["Invoice"], "totals": {"Invoice": 10}, **changes}


def test_equal_counts_prove_a_pull_and_both_numbers_are_kept() -> None:
    found = state()
    prove(found, 10)
    assert (found["proved"], found["counted"]) == (True, {"ours": 10, "ledger": 10})


def test_a_difference_is_said() -> None:
    found = state()
    prove(found, 9)
    assert (found["proved"], found["counted"]) == (False, {"ours": 9, "ledger": 10})


def test_rows_that_say_that_they_are_deleted_count_for_the_ledger() -> None:
    found = state(gone=2)
    prove(found, 8)
    assert found["proved"] is True


def test_where_the_ledger_counts_only_some_kinds_nothing_is_claimed() -> None:
    found = state(entities=["Invoice", "CreditMemo"])
    prove(found, 10)
    assert found["proved"] is None


def test_starting_over_forgets_what_was_counted() -> None:
    found = state(gone=2)
    start_over(found, FULL)
    prove(found, 8)
    assert found["proved"] is None
