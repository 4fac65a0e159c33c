"""A document's way, step by step, from its own row and its postings: for its page and for the API."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.models import Posting
from integrations.services.ledgers import record_url
from mappings.models import CutOverLink, MappingSet, SourceDocument
from mappings.models.documents import State
from mappings.services.earlier import links_of, named
from mappings.services.mapping import book_for, document_postings
from mappings.services.practice import practice_of
from mappings.services.references import CONTACT, ITEM
from mappings.transform import Document, Result, apply
from mappings.transform.effect import Entry, entries_of, exchange_difference, line_account
from mappings.transform.model import Write
from mappings.transform.money import text_of


@dataclass(frozen=True)
class Step:
    """One step: `status` is done, now, todo or failed; `at` is UTC."""

    name: str
    title: str
    status: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True)
class Journey:
    """The steps, the write that made the ledger's document, the writes it needed first, and all of its own in order."""

    steps: tuple[Step, ...]
    posting: Posting | None
    needs: tuple[Posting, ...]
    writes: tuple[Posting, ...] = ()


def journey_of(document: SourceDocument) -> Journey:
    """Received → mapped → sent → the ledger's answer."""
    if document.status in _BEFORE:
        return Journey((_received(document), _cut_over(document)), None, ())
    writes = _writes(document)
    # The first that is not settled decides how far it is; the first of all is what the document became.
    deciding = next((each for each in writes if each.status not in _SETTLED), writes[-1] if writes else None)
    posting = writes[0] if writes else None
    needs = tuple(_needs(posting))
    steps = [_received(document), _mapped(document), *_approval(document), _sent(deciding, needs)]
    answer = _answer(document, deciding)
    if state_of(document) == State.PARTLY:
        answer = _in_part(answer, writes)
    return Journey((*steps, answer), posting, needs, writes)


_SETTLED = (Posting.Status.POSTED, Posting.Status.CANCELLED)


def _in_part(answer: Step, writes: Sequence[Posting]) -> Step:
    """What is there already, and why the rest is not."""
    why = answer.text if answer.status == "failed" else "The rest was cancelled before it was sent."
    there = [each for each in writes if each.status == Posting.Status.POSTED]
    names = ", ".join(f"{each.remote_type or each.get_resource_display()} {each.external_id}" for each in there)
    text = f"{why} A part of it is in the ledger already: {names}. Map it again to finish it, or undo that part."
    return replace(answer, status="failed", text=text)


def _writes(document: SourceDocument) -> tuple[Posting, ...]:
    """Its writes in order: those in force, or the cancelled ones where nothing else is left."""
    if document.status != SourceDocument.Status.MAPPED:
        return ()
    found = list(document_postings(document).select_related("record", "depends_on"))
    return tuple(each for each in found if each.status != Posting.Status.CANCELLED) or tuple(found[-1:])


def _approval(document: SourceDocument) -> list[Step]:
    """Only for documents that a second person has to look at, or has looked at."""
    if document.status == SourceDocument.Status.APPROVAL:
        return [Step("approved", "Approval", "now", str(document.proposal.get("why") or ""), document.checked_at)]
    if not document.decider:
        return []
    is_refused = document.status == SourceDocument.Status.REFUSED
    text = f"By {document.decider}." + (f" {document.decision}" if document.decision else "")
    if is_refused:
        return [Step("approved", "Refused", "failed", text, document.decided_at)]
    return [Step("approved", "Approved", "done", text, document.decided_at)]


_BEFORE = (SourceDocument.Status.MATCHING, SourceDocument.Status.LINKED, SourceDocument.Status.LEFT_OUT)


def _cut_over(document: SourceDocument) -> Step:
    link = CutOverLink.objects.for_tenant(document.tenant_id).filter(document=document).first()
    at = link.decided_at if link else None
    if link is not None and document.status == SourceDocument.Status.LINKED:
        text = (
            f"It was in the ledger before the cut-over, as {link.remote_type} {link.external_id}; it is never posted."
        )
        return Step("linked", "Linked", "done", " ".join([text, *link.reasons]), at)
    if link is not None and document.status == SourceDocument.Status.LEFT_OUT:
        return Step("linked", "Left out", "done", f"Neither linked nor posted: {link.reason}", at)
    text = "It is dated before the cut-over: it is not posted, but linked to what the ledger has."
    return Step("linked", "Waiting for the cut-over", "now", text)


def _needs(posting: Posting | None) -> list[Posting]:
    chain: list[Posting] = []
    at = posting.depends_on if posting else None
    while at is not None and len(chain) < 20 and at.origin_kind in (CONTACT, ITEM):
        chain.append(at)
        at = at.depends_on
    return chain[::-1]


def _received(document: SourceDocument) -> Step:
    sender = document.grant.name if document.grant else document.source
    text = f"{sender} sent {document.external_id}: {document.get_kind_display().lower()} of {document.total_text}."
    return Step("received", "Received", "done", text, document.received_at)


def _mapped(document: SourceDocument) -> Step:
    count = len(document.problems)
    if document.status == SourceDocument.Status.RECEIVED:
        return Step("mapped", "Mapped", "now", "About to be mapped.")
    if document.status == SourceDocument.Status.WAITING:
        text = "Waits: " + (document.problems[0]["text"] if count == 1 else f"{count} things are missing.")
        return Step("mapped", "Waiting", "now", text, document.checked_at)
    if document.status == SourceDocument.Status.REFUSED:
        return Step("mapped", "Refused", "failed", _text(document.problems), document.checked_at)
    version = document.mapping_set.version if document.mapping_set else 0
    if document.status == SourceDocument.Status.APPROVAL:
        return Step("mapped", "Mapped", "done", f"By version {version} of the mappings.", document.checked_at)
    again = f" (attempt {document.attempt})" if document.attempt > 1 else ""
    return Step("mapped", "Mapped", "done", f"By version {version} of the mappings{again}.", document.mapped_at)


def _sent(posting: Posting | None, needs: tuple[Posting, ...]) -> Step:
    if posting is None:
        return Step("sent", "Sent", "todo", "")
    if posting.sent_at or posting.status == Posting.Status.POSTED:
        return Step("sent", "Sent", "done", f"With the idempotency key {posting.idempotency_key}.", posting.sent_at)
    if posting.status == Posting.Status.CANCELLED:
        return Step("sent", "Cancelled", "failed", "Cancelled before it was sent.", posting.finished_at)
    stuck = next((each for each in needs if each.status == Posting.Status.REJECTED), None)
    if stuck:
        text = (
            f"Cannot go before “{stuck.body.get('name', '')}” is created, and the ledger refused that: {_error(stuck)}"
        )
        return Step("sent", "Held up", "failed", text)
    if any(each.status != Posting.Status.POSTED for each in needs):
        names = ", ".join(f"“{each.body.get('name', '')}”" for each in needs)
        return Step("sent", "Sent", "now", f"Goes as soon as {names} exists in the ledger.")
    return Step("sent", "Sent", "now", str(posting.error.get("message") or "Waiting for its turn."))


def _answer(document: SourceDocument, posting: Posting | None) -> Step:
    title = "Ledger's answer"
    if posting is None or posting.status in (Posting.Status.PENDING, Posting.Status.CANCELLED):
        return Step("answered", title, "todo", "")
    if posting.status == Posting.Status.POSTED:
        kind = posting.remote_type or posting.get_resource_display()
        text = f"Posted as {kind} {posting.external_id} in {document.connection}."
        return Step("answered", title, "done", text, posting.finished_at)
    if posting.status == Posting.Status.REJECTED:
        return Step("answered", title, "failed", f"Refused: {_error(posting)}", posting.finished_at)
    if posting.status == Posting.Status.UNKNOWN:
        text = "No trustworthy answer came. The ledger is being searched before anything is sent again."
        return Step("answered", title, "now", text)
    return Step("answered", title, "now", "Sent; the answer is awaited.")


def _error(posting: Posting) -> str:
    return str(posting.error.get("message") or posting.error_code or "no reason given")


def _text(problems: list[dict[str, Any]]) -> str:
    return " ".join(each["text"] for each in problems)


@dataclass(frozen=True)
class Preview:
    """What a document becomes: the unified record, its debits and credits, and what is still missing."""

    version: int
    result: Result
    effect: tuple[Entry, ...]
    gain: Decimal | None = None
    """Realised exchange gain (above zero) or loss in the ledger's own currency, where the rates are known."""


def preview_of(document: SourceDocument, version: MappingSet) -> Preview:
    """The document run through a version without writing anything."""
    source, connection = Document.from_body(document.body), document.connection
    links = links_of(connection, source)
    practice = practice_of(connection, source.kind)
    result = apply(book_for(connection, version, list(source.uses())), source, practice, links)
    gain = _gain(result, {key: each.rate for key, each in links.items()}, connection.currency)
    return Preview(version.version, result, tuple(entries_of(result.writes)), gain)


def _gain(result: Result, rates: dict[str, Decimal | None], home: str) -> Decimal | None:
    """Realised exchange gain or loss of a payment in the ledger's own currency, where both rates are known."""
    found = [
        exchange_difference(write.body, rates, home=home, sign=1 if write.resource == "payments" else -1)
        for write in result.writes
        if write.resource in ("payments", "bill_payments") and write.body.get("exchange_rate") is not None
    ]
    return sum((each for each in found if each is not None), Decimal(0)) if found and None not in found else None


def earlier_of(document: SourceDocument) -> list[SourceDocument]:
    """The documents it names, as far as they have come in."""
    keys = [each.key for each in Document.from_body(document.body).earlier]
    return list(named(document.connection, keys)) if keys else []


def later_of(document: SourceDocument) -> list[SourceDocument]:
    """The first documents that name this one: its payments, credits and refunds."""
    rows = SourceDocument.objects.for_tenant(document.tenant_id).filter(connection=document.connection)
    return list(rows.filter(names__contains=[document.key]).exclude(names=[]).order_by("id")[:20])


def in_words(document: SourceDocument, effect: tuple[Entry, ...]) -> list[str]:
    """The double entry as sentences: "4000 Sales is credited 100.00 GBP"."""
    money = document.currency
    return [
        f"{each.account} is {'debited' if each.debit else 'credited'} {text_of(each.debit or each.credit, money)}"
        for each in effect
    ]


def effect_of(writes: Sequence[Posting], trace: list[dict[str, Any]]) -> tuple[Entry, ...]:
    """Debits and credits of what was sent; where a line names an item, the trace knows its account."""
    accounts = {each["where"]: each["target"] for each in trace if each["field"] == "account"}
    found = []
    for write in writes:
        lines = [
            {"account": {"name": accounts.get(f"line {number}", line_account(line))}, **line}
            for number, line in enumerate(write.body.get("lines", []), start=1)
        ]
        body = write.body | ({"lines": lines} if lines else {})
        found.append(Write(write.idempotency_key, write.resource, write.operation, body))
    return tuple(entries_of(found))


def state_of(document: SourceDocument) -> str:
    """The annotated state, read anew for a row that was loaded without it."""
    known = getattr(document, "state", None)
    if known is not None:
        return str(known)
    rows: Any = SourceDocument.objects.for_tenant(document.tenant_id).with_state()
    return str(rows.values_list("state", flat=True).get(pk=document.pk))


def ledger_url(posting: Posting | None) -> str:
    """The page of the posted record in the ledger's own web application; empty when there is none."""
    return record_url(posting.record) if posting and posting.record else ""


STATE_COLOURS = {
    State.RECEIVED: "info",
    State.WAITING: "warning",
    State.APPROVAL: "warning",
    State.MAPPED: "info",
    State.SENT: "info",
    State.UNKNOWN: "warning",
    State.POSTED: "success",
    State.PARTLY: "danger",
    State.REFUSED: "danger",
    State.CANCELLED: "default",
    State.MATCHING: "warning",
    State.LINKED: "success",
    State.LEFT_OUT: "default",
}
