"""The journey of a posting in steps: intent, sent, the ledger's answer, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.models import ApiCall, Posting
from integrations.templatetags.books import words

_ORIGINS = {
    "api": "By a partner application, over the API",
    "source_document": "From a source document",
    "match": "From an approved match",
    "person": "By a person",
}


def origin_words(kind: str) -> str:
    """Where a posting comes from."""
    return _ORIGINS.get(kind, words(kind))


@dataclass(frozen=True)
class Step:
    """`tone` colours the step; `at` is None for what has not happened yet."""

    tone: str
    label: str
    text: str = ""
    at: datetime | None = None


def journey_of(posting: Posting, calls: Sequence[ApiCall], reversals: Sequence[Posting] = ()) -> list[Step]:
    """The steps so far and the one it waits for."""
    asked = f"By {posting.requested_by}" if posting.requested_by else origin_words(posting.origin_kind)
    steps = [Step("success", "Written down", asked, posting.created_at)]
    if posting.depends_on_id:
        steps.append(_dependency(posting))
    if "answer" in posting.question:
        steps.append(Step("info", "Decided", str(posting.question.get("text") or "")))
    steps.extend(_attempt(call) for call in calls)
    if posting.sent_at and not calls:
        steps.append(Step("info", "Sent", "The exchange itself is no longer kept.", posting.sent_at))
    steps.append(_outcome(posting))
    steps.extend(Step("warning", "Reversed", f"{undo.get_status_display()}", undo.created_at) for undo in reversals)
    return steps


def _dependency(posting: Posting) -> Step:
    first: Any = posting.depends_on
    done = first.status == Posting.Status.POSTED
    return Step("success" if done else "info", f"After {words(first.resource).lower()}", first.get_status_display())


def _attempt(call: ApiCall) -> Step:
    if call.status_code is None:
        return Step("warning", f"{call.method}: no answer came", "The outcome was not known then.", call.started_at)
    good = call.status_code < 400 and not call.error_code
    label = f"{call.method}: the ledger answered {call.status_code}"
    return Step("success" if good else "danger", label, words(call.error_code), call.started_at)


def _outcome(posting: Posting) -> Step:
    message = str(posting.error.get("message") or "")
    if posting.status == Posting.Status.POSTED:
        name = f"{posting.remote_type} {posting.external_id}".strip()
        return Step("success", "Posted", f"The ledger calls it {name}.", posting.finished_at)
    if posting.status == Posting.Status.REJECTED:
        return Step("danger", "Refused", message, posting.finished_at)
    if posting.status == Posting.Status.UNKNOWN:
        return Step("warning", "Outcome unknown", "It is looked up in the ledger before anything is sent again.")
    if posting.status == Posting.Status.RESTING:
        return Step("danger", "Resting after too many tries", message, posting.finished_at)
    if posting.status == Posting.Status.HELD:
        return Step("warning", "Waits for your decision", str(posting.question.get("text") or ""))
    if posting.status == Posting.Status.CANCELLED:
        return Step("", "Cancelled", "Nothing was sent.", posting.finished_at)
    waits = message or "A worker takes it as soon as the ledger's limits allow."
    return Step("info", posting.get_status_display(), waits)
