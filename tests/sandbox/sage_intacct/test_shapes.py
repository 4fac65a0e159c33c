"""Bodies of wrong shapes are refused, whatever is wrong in them, and leave every record readable."""

import random
from typing import Any

import pytest

from integrations.sandbox.sage_intacct.kinds import OBJECTS, Object
from tests.sandbox.sage_intacct.driver import Intacct

WRONG: tuple[Any, ...] = (
    None, "", 0, -1, "x", True, [], {}, [1], {"id": None}, {"key": "999"}, {"id": {"a": 1}}, [{}], [None], ["a"],
    {"x": "y"}, "2026-99-99", 1e20, "NaN", "1e999",
)  # fmt: skip
SHOWN_ONLY = ("href", "audit", "entity", "webURL")
QUERY = {
    "object": "accounts-payable/bill", "fields": ["key", "vendor.id"], "orderBy": [{"key": "asc"}], "start": 1,
    "filters": [{"$in": {"key": ["1"]}}, {"$between": {"createdDate": ["2026-01-01", "2026-02-01"]}}], "size": 10,
    "filterExpression": "1 or 2", "filterParameters": {"asOfDate": "2026-01-01"},
}  # fmt: skip


def writable(value: Any) -> Any:
    """What was read, as it could be sent back."""
    if isinstance(value, dict):
        return {name: writable(each) for name, each in value.items() if name not in SHOWN_ONLY}
    return [writable(each) for each in value] if isinstance(value, list) else value


def spoiled(value: Any, dice: random.Random) -> Any:
    """The same body with one part of it replaced by something else."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        name = dice.choice(list(value))
        return {**value, name: spoiled(value[name], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        place = dice.randrange(len(value))
        return [*value[:place], spoiled(value[place], dice), *value[place + 1 :]]
    return dice.choice(WRONG)


@pytest.mark.parametrize("obj", [each for each in OBJECTS if "PATCH" in each.methods], ids=lambda obj: obj.path)
def test_a_spoiled_body_is_taken_or_refused_and_breaks_nothing(busy: Intacct, obj: Object) -> None:
    dice, path = random.Random(obj.path), f"objects/{obj.path}"  # noqa: S311 - no secrets
    rows = busy.get(path)
    body = writable(busy.get(f"{path}/{rows[0]['key']}")) if rows else {"id": "N", "name": "New"}
    for number in range(25):
        given = spoiled(body, dice)
        if isinstance(given, dict) and "id" in given and number % 2:
            given["id"] = f"F{number}"
        assert busy.call("POST", path, given).status_code < 500, given
        if rows:
            assert busy.call("PATCH", f"{path}/{rows[0]['key']}", given).status_code < 500, given
    for row in busy.get(path, size="4000"):
        assert busy.call("GET", f"{path}/{row['key']}").status_code == 200


def test_a_spoiled_query_is_answered_or_refused(busy: Intacct) -> None:
    dice = random.Random(7)  # noqa: S311 - no secrets
    for _ in range(300):
        given = spoiled(QUERY, dice)
        assert busy.call("POST", "services/core/query", given).status_code in (200, 400, 404), given
