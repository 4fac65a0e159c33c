"""What the engine is told beside lines and entries: whose books these are, what was approved and what was refused."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import Q, QuerySet

from integrations.models import Connection, LedgerRecord
from reconciliation.matching import Account, Approved, Context, FxRate, LedgerEntry, Rejected
from reconciliation.matching import BankLine as Line
from reconciliation.matching.books import AGAIN_DAYS
from reconciliation.matching.clues import cites_of, text_of
from reconciliation.matching.rehearsal import NEWEST
from reconciliation.models import BankAccount, BankLine, Match, MatchEntry, MatchLine, Proposal
from reconciliation.services.entries import DOCUMENTS, RECORDED, candidates

_HISTORY = 2000
_HISTORY_NEAR = 200
_RATE_DAYS = timedelta(10)
_CODE_LEAST = 6


def engine_line(row: BankLine) -> Line:
    """A bank line as the engine takes it."""
    return Line(
        id=str(row.pk),
        account_id=str(row.bank_account_id),
        on=row.booked_on,
        amount=row.amount,
        currency=row.currency,
        description=row.description,
        counterparty=row.counterparty,
        reference=row.reference,
    )


def context_of(connection: Connection, lines: Sequence[Line], entries: Iterable[LedgerEntry]) -> Context:
    """Everything about the connection's tenant that may bear on these lines and entries."""
    return _context(connection, lines, entries, _history(connection, None), _rejected(connection))


def context_near(connection: Connection, lines: Sequence[Line], entries: Sequence[LedgerEntry]) -> Context:
    """What bears on a few lines: approvals of the same contacts, payers and numbers; refusals of these lines."""
    history = _history(connection, _approvals_near(connection, lines, {e.contact_name for e in entries} - {""}))
    own = [line.id for line in lines]
    rejected = _rejected(connection).filter(Q(lines__bank_line__in=own) | Q(original__in=own)).distinct()
    return _context(connection, lines, entries, history, rejected)


def _context(
    connection: Connection,
    lines: Sequence[Line],
    entries: Iterable[LedgerEntry],
    history: tuple[Approved, ...],
    rejected: "QuerySet[Proposal]",
) -> Context:
    accounts = BankAccount.objects.filter(connection=connection)
    home = connection.currency or connection.tenant.currency
    foreign = ({line.currency for line in lines} | {entry.currency for entry in entries}) - {home, ""}
    return Context(
        own_names=tuple(dict.fromkeys((connection.tenant.name, connection.name))),
        home_currency=home,
        accounts=tuple(Account(str(a.pk), a.currency, "card" if a.is_card else "current") for a in accounts),
        fx_rates=_rates(connection, foreign, lines) if foreign and lines else (),
        history=history,
        rejections=_rejections(rejected),
    )


def _rates(connection: Connection, currencies: Collection[str], lines: Sequence[Line]) -> tuple[FxRate, ...]:
    """Rates of the day as the ledger wrote them on its own documents around these lines; the base is its currency."""
    days = [line.on for line in lines]
    rows = LedgerRecord.objects.filter(
        tenant_id=connection.tenant_id,
        connection=connection,
        resource__in=DOCUMENTS | RECORDED,
        deleted_at=None,
        currency__in=currencies,
        issued_on__range=(min(days) - _RATE_DAYS, max(days) + _RATE_DAYS),
    )
    rows = rows.filter(unified__has_key="exchange_rate").order_by("currency", "issued_on", "pk")
    told = rows.distinct("currency", "issued_on").values_list("currency", "issued_on", "unified__exchange_rate")
    rates = ((currency, on, _rate(said)) for currency, on, said in told)
    return tuple(FxRate(on, currency, 1 / rate) for currency, on, rate in rates if on and rate)


def _rate(said: object) -> Decimal | None:
    """Home currency for one unit; None where a document says none, or 1 for want of one."""
    try:
        rate = Decimal(str(said))
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 and rate != 1 else None


def _live(connection: Connection) -> "QuerySet[Match]":
    # A part says nothing about how its payer pays, and a line like it is no second delivery of it.
    whole = Match.objects.live().filter(connection=connection).exclude(lines__bank_line__part_of__isnull=False)
    return whole.order_by("-id")


def _history(connection: Connection, only: Collection[UUID] | None) -> tuple[Approved, ...]:
    matches = _live(connection)[:_HISTORY] if only is None else _live(connection).filter(pk__in=only)
    found: dict[UUID, tuple[list[Line], list[UUID]]] = {}
    for row in matches.prefetch_related("lines__bank_line", "entries"):
        found[row.pk] = (
            [engine_line(line.bank_line) for line in row.lines.all()],
            [entry.record_id for entry in row.entries.all()],
        )
    wanted = {record for _, records in found.values() for record in records}
    known = _entries(connection, wanted)
    return tuple(
        Approved(tuple(lines), tuple(known[r] for r in dict.fromkeys(records) if r in known))
        for lines, records in found.values()
    )


def _approvals_near(connection: Connection, lines: Sequence[Line], names: Collection[str]) -> list[UUID]:
    """Of the matches that the whole would learn from, those that say something about these lines, the newest first, and
    those that the tenant's own weights come from."""
    newest = list(_live(connection).values_list("pk", flat=True)[:_HISTORY])
    rows = MatchLine.objects.filter(match__in=newest).values_list(
        "match", "bank_line__bank_account", "bank_line__booked_on", "bank_line__amount", "bank_line__currency",
        "bank_line__description", "bank_line__counterparty", "bank_line__reference",
    )  # fmt: skip
    past: dict[UUID, list[Line]] = defaultdict(list)
    for row in rows:
        past[row[0]].append(Line("", str(row[1]), *row[2:]))
    entries = MatchEntry.objects.filter(match__in=newest, record__contact_name__in=names)
    of_contacts = set(entries.values_list("match", flat=True))
    words = {word for line in lines for word in text_of(line)}
    codes = {code for line in lines for code in cites_of(line) if len(code) >= _CODE_LEAST}
    found = [
        pk
        for pk in newest
        if pk in of_contacts or any(_is_like(old, words, codes) or _is_again(old, lines) for old in past[pk])
    ]
    rehearsed = sorted(past, key=lambda pk: (max(x.on for x in past[pk]), pk), reverse=True)[:NEWEST]
    return list(dict.fromkeys([*found[:_HISTORY_NEAR], *rehearsed]))


def _is_like(old: Line, words: Collection[str], codes: Collection[str]) -> bool:
    """Whether an earlier line was written by the same payer: it shares half of its words, or a long number."""
    text = text_of(old)
    return bool(text) and 2 * sum(word in words for word in text) >= len(text) or not cites_of(old).isdisjoint(codes)


def _is_again(old: Line, lines: Sequence[Line]) -> bool:
    return any(
        (old.account_id, old.amount) == (x.account_id, x.amount) and abs((old.on - x.on).days) <= AGAIN_DAYS
        for x in lines
    )


def _entries(connection: Connection, wanted: set[UUID]) -> dict[UUID, LedgerEntry]:
    rows = connection.records.filter(pk__in=wanted)
    return {c.record_id: c.entry for c in candidates(rows, connection, keep_settled=True)}


def _rejected(connection: Connection) -> "QuerySet[Proposal]":
    return Proposal.objects.filter(connection=connection, status=Proposal.Status.REJECTED)


def _rejections(rejected: "QuerySet[Proposal]") -> tuple[Rejected, ...]:
    return tuple(
        Rejected(
            frozenset(str(pk) for pk in (*(x.bank_line_id for x in row.lines.all()), row.original_id) if pk),
            frozenset(f"{e.record.remote_type} {e.record.external_id}" for e in row.entries.all()),
        )
        for row in rejected.prefetch_related("lines", "entries__record").defer("reasons", "alternatives")
    )
