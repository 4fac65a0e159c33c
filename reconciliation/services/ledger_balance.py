"""The ledger's own balance of a bank account on the closing day, and what lies between it and the bank's.

It is a question asked on demand (the web calls no ledger): a trial balance of that day, as the daily proof asks for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from integrations.models import Fetch, Posting, Resource
from integrations.services.connectors import connector_of
from integrations.services.fetching import request_fetch
from reconciliation.models import BankLine, MatchEntry, PeriodClose
from reconciliation.models.close import in_words
from reconciliation.services.entries import RECORDED, load_candidates
from tenants.models import User

_TRIAL_BALANCE = "trial_balance"
_ZERO = Decimal(0)
_LOOK_BACK = timedelta(days=365)
_MOST_JOURNALS = 100
MOST_SHOWN = 100
NOT_ASKED = (
    "The ledger was not asked yet. Until it is, this period says that the bank's lines are matched, and not that the "
    "ledger holds the same money: what was entered there twice, or by hand, is not noticed."
)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is on one side only; `amount` is signed, money in is positive.

    `page` is the kind of page that shows it, "line" or "record", `pk` of what; `why` says where the other side is.
    """

    on: date
    amount: Decimal
    text: str
    page: str
    pk: UUID
    why: str = ""

    @property
    def taken(self) -> Decimal:
        """The amount on the way from the bank's balance to the ledger's, where it is not posted."""
        return -self.amount


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger said: `state` is cannot, unasked, waiting, failed or told; `note` says why or of when."""

    state: str
    balance: Decimal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """What was unexplained on the last day before: as a certified period signed it, or as the ledger tells that day."""

    on: date
    amount: Decimal
    is_certified: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """statement + posted only − on the statement only + unexplained = ledger, to the cent.

    `perhaps` are journal entries on the account: what the rest may consist of, and in none of the sums. `before` is
    what of it was there before the period.
    """

    told: Told
    stated: Decimal | None
    posted_only: Sequence[Item] = ()
    stated_only: Sequence[Item] = ()
    perhaps: Sequence[Item] = ()
    before: Before | None = None

    @property
    def arisen(self) -> Decimal | None:
        """What of the unexplained came with the period; None while that is not known."""
        if self.unexplained is None or self.before is None:
            return self.unexplained
        return self.unexplained - self.before.amount

    @property
    def made_up_by(self) -> Sequence[Item]:
        """The journal entries that make up what arose to the cent: all of them, or one; none where nothing does."""
        if not self.arisen:
            return ()
        one = [item for item in self.perhaps if item.amount == self.arisen]
        return self.perhaps if sum(item.amount for item in self.perhaps) == self.arisen else one[:1]

    @property
    def posted_total(self) -> Decimal:
        """Posted in the ledger, not on the statement."""
        return sum((item.amount for item in self.posted_only), _ZERO)

    @property
    def stated_total(self) -> Decimal:
        """On the statement, not posted."""
        return sum((item.amount for item in self.stated_only), _ZERO)

    @property
    def more(self) -> int:
        """How many items the page leaves to the file."""
        return sum(max(0, len(items) - MOST_SHOWN) for items in (self.posted_only, self.stated_only))

    @property
    def unexplained(self) -> Decimal | None:
        """What neither side's items account for; None while one of the balances is not known."""
        if self.told.balance is None or self.stated is None:
            return None
        return self.told.balance - (self.stated + self.posted_total - self.stated_total)


def ask(*, close: PeriodClose, by: User | None) -> list[Fetch]:
    """Ask the ledger for its balance of the last day, and of the day before the period where no certified one tells it.

    Ring `perform_fetch` for each after commit. ValidationError, in words, when it cannot be asked.
    """
    if why := _why_not(close):
        raise ValidationError(why)
    days = [close.last_on] if _certified_before(close) else [close.last_on, _day_before(close)]
    connection = close.bank_account.connection
    return [
        request_fetch(connection=connection, kind=Fetch.Kind.REPORT, params=_params(close, on), requested_by=by)
        for on in days
    ]


def compare(
    close: PeriodClose, stated: Decimal | None, lines: Sequence[BankLine], opening: Decimal | None = None
) -> Comparison:
    """What the ledger says against the bank's last balance, and the items between; a fixed number of queries.

    `opening` is the bank's balance before the period.
    """
    told = _told(close, close.last_on)
    if told.state in ("cannot", "unasked"):
        return Comparison(told, stated)
    since = _looked_back_to(close)
    perhaps = list(_journals(close)) if told.state == "told" else []
    before = _certified_before(close) or _told_before(close, opening, since)
    return Comparison(told, stated, *_between(close, lines, since), perhaps, before)


def _between(close: PeriodClose, lines: Sequence[BankLine], since: date) -> tuple[list[Item], list[Item]]:
    """What is posted only, and what is on the statement only, on the last day."""
    posted_only = [*_posted_only(close, since), *_cleared_later(close, since)]
    return posted_only, [*_stated_only(close, lines, since), *_posted_later(close)]


def _day_before(close: PeriodClose) -> date:
    return close.first_on - timedelta(days=1)


def _certified_before(close: PeriodClose) -> Before | None:
    """What the last certified period before this one was signed with as unexplained."""
    rows = PeriodClose.objects.filter(
        bank_account=close.bank_account, status=PeriodClose.Status.CERTIFIED, last_on__lt=close.first_on
    )
    found = rows.order_by("-last_on").first()
    rest = found.figures.get("unexplained") if found else None
    return Before(found.last_on, _decimal(rest), True) if found and rest is not None else None


def _told_before(close: PeriodClose, opening: Decimal | None, since: date) -> Before | None:
    """The same comparison on the day before, as the lines and bookings of until then stand to each other now."""
    day = _day_before(close)
    told = _told(close, day)
    if told.balance is None or opening is None:
        return None
    earlier = PeriodClose(tenant_id=close.tenant_id, bank_account=close.bank_account, first_on=since, last_on=day)
    lines = BankLine.objects.moving().filter(bank_account=close.bank_account, booked_on__range=(since, day))
    rest = Comparison(told, opening, *_between(earlier, list(lines), since)).unexplained
    return None if rest is None else Before(day, rest, False)


def _looked_back_to(close: PeriodClose) -> date:
    """From when on items are named: a year before the period, but nothing from before the first line that is known.

    What was posted before it would have no line, whether or not the bank has one.
    """
    first = close.bank_account.lines.aggregate(first=Min("booked_on"))["first"] or close.first_on
    return max(min(first, close.first_on), close.first_on - _LOOK_BACK)


def _before(on: date, close: PeriodClose) -> str:
    return "from before this period" if on < close.first_on else ""


def _stated_only(close: PeriodClose, lines: Sequence[BankLine], since: date) -> Iterator[Item]:
    """Lines without a posting: of the period, and older ones that are still open or were set aside."""
    done = (BankLine.Status.MATCHED, BankLine.Status.SPLIT, BankLine.Status.JOINED)
    older = BankLine.objects.moving().filter(
        bank_account=close.bank_account, booked_on__gte=since, booked_on__lt=close.first_on
    )
    for line in [*older.exclude(status=BankLine.Status.MATCHED).order_by("booked_on", "pk"), *lines]:
        if line.status not in done:
            yield _line_item(line, _before(line.booked_on, close))


def _line_item(line: BankLine, why: str) -> Item:
    text = f"{line.counterparty} {line.description}".strip()
    return Item(line.booked_on, line.amount, text, "line", line.pk, why)


def _posted_only(close: PeriodClose, since: date) -> Iterator[Item]:
    """Postings without a line."""
    account = close.bank_account
    for found in load_candidates(account.connection, first_on=since, last_on=close.last_on):
        entry = found.entry
        is_here = found.resource in RECORDED and found.external_account_id == account.external_account_id
        if is_here and since <= entry.on <= close.last_on:
            text = f"{entry.kind.replace('_', ' ')} {entry.number} {entry.contact_name}".strip()
            yield Item(entry.on, found.free, text, "record", found.record_id, _before(entry.on, close))


def _cleared_later(close: PeriodClose, since: date) -> Iterator[Item]:
    """Posted until the last day, and matched with a line that the bank wrote after it."""
    for row in _matched(close).filter(
        bank_line__booked_on__gt=close.last_on, record__issued_on__range=(since, close.last_on)
    ):
        record, day = row.record, row.bank_line.booked_on
        text, why = f"{record.number} {record.contact_name}".strip(), f"on the statement on {in_words(day)}"
        yield Item(record.issued_on or close.last_on, row.amount, text, "record", record.pk, why)


def _posted_later(close: PeriodClose) -> Iterator[Item]:
    """On the statement of the period, and matched with what the ledger has on a day after it."""
    for row in _matched(close).filter(
        bank_line__booked_on__range=(close.first_on, close.last_on), record__issued_on__gt=close.last_on
    ):
        line, day = row.bank_line, row.record.issued_on or close.last_on
        text = f"{line.counterparty} {line.description}".strip()
        yield Item(line.booked_on, row.amount, text, "line", line.pk, f"in the ledger on {in_words(day)}")


def _matched(close: PeriodClose) -> QuerySet[MatchEntry]:
    """What live matches of the account's lines take of bookings that moved money in the ledger."""
    rows = MatchEntry.objects.filter(
        match__ended_at=None, bank_line__bank_account=close.bank_account, record__resource__in=RECORDED
    )
    return rows.select_related("record", "bank_line").defer("record__raw", "record__unified").order_by("pk")


def _journals(close: PeriodClose) -> Iterator[Item]:
    """Journal entries of the period on the account that no match made; ledgers also write some by themselves."""
    account = close.bank_account
    ids = [each for each in (account.external_account_id, str(account.behind.get("id") or "")) if each]
    touching = reduce(or_, (Q(unified__lines__contains=[{"account": {"id": each}}]) for each in ids))
    own = Posting.objects.filter(connection=account.connection, origin_kind="match", record__isnull=False)
    rows = account.connection.records.filter(
        touching, resource=Resource.JOURNAL_ENTRIES, deleted_at=None, issued_on__range=(close.first_on, close.last_on)
    )
    for row in rows.exclude(pk__in=own.values("record")).defer("raw").order_by("issued_on", "pk")[:_MOST_JOURNALS]:
        lines = [each for each in row.unified["lines"] if str((each.get("account") or {}).get("id")) in ids]
        moved = sum((_decimal(each.get("debit")) - _decimal(each.get("credit")) for each in lines), _ZERO)
        yield Item(row.issued_on or close.last_on, moved, f"journal {row.number}".strip(), "record", row.pk)


def _params(close: PeriodClose, on: date) -> dict[str, Any]:
    known = connector_of(close.bank_account.connection).reports[_TRIAL_BALANCE].params
    return {"name": _TRIAL_BALANCE, "on" if "on" in known else "end_on": on.isoformat()}


def _why_not(close: PeriodClose) -> str:
    account = close.bank_account
    connector = connector_of(account.connection)
    if not account.external_account_id:
        return "Say first which ledger account this bank account is (Bank accounts, ledger account)."
    if _TRIAL_BALANCE not in connector.reports:
        return f"{connector.label} tells no balances of a past day; compare them in {connector.label}."
    if account.currency != account.connection.currency:
        home = account.connection.currency
        return f"{connector.label} tells balances in {home} only, and this account is kept in {account.currency}."
    return ""


def _told(close: PeriodClose, on: date) -> Told:
    if why := _why_not(close):
        return Told("cannot", note=why)
    account = close.bank_account
    rows = Fetch.objects.for_tenant(close.tenant_id).filter(
        connection=account.connection, kind=Fetch.Kind.REPORT, params=_params(close, on), expires_at__gt=timezone.now()
    )
    fetch = rows.order_by("-id").first()
    if fetch is None:
        return Told("unasked", note=NOT_ASKED)
    if fetch.status == Fetch.Status.FAILED:
        return Told("failed", note=str(fetch.error.get("message") or "The ledger did not answer."))
    if fetch.status != Fetch.Status.DONE:
        return Told("waiting", note="The ledger is being asked; reload the page in a moment.")
    keys = {account.external_account_id, str(account.behind.get("id") or "")} - {""}
    leaves = [leaf for leaf in _leaves(fetch.answer.get("rows") or []) if str(leaf["id"] or "") in keys]
    balance = sum((_side(leaf, "debit") - _side(leaf, "credit") for leaf in leaves), _ZERO)
    return Told("told", balance, f"Asked {fetch.finished_at:%Y-%m-%d %H:%M} UTC." if fetch.finished_at else "")


def _side(leaf: dict[str, Any], side: str) -> Decimal:
    return _decimal(leaf["values"].get(side))


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value)) if value is not None else _ZERO


def _leaves(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if node["kind"] == "line":
            yield node
        yield from _leaves(node.get("rows") or [])
