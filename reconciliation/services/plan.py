"""What an approval really does, worked out before anybody decides: the button says it, the approval does exactly it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from integrations.models import Connection, LedgerRecord, Resource
from integrations.services.connectors import connector_of
from reconciliation.allocation import Share
from reconciliation.models import BankLine, Proposal
from reconciliation.money import money, plain
from reconciliation.services import feed_lines
from reconciliation.services.bookings import sentence_of, writes_of
from reconciliation.services.entries import Candidate, is_recorded
from reconciliation.services.storing import share_out

POST = "post"
LINK = "link"
BLOCKED = "blocked"

_REFERENCE_LENGTH = 21


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment or booking that will be created in the ledger; `follows`: only after the one before."""

    resource: str
    line: BankLine
    records: tuple[LedgerRecord, ...]
    body: dict[str, Any]
    follows: bool = False
    operation: str = "create"

    @property
    def total(self) -> Decimal:
        """The unsigned amount of the payment."""
        return Decimal(self.body["total"]) if "total" in self.body else abs(self.line.amount)


@dataclass(frozen=True, slots=True)
class Plan:
    """`kind` is post, link or blocked; `button` and `sentence` are for people; `left_over` is money no record takes."""

    kind: str
    button: str
    sentence: str
    shares: tuple[Share[BankLine, Candidate], ...] = ()
    payments: tuple[Payment, ...] = ()
    left_over: Decimal = Decimal(0)

    @property
    def is_possible(self) -> bool:
        """Whether it can be approved as it is."""
        return self.kind != BLOCKED


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a plan depends on, loaded by the caller: lines and records in the proposal's order."""

    proposal: Proposal
    connection: Connection
    ledger: str
    lines: Sequence[BankLine]
    candidates: Sequence[Candidate]
    records: dict[Any, LedgerRecord]


def make_plan(situation: Situation) -> Plan:
    """The plan for these lines and records as they stand now."""
    if situation.proposal.booking:
        return _booked(situation)
    if not situation.candidates:
        return _without_records(situation)
    spread = share_out(situation.lines, situation.candidates)
    documents = [s for s in spread.shares if not is_recorded(s.entry.resource)]
    taken = {s.entry.record_id for s in spread.shares}
    idle = next((c for c in situation.candidates if c.record_id not in taken), None)
    if idle is not None:
        return _blocked(_why_idle(situation, idle))
    if not documents:
        return _matched_there(situation, spread.shares, spread.left_over) or Plan(
            LINK,
            f"Approve: already in {situation.ledger}, nothing is posted",
            f"{_labels(situation)} is in {situation.ledger} already; approving records the match here.",
            spread.shares,
            left_over=spread.left_over,
        )
    reason = _reason_against(situation, spread.shares, documents, spread.left_over)
    if reason:
        return _blocked(reason)
    try:
        payments = _payments(situation, spread.shares, spread.left_over)
    except ValidationError as refused:
        return _blocked(" ".join(refused.messages))
    if any(payment.total <= 0 for payment in payments):
        return _blocked("The credit notes are worth more than the documents: record this refund in the ledger first.")
    return _posting_plan(situation, spread.shares, payments, spread.left_over)


def _booked(situation: Situation) -> Plan:
    """What a bank rule books for its one line."""
    (line,), booking = situation.lines, situation.proposal.booking
    if situation.connection.is_read_only:
        return _blocked(f"{situation.connection} is read-only: record this in {situation.ledger} itself.")
    closed = situation.connection.closed_through
    if closed and line.booked_on <= closed:
        return _blocked(f"The books of {situation.connection} are closed through {closed.day} {closed:%B %Y}.")
    connector = connector_of(situation.connection)
    if reason := feed_lines.why_not_post([line], connector):
        return _blocked(reason)
    try:
        writes = writes_of(booking, line, connector)
        button, sentence = sentence_of(booking, line, situation.ledger)
        settled = feed_lines.settling(writes[-1].resource, writes[-1].body, line, connector)
    except ValidationError as refused:
        return _blocked(" ".join(refused.messages))
    bodies = [*(write.body for write in writes[:-1]), settled]
    payments = tuple(
        Payment(write.resource, line, (), body, follows=at > 0)
        for at, (write, body) in enumerate(zip(writes, bodies, strict=True))
    )
    return Plan(POST, button, f"{sentence} {feed_lines.said([line], connector)}", payments=payments)


def _matched_there(
    situation: Situation, shares: tuple[Share[BankLine, Candidate], ...], left_over: Decimal
) -> Plan | None:
    """A line that waits in the ledger's own feed is matched there with what is booked; None where that cannot be."""
    if len(situation.lines) != 1 or left_over:
        return None
    (line,), records = situation.lines, [situation.records[share.entry.record_id] for share in shares]
    body = feed_lines.matching(line, records, connector_of(situation.connection))
    if body is None or situation.connection.is_read_only:
        return None
    labels, ledger = _labels(situation), situation.ledger
    return Plan(
        POST,
        f"Approve: match the line with {labels} in {ledger}, nothing is booked",
        f"{labels} is in {ledger} already; its own line is matched with it there.",
        shares,
        (Payment(Resource.BANK_LINES, line, tuple(records), body, operation="allocate"),),
    )


_PAIRS = {
    Proposal.Kind.TRANSFER: ("own transfer", "Both lines are one transfer between your own accounts"),
    Proposal.Kind.RETURN: ("payment and its return", "The second line gives back what the first one paid"),
}


def _without_records(situation: Situation) -> Plan:
    if situation.proposal.kind == Proposal.Kind.DUPLICATE:
        return _copy(situation)
    name, sentence = _PAIRS.get(Proposal.Kind(situation.proposal.kind), ("pair", "The lines belong together"))
    return Plan(
        LINK,
        f"Approve: mark as {name}, nothing is posted",
        f"{sentence}; approving records it here and posts nothing to {situation.ledger}.",
    )


def _copy(situation: Situation) -> Plan:
    """A line delivered twice: only the copy is set aside, whatever became of the first."""
    first = situation.proposal.original
    if first is None or first.status == BankLine.Status.IGNORED:
        return _blocked("The line that this one repeats is gone or set aside. Match again, or set this line aside.")
    return Plan(
        LINK,
        "Approve: set the copy aside, nothing is posted",
        f"The bank delivered the line of {first.booked_on.day} {first.booked_on:%b %Y} twice; approving sets this copy "
        f"aside, posts nothing to {situation.ledger}, and leaves the first one as it is.",
    )


def _why_idle(situation: Situation, idle: Candidate) -> str:
    label = _label(situation.records[idle.record_id])
    if idle.free:
        return f"The money does not reach {label}. Match the lines by hand with fewer documents."
    return f"Nothing of {label} is open any more. Match again: the portal then looks for what fits now."


def _blocked(reason: str) -> Plan:
    return Plan(BLOCKED, "Cannot be approved yet", reason)


def _reason_against(
    situation: Situation,
    shares: Sequence[Share[BankLine, Candidate]],
    documents: Sequence[Share[BankLine, Candidate]],
    left_over: Decimal,
) -> str:
    connection, ledger = situation.connection, situation.ledger
    used = {s.line.pk for s in shares}
    if any(line.pk not in used for line in situation.lines):
        # Its money would be booked with another line's payment, or (of the other sign) nowhere, below any limit.
        return "Not every bank line pays something here: match the lines one by one, or with more documents."
    if any(c.entry.currency != line.currency for c in situation.candidates for line in situation.lines):
        return f"The document is in another currency than the line. Record the payment in {ledger}, then match it here."
    paying = {Resource.BILLS, Resource.INVOICES}
    if not {s.entry.resource for s in documents} & paying:
        return f"This refunds a credit. Record the refund in {ledger}, then match it here."
    if any(not line.bank_account.external_account_id for line in situation.lines):
        return f"Say first which account of {ledger} this bank account is (Bank accounts, ledger account)."
    if connection.is_read_only:
        return f"{connection} is read-only: record the payment in {ledger} itself, then match it here."
    if reason := feed_lines.why_not_post(situation.lines, connector_of(connection)):
        return reason
    closed = connection.closed_through
    if closed and min(line.booked_on for line in situation.lines) <= closed:
        return f"The books of {connection} are closed through {closed.day} {closed:%B %Y}, and the payment is older."
    contacts = {situation.records[s.entry.record_id].contact_id_external for s in documents}
    if left_over and len(contacts) > 1:
        return "The money is more than is owed, and several contacts share it: match it by hand in parts."
    return ""


def _payments(
    situation: Situation, shares: Sequence[Share[BankLine, Candidate]], left_over: Decimal
) -> tuple[Payment, ...]:
    groups: dict[tuple[Any, str], list[Share[BankLine, Candidate]]] = defaultdict(list)
    for share in shares:
        if not is_recorded(share.entry.resource):
            contact = situation.records[share.entry.record_id].contact_id_external
            groups[share.line.pk, contact].append(share)
    last = list(groups)[-1]
    return tuple(_payment(situation, own, left_over if key == last else Decimal(0)) for key, own in groups.items())


_ALLOCATED = {
    Resource.INVOICES: "invoice",
    Resource.CREDIT_NOTES: "credit_note",
    Resource.BILLS: "bill",
    Resource.VENDOR_CREDITS: "vendor_credit",
}


def _payment(situation: Situation, shares: Sequence[Share[BankLine, Candidate]], extra: Decimal) -> Payment:
    line = shares[0].line
    records = tuple(situation.records[s.entry.record_id] for s in shares)
    is_income = line.amount > 0
    total = abs(sum((s.amount for s in shares), Decimal(0))) + extra
    account = line.bank_account
    body: dict[str, Any] = {
        "contact": {
            "id": records[0].contact_id_external,
            "name": records[0].contact_name,
            "type": "customer" if is_income else "vendor",
        },
        "issued_on": line.booked_on.isoformat(),
        "currency": line.currency,
        "account": {"id": account.external_account_id, "name": account.external_account_name or account.name},
        "reference": (line.reference or line.external_id)[:_REFERENCE_LENGTH],
        "total": str(plain(total)),
        "allocations": [
            {
                "type": _ALLOCATED[Resource(s.entry.resource)],
                "id": record.external_id,
                "amount": str(plain(abs(s.amount))),
            }
            for s, record in zip(shares, records, strict=True)
        ],
        "memo": _memo(line),
    }
    if not is_income:
        body["payment_type"] = "credit_card" if account.is_card else "check"
    resource = Resource.PAYMENTS if is_income else Resource.BILL_PAYMENTS
    body = feed_lines.settling(resource, body, line, connector_of(situation.connection))
    return Payment(resource, line, records, body)


def _memo(line: BankLine) -> str:
    words = " ".join(part for part in (line.counterparty, line.description) if part)
    return f"{words[:300]} (bank line of {line.booked_on})".strip()


def _posting_plan(
    situation: Situation,
    shares: tuple[Share[BankLine, Candidate], ...],
    payments: tuple[Payment, ...],
    left_over: Decimal,
) -> Plan:
    currency, ledger = situation.proposal.currency, situation.ledger
    total = money(sum((p.total for p in payments), Decimal(0)), currency)
    is_income = payments[0].resource == Resource.PAYMENTS
    what = "payment" if is_income else "bill payment"
    several = f"{len(payments)} {what}s of together" if len(payments) > 1 else f"a {what} of"
    on = _labels(situation)
    account = payments[0].body["account"]["name"]
    sentence = f"Dated {_days(payments)}, booked on {account}, then read back."
    rests = _open_afterwards(situation, shares)
    if rests:
        sentence += f" Stays open: {rests}."
    if left_over:
        holder = payments[0].body["contact"]["name"]
        sentence += f" {money(left_over, currency)} more than was owed stays as a credit of {holder}."
    sentence += f" {feed_lines.said(situation.lines, connector_of(situation.connection))}"
    return Plan(POST, f"Approve: post {several} {total} on {on} to {ledger}", sentence, shares, payments, left_over)


def _open_afterwards(situation: Situation, shares: Sequence[Share[BankLine, Candidate]]) -> str:
    applied: dict[Any, Decimal] = defaultdict(Decimal)
    for share in shares:
        applied[share.entry.record_id] += share.amount
    rests = []
    for candidate in situation.candidates:
        rest = abs(candidate.free) - abs(applied[candidate.record_id])
        if rest:
            rests.append(f"{money(rest, candidate.entry.currency)} of {_label(situation.records[candidate.record_id])}")
    return ", ".join(rests[:3]) + (f" and {len(rests) - 3} more" if len(rests) > 3 else "")


def _days(payments: Sequence[Payment]) -> str:
    days = sorted({date.fromisoformat(p.body["issued_on"]) for p in payments})
    ends = [days[0], days[-1]] if len(days) > 1 else days
    return " to ".join(f"{day.day} {day:%b %Y}" for day in ends)


_NOUNS = {
    "invoices": "invoice",
    "credit_notes": "credit note",
    "bills": "bill",
    "vendor_credits": "vendor credit",
    "payments": "payment",
    "bill_payments": "bill payment",
    "expenses": "expense",
    "bank_transactions": "bank transaction",
}


def noun_of(resource: str) -> str:
    """ "invoice" for invoices, and so on."""
    return _NOUNS.get(resource, resource.replace("_", " ").removesuffix("s"))


def _label(record: LedgerRecord) -> str:
    if record.number:
        return f"{noun_of(record.resource)} {record.number}"
    return f"the {noun_of(record.resource)} of {record.contact_name or record.external_id}"


def _labels(situation: Situation) -> str:
    labels = [_label(situation.records[c.record_id]) for c in situation.candidates]
    if len(labels) <= 2:
        return " and ".join(labels)
    return f"{labels[0]}, {labels[1]} and {len(labels) - 2} more"
