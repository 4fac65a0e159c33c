"""A nested report as rows to print: each with its level, what it is, and whether its total is right."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def flattened(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a report top down: {level, kind (section, line, total, result), label, values, is_wrong}."""
    wrong = {each["what"] for each in (report.get("checks") or {}).get("differences", [])}
    return list(_rows(report.get("rows") or (), 0, wrong))


def _rows(nodes: Iterable[Mapping[str, Any]], level: int, wrong: set[str]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if node["kind"] == "section" and not node["rows"] and not node.get("total"):
            continue
        yield {
            "level": level,
            "kind": node["kind"],
            "label": node["label"],
            "values": node["values"],
            "is_wrong": node["kind"] != "section" and node["label"] in wrong,
        }
        yield from _rows(node.get("rows", ()), level + 1, wrong)
        if node["kind"] == "section":
            # A ledger that tells no total of a section is no reason to show none.
            total = node.get("total") or {"label": f"Total {node['label'].lower()}", "values": node.get("sum") or {}}
            yield {
                "level": level,
                "kind": "total",
                "label": total["label"],
                "values": total["values"],
                "is_wrong": f"Total of {node['label']}" in wrong,
            }
