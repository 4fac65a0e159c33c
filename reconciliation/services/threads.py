"""What was said about bank lines, as cards show it; the parts of a split line and the whole of it hear each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q

from reconciliation.models import BankLine, Case, CaseComment, CaseFile
from reconciliation.money import money

_LAST = 3
_WHOLE = "the whole line"


@dataclass(slots=True)
class Kin:
    """The talk about the line that this one is a part of, or about one of its parts."""

    case: Case
    words: str
    said: int


@dataclass(slots=True)
class Thread:
    """An exception as a card shows it: who, until when, and the last that was said.

    `case` is None where only the line's kin was talked about; `comments`, `said` and `files` are its own.
    """

    case: Case | None
    comments: Sequence[CaseComment] = ()
    said: int = 0
    files: int = 0
    kin: list[Kin] = field(default_factory=list)


def threads_of(line_ids: Iterable[UUID]) -> dict[UUID, Thread]:
    """What is said about these lines and their kin, by line; three queries however many."""
    wanted = set(line_ids)
    kin = _kin_of(wanted)
    near = wanted | {other for own in kin.values() for other, _ in own}
    rows = CaseComment.objects.filter(case__bank_line__in=near).select_related("by").annotate(held=Count("files"))
    said: dict[UUID, list[Any]] = {}
    for row in rows.order_by("id"):
        said.setdefault(row.case_id, []).append(row)
    cases = {case.bank_line_id: case for case in Case.objects.filter(bank_line__in=near).select_related("assignee")}
    found: dict[UUID, Thread] = {}
    for pk in wanted:
        case = cases.get(pk)
        own = said.get(case.pk, []) if case else []
        spoken = [
            Kin(cases[other], words, len(said[cases[other].pk]))
            for other, words in kin.get(pk, ())
            if other in cases and cases[other].pk in said
        ]
        if case or spoken:
            found[pk] = Thread(case, own[-_LAST:], len(own), sum(each.held for each in own), spoken)
    return found


def kin_comments(case: Case) -> list[tuple[Case, str, list[CaseComment]]]:
    """All that was said about the kin of an exception's line: the exception, of what it is in words, its comments."""
    if case.bank_line_id is None:
        return []
    words = dict(_kin_of({case.bank_line_id}).get(case.bank_line_id, ()))
    cases = Case.objects.filter(bank_line__in=words).order_by("bank_line__part_of", "bank_line")
    rows = CaseComment.objects.select_related("by").prefetch_related(names_only())
    found = [
        (each, words[each.bank_line_id], list(each.comments.all()))
        for each in cases.prefetch_related(Prefetch("comments", rows))
        if each.bank_line_id is not None
    ]
    return [row for row in found if row[2]]


def _kin_of(wanted: set[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """The whole of each part and the parts of each whole, also those that were put together again."""
    family = Q(pk__in=wanted, part_of__isnull=False) | Q(part_of__in=wanted)
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for part in BankLine.objects.filter(family).only("part_of", "amount", "currency").order_by("pk"):
        assert part.part_of_id is not None  # noqa: S101 - asked for
        if part.pk in wanted:
            found.setdefault(part.pk, []).append((part.part_of_id, _WHOLE))
        if part.part_of_id in wanted:
            found.setdefault(part.part_of_id, []).append((part.pk, f"the part of {money(part.amount, part.currency)}"))
    return found


def names_only() -> Any:
    """Files without what is in them."""
    return Prefetch("files", CaseFile.objects.defer("content"))
