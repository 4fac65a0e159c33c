"""What a whole statement and a whole ledger hold of each word and number, for matching a few of their lines alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Census:
    """Counts over everything, of which only a part is matched: a word weighs what it weighs in the whole.

    `lines` and `said`: the statement's lines, and how many of them hold a word; `names` and `borne`: the contacts, and
    how many of their names hold a word; `blocks`: how many contacts share a key of `names.probe_keys`; `cited`: how
    many entries share a key of `references.number_keys`. What was not asked about may be missing from the last three.
    """

    lines: int
    said: Mapping[str, int]
    names: int
    borne: Mapping[str, int] = field(default_factory=dict)
    blocks: Mapping[str, int] = field(default_factory=dict)
    cited: Mapping[str, int] = field(default_factory=dict)
