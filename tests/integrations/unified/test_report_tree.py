"""Reports in one nested shape; a total that is off by a cent is found wherever it stands."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.unified.report_tree import nested

CENTS = st.integers(-(10**7), 10**7).map(lambda cents: Decimal(cents) / 100)
TREES = st.recursive(CENTS, lambda inner: st.lists(inner, min_size=1, max_size=4), max_leaves=20)
COLUMNS = [{"key": "account", "type": "account"}, {"key": "total", "type": "money"}]


def row(kind: str, label: str, level: int, amount: Decimal | None = None, group: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "label": label, "id": None, "group": group, "level": level, "values": {"total": amount}}


def total(tree: Any) -> Decimal:
    return tree if isinstance(tree, Decimal) else sum(map(total, tree), Decimal(0))


def flat(tree: Any, level: int = 0) -> Iterator[dict[str, Any]]:
    """The rows of a report whose totals are right."""
    if isinstance(tree, Decimal):
        yield row("data", "an account", level, tree)
        return
    yield row("section", "a section", level)
    for inner in tree:
        yield from flat(inner, level + 1)
    yield row("summary", "Total", level, total(tree))


def report(rows: list[dict[str, Any]], name: str = "profit_and_loss") -> dict[str, Any]:
    return nested({"external_id": name, "columns": COLUMNS, "rows": rows, "is_cut_short": False})


def leaves(nodes: list[dict[str, Any]]) -> Iterator[Decimal]:
    for node in nodes:
        if node["kind"] == "line":
            yield node["values"]["total"]
        yield from leaves(node.get("rows", []))


@given(st.lists(TREES, min_size=1, max_size=4))
def test_right_totals_agree_and_nothing_is_lost_in_the_tree(trees: list[Any]) -> None:
    rows = [each for tree in trees for each in flat(tree)]
    found = report(rows)
    assert found["checks"]["differences"] == []
    assert found["checks"]["made"] == sum(each["kind"] == "section" for each in rows)
    assert list(leaves(found["rows"])) == [each["values"]["total"] for each in rows if each["kind"] == "data"]


@given(
    st.lists(TREES, min_size=1, max_size=4).filter(lambda trees: any(isinstance(tree, list) for tree in trees)),
    st.data(),
)
def test_a_total_that_is_off_by_a_cent_is_found(trees: list[Any], data: st.DataObject) -> None:
    rows = [each for tree in trees for each in flat(tree)]
    wrong = data.draw(st.sampled_from([each for each in rows if each["kind"] == "summary"]))
    wrong["values"]["total"] += Decimal("0.01")
    (found,) = report(rows)["checks"]["differences"]
    assert found["told"] - found["found"] == Decimal("0.01")


RESULTS = ("income", "cost_of_sales", "expenses", "other_income", "other_expenses")


@given(st.lists(CENTS, min_size=5, max_size=5))
def test_profits_follow_from_their_sections(amounts: list[Decimal]) -> None:
    income, cost, expenses, other_income, other_expenses = amounts
    rows: list[dict[str, Any]] = []
    for group, amount in zip(RESULTS, amounts, strict=True):
        rows += [
            row("section", group, 0, group=group),
            row("data", "x", 1, amount),
            row("summary", "T", 0, amount, group),
        ]
    rows.append(row("summary", "Gross profit", 0, income - cost, "gross_profit"))
    rows.append(row("summary", "Net profit", 0, income - cost - expenses + other_income - other_expenses, "net_profit"))
    assert report(rows)["checks"]["differences"] == []
    rows[-1]["values"]["total"] += 1
    assert [each["what"] for each in report(rows)["checks"]["differences"]] == ["Net profit"]


def test_a_balance_sheet_balances() -> None:
    rows = []
    for group, amount in (("assets", 7), ("liabilities", 5), ("equity", 3)):
        rows += [row("section", group, 0, group=group), row("summary", "T", 0, Decimal(amount), group)]
        rows.insert(-1, row("data", "x", 1, Decimal(amount)))
    rows.append(row("summary", "Liabilities and equity", 0, Decimal(8), "liabilities_and_equity"))
    (found,) = report(rows, "balance_sheet")["checks"]["differences"]
    assert (found["what"], found["told"], found["found"]) == ("Assets and liabilities with equity", 7, 8)


def test_running_balances_are_not_added_up() -> None:
    rows = [row("section", "Bank", 0), row("data", "x", 1, Decimal(1)), row("summary", "T", 0, Decimal(9))]
    assert report(rows, "general_ledger")["checks"] == {"made": 0, "differences": []}
