"""Very long statements in windows of time: each window is matched as a whole, with a margin of later lines that may
belong to its own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from .model import BankLine, LedgerEntry, Proposal

WINDOW = 25_000
"""More lines than this are not matched at once."""

_CORE = 20_000
_MARGIN = 5_000
_MARGIN_DAYS = timedelta(28)
_OPEN_DAYS = timedelta(500)
_SETTLED_DAYS = timedelta(120)
_AHEAD_DAYS = timedelta(12)


@dataclass(slots=True)
class Used:
    """Ids that proposals of earlier windows hold."""

    lines: set[str]
    entries: set[str]


@dataclass(frozen=True, slots=True)
class Window:
    """Lines of a while with the entries that can explain them; `core` are the ids that this window decides on."""

    question: tuple[Sequence[BankLine], Sequence[LedgerEntry]]
    core: frozenset[str]
    used: Used

    def keep(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Those about the window's own lines; what only concerns the margin is for the next window to say."""
        kept = [p for p in proposals if not self.core.isdisjoint(p.bank_ids)]
        for p in kept:
            self.used.lines.update(p.bank_ids[:1] if p.kind == "duplicate" else p.bank_ids)
            self.used.entries.update(p.ledger_ids)
        return kept


def windows(lines: Sequence[BankLine], entries: Sequence[LedgerEntry], *, core: int = _CORE) -> Iterator[Window]:
    """Windows of so many lines in order of time; each must be given its proposals (`keep`) before the next is asked
    for."""
    ordered = sorted(lines, key=lambda x: (x.on, x.id))
    books = sorted(entries, key=lambda e: (e.on, e.id))
    days = [e.on for e in books]
    used = Used(set(), set())
    for start in range(0, len(ordered), core):
        own = [x for x in ordered[start : start + core] if x.id not in used.lines]
        if not own:
            continue
        until = own[-1].on + _MARGIN_DAYS
        later = ordered[start + core : start + core + _MARGIN]
        margin = [x for x in later if x.on <= until and x.id not in used.lines]
        low, high = bisect_left(days, own[0].on - _OPEN_DAYS), bisect_left(days, until + _AHEAD_DAYS)
        settled_from = own[0].on - _SETTLED_DAYS
        asked = [e for e in books[low:high] if e.id not in used.entries and (e.open_amount or e.on >= settled_from)]
        yield Window(([*own, *margin], asked), frozenset(x.id for x in own), used)
