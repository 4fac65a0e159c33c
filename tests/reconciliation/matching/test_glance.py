"""What is hopeless at a first glance is not looked at any further, and nothing is proposed otherwise for that."""

import math
from pathlib import Path

import pytest

from benchmarks.businesses import KINDS, make
from benchmarks.matching import load
from reconciliation.matching import Proposal
from reconciliation.matching.books import Books
from reconciliation.matching.engine import decide, explain_all
from reconciliation.matching.files import Job
from reconciliation.matching.weights import HOPELESS


def _matched(job: Job, hopeless: float) -> tuple[int, list[Proposal]]:
    """How many explanations were supposed, and what was proposed."""
    books = Books(job.lines, job.entries, job.context)
    books.hopeless = hopeless
    supposed = explain_all(books)
    return len(supposed), decide(books, supposed)


@pytest.mark.parametrize("kind", KINDS)
def test_proposals_are_the_same_whether_hopeless_explanations_are_supposed_or_not(kind: str, tmp_path: Path) -> None:
    make(kind, 7, 250).write(tmp_path)
    job = load(tmp_path)

    few, proposals = _matched(job, HOPELESS)
    many, with_hopeless = _matched(job, -math.inf)

    assert proposals == with_hopeless
    assert few < many


def test_a_glance_takes_away_only_what_would_not_compete(tmp_path: Path) -> None:
    make("wholesale", 8, 250).write(tmp_path)
    job = load(tmp_path)
    books, all_of_them = (Books(job.lines, job.entries, job.context) for _ in range(2))
    all_of_them.hopeless = -math.inf

    kept = {(h.rows, h.items, h.family) for h in explain_all(books)}
    found = explain_all(all_of_them)
    decide(all_of_them, found)
    left_out = [h for h in found if (h.rows, h.items, h.family) not in kept]

    assert left_out
    assert max(h.score for h in left_out) < HOPELESS
