"""Reports as one nested shape for every ledger, with every total worked out again and compared with what was told.

A node is a `section` (its `rows`, the `total` that was told, the `sum` of its rows), a `line` (an account, a contact)
or a `result` (gross profit, net profit: what follows from the sections before it). Amounts are Decimal by column.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)

GROUPS = frozenset({
    "income", "cost_of_sales", "gross_profit", "expenses", "operating_profit", "other_income", "other_expenses",
    "net_other", "net_profit", "assets", "liabilities", "equity", "net_assets", "liabilities_and_equity", "operating",
    "investing", "financing", "net_change", "opening_cash", "closing_cash", "total",
})  # fmt: skip
"""What a part of a report is, whatever the ledger calls it."""

# result: (added, subtracted), by what they are; the first equation whose parts are all told is the one.
_RESULTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("gross_profit", ("income",), ("cost_of_sales",)),
    ("operating_profit", ("income",), ("cost_of_sales", "expenses")),
    ("net_other", ("other_income",), ("other_expenses",)),
    ("net_profit", ("income", "other_income"), ("cost_of_sales", "expenses", "other_expenses")),
    ("liabilities_and_equity", ("liabilities", "equity"), ()),
    ("net_assets", ("assets",), ("liabilities",)),
    ("net_change", ("operating", "investing", "financing"), ()),
    ("closing_cash", ("opening_cash", "net_change"), ()),
)

# Running balances and mixed columns: their rows are not meant to be added up.
_NOT_ADDED = frozenset({"general_ledger"})

Node = dict[str, Any]


def nested(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report with its flat `rows` nested and `checks`: {"made": n, "differences": [{what, column, told, found}]}."""
    columns = [column["key"] for column in report["columns"] if column.get("type") == "money"]
    nodes = tree(report["rows"])
    name = str(report.get("external_id") or "")
    compared = [] if name in _NOT_ADDED or report.get("is_cut_short") else list(_comparisons(name, nodes, columns))
    differences = [each for each in compared if each["told"] != each["found"]]
    return {**report, "rows": nodes, "checks": {"made": len(compared), "differences": differences}}


def tree(rows: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Flat rows with levels as nodes: a summary closes the section it belongs to, others are results."""
    top: list[Node] = []
    opened: list[Node] = []
    for row in rows:
        del opened[row["level"] + (row["kind"] == "summary") :]
        inside = opened[row["level"]] if row["kind"] == "summary" and len(opened) > row["level"] else None
        if inside is not None and inside["total"] is None and inside["group"] == row["group"]:
            inside["total"] = {"label": row["label"], "values": dict(row["values"])}
            del opened[row["level"] :]
            continue
        del opened[row["level"] :]
        node = _node(row)
        (opened[-1]["rows"] if opened else top).append(node)
        if row["kind"] == "section":
            opened.append(node)
    for node in top:
        _add_up(node)
    return top


def _node(row: Mapping[str, Any]) -> Node:
    kinds = {"section": "section", "data": "line", "summary": "result"}
    node = {"kind": kinds[row["kind"]], **{name: row[name] for name in ("label", "id", "group")}}
    node["values"] = dict(row["values"])
    return {**node, "rows": [], "total": None} if row["kind"] == "section" else node


def _add_up(node: Node) -> dict[str, Decimal]:
    """The amounts of a node; a section's are the sum of its rows and of its own account, kept as `sum`."""
    if node["kind"] == "result":
        return {}
    found = {column: value for column, value in node["values"].items() if isinstance(value, Decimal)}
    if node["kind"] == "section":
        for inner in node["rows"]:
            for column, value in _add_up(inner).items():
                found[column] = found.get(column, ZERO) + value
        node["sum"] = found
    return found


def _comparisons(name: str, nodes: list[Node], columns: list[str]) -> Iterator[dict[str, Any]]:
    for section in _sections(nodes):
        if section["total"] is not None:
            yield from _equal(f"Total of {section['label']}", columns, section["total"]["values"], section["sum"])
    told = _by_group(nodes)
    for result, added, subtracted in _RESULTS:
        if result in told and any(part in told for part in (*added, *subtracted)):
            found = {
                column: _total(told, added, column) - _total(told, subtracted, column) for column in columns
            }  # fmt: skip
            yield from _equal(result.replace("_", " ").capitalize(), columns, told[result], found)
    if "assets" in told and "liabilities_and_equity" in told:
        yield from _equal("Assets and liabilities with equity", columns, told["assets"], told["liabilities_and_equity"])
    if "net_assets" in told and "equity" in told:
        yield from _equal("Net assets and equity", columns, told["net_assets"], told["equity"])
    yield from _grand_total(nodes, told, columns)
    yield from _across(name, nodes, columns)


def _sections(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node["kind"] == "section":
            yield node
            yield from _sections(node["rows"])


def _by_group(nodes: Iterable[Node]) -> dict[str, Mapping[str, Any]]:
    """Group → the amounts told for it; a section without a told total stands for its sum."""
    found: dict[str, Mapping[str, Any]] = {}
    for node in nodes:
        if node["kind"] == "section":
            if node["group"] in GROUPS:
                found.setdefault(node["group"], node["total"]["values"] if node["total"] else node["sum"])
            for group, values in _by_group(node["rows"]).items():
                found.setdefault(group, values)
        elif node["group"] in GROUPS:
            found[node["group"]] = node["values"]
    return found


def _total(told: Mapping[str, Mapping[str, Any]], groups: Iterable[str], column: str) -> Decimal:
    return sum((_amount(told.get(group, {}).get(column)) for group in groups), ZERO)


def _amount(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else ZERO


def _equal(
    what: str, columns: Iterable[str], told: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for column in columns:
        yield {"what": what, "column": column, "told": _amount(told.get(column)), "found": _amount(found.get(column))}


def _grand_total(
    nodes: list[Node], told: Mapping[str, Mapping[str, Any]], columns: list[str]
) -> Iterator[dict[str, Any]]:
    if "total" not in told:
        return
    found: dict[str, Decimal] = {}
    for node in nodes:
        amounts = node["sum"] if node["kind"] == "section" else node["values"] if node["kind"] == "line" else {}
        for column in columns:
            found[column] = found.get(column, ZERO) + _amount(amounts.get(column))
    yield from _equal("Total", columns, told["total"], found)


def _across(name: str, nodes: list[Node], columns: list[str]) -> Iterator[dict[str, Any]]:
    """What must be equal within rows: debits and credits of a trial balance, buckets and total of an aged list."""
    lines = [node for node in nodes if node["kind"] == "line"]
    if name == "trial_balance" and {"debit", "credit"} <= set(columns):
        sums = [
            sum((_amount(node["values"].get(side)) for node in _lines(nodes)), ZERO) for side in ("debit", "credit")
        ]
        yield {"what": "Debits and credits", "column": "debit", "told": sums[0], "found": sums[1]}
    if name.startswith("aged_") and "total" in columns:
        for node in lines:
            buckets = [_amount(node["values"].get(column)) for column in columns if column != "total"]
            told = _amount(node["values"].get("total"))
            yield {"what": node["label"], "column": "total", "told": told, "found": sum(buckets, ZERO)}


def _lines(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node["kind"] == "line":
            yield node
        yield from _lines(node.get("rows", ()))
