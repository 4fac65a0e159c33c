"""The report of a back-test, added up document by document; what it holds does not grow with their number."""

from collections import Counter
from decimal import Decimal
from typing import Any

from mappings.models import MappingSet, SourceDocument
from mappings.transform import Document, Result
from mappings.transform.compare import Move, Outcome, balances, taxable
from mappings.transform.effect import entries_of
from mappings.transform.money import rounded, text_of

MOST_MOVES, MOST_ACCOUNTS, MOST_PROBLEMS, MOST_EXAMPLES = 200, 500, 20, 30
_NONE = Decimal(0)
_Sums = dict[tuple[str, str], list[Decimal]]


class Report:
    """`add` each document once, then `as_dict`."""

    def __init__(self, mapping_set: MappingSet, against: MappingSet | None) -> None:
        self._versions = {"version": mapping_set.version, "against": against.version if against else None}
        self._counts: Counter[str] = Counter()
        self._money: dict[str, Counter[str]] = {}
        self._moves: dict[tuple[str, str, str, str, str], list[Any]] = {}
        self._accounts: _Sums = {}
        self._taxes: _Sums = {}
        self._problems: Counter[str] = Counter()
        self._examples: list[dict[str, Any]] = []

    def add(self, row: SourceDocument, before: Result, after: Result, outcome: Outcome, source: Document) -> None:
        """One document's outcome under both versions."""
        self._counts[outcome.what] += 1
        self._money.setdefault(outcome.what, Counter())[row.currency] += row.total  # type: ignore[assignment]
        if outcome.problem:
            self._problems[outcome.problem] += 1
        for place, result in enumerate((before, after)):
            if result.payload is not None:
                _count(self._accounts, balances(entries_of(result.writes)), row.currency, place)
                _count(self._taxes, taxable(source, result), row.currency, place)
        for move in outcome.moves:
            key = (move.field, move.before, move.after, after.resource, row.currency)
            sums = self._moves.setdefault(key, [0, _NONE, None])
            # A document with two lines that move alike is one document.
            sums[0] += sums[2] != row.pk
            sums[1] += move.amount
            sums[2] = row.pk
        if outcome.what in ("moved", "stopped", "released") and len(self._examples) < MOST_EXAMPLES:
            self._examples.append(_example(row, outcome))

    def as_dict(self) -> dict[str, Any]:
        """JSON: counts, what moves, and the balances before and after that differ; amounts as decimal text."""
        return self._versions | {
            "documents": sum(self._counts.values()),
            "counts": {what: self._counts[what] for what in ("same", "moved", "released", "stopped", "stuck")},
            "money": {what: _texts(sums) for what, sums in self._money.items()},
            "moves": self._moved()[:MOST_MOVES],
            "accounts": _differing(self._accounts)[:MOST_ACCOUNTS],
            "taxes": _differing(self._taxes)[:MOST_ACCOUNTS],
            "problems": [
                {"text": text, "documents": count} for text, count in self._problems.most_common(MOST_PROBLEMS)
            ],
            "examples": self._examples,
        }

    def _moved(self) -> list[dict[str, Any]]:
        largest_first = sorted(self._moves.items(), key=lambda item: (-abs(item[1][1]), item[0]))
        return [
            {
                "field": field,
                "before": before,
                "after": after,
                "what": resource.replace("_", " "),
                "documents": count,
                "amount": f"{rounded(amount, currency):f}",
                "currency": currency,
                "text": text_of(amount, currency),
            }
            for (field, before, after, resource, currency), (count, amount, _) in largest_first
        ]


def _count(sums: _Sums, found: dict[str, Decimal], currency: str, place: int) -> None:
    for name, amount in found.items():
        sums.setdefault((name, currency), [_NONE, _NONE])[place] += amount


def _differing(sums: _Sums) -> list[dict[str, Any]]:
    rows = [(name, currency, old, new) for (name, currency), (old, new) in sums.items() if old != new]
    rows.sort(key=lambda row: (row[1], -abs(row[3] - row[2]), row[0]))
    return [
        {
            "name": name,
            "currency": currency,
            "before": f"{rounded(before, currency):f}",
            "after": f"{rounded(after, currency):f}",
            "change": f"{rounded(after - before, currency):f}",
        }
        for name, currency, before, after in rows
    ]


def _texts(sums: "Counter[str]") -> str:
    return " and ".join(text_of(Decimal(amount), currency) for currency, amount in sorted(sums.items()))


def _example(row: SourceDocument, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "name": str(row),
        "counterparty": row.counterparty,
        "total": row.total_text,
        "what": outcome.what,
        "moves": [_words(move, row.currency) for move in outcome.moves[:5]],
        "problem": outcome.problem,
    }


def _words(move: Move, currency: str) -> str:
    return f"{move.field}: {move.before} → {move.after} ({text_of(move.amount, currency)})"
