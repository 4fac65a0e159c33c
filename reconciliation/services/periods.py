"""How far each month of each account is: lines, money, the bank's proof, and the close."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from reconciliation.models import BankAccount, BankLine, PeriodClose, StatementBalance
from reconciliation.services.figures import figures_of, moving_of
from reconciliation.statements import Balance, DayProof, prove
from tenants.models import Tenant

MONTHS = 12
_OPEN = (BankLine.Status.UNMATCHED, BankLine.Status.PROPOSED)


@dataclass(slots=True)
class Month:
    """One account in one month; money is unsigned, in the account's currency."""

    account: BankAccount
    first_on: date
    counts: dict[str, int] = field(default_factory=dict)
    money: Decimal = Decimal(0)
    open_money: Decimal = Decimal(0)
    proved: int = 0
    gaps: int = 0
    close: PeriodClose | None = None

    @property
    def last_on(self) -> date:
        """Its last day."""
        return next_month(self.first_on) - timedelta(days=1)

    @property
    def key(self) -> str:
        """As it stands in an address: 2026-11."""
        return f"{self.first_on:%Y-%m}"

    @property
    def lines(self) -> int:
        """All lines."""
        return sum(self.counts.values())

    @property
    def matched(self) -> int:
        """Lines of live matches."""
        return self.counts.get(BankLine.Status.MATCHED, 0)

    @property
    def set_aside(self) -> int:
        """Lines that need no match."""
        return self.counts.get(BankLine.Status.IGNORED, 0)

    @property
    def proposed(self) -> int:
        """Lines with a proposal to decide on."""
        return self.counts.get(BankLine.Status.PROPOSED, 0)

    @property
    def unmatched(self) -> int:
        """Lines without a proposal."""
        return self.counts.get(BankLine.Status.UNMATCHED, 0)

    @property
    def open(self) -> int:
        """What is still to be decided."""
        return self.proposed + self.unmatched

    @property
    def proof(self) -> str:
        """What the bank's balances say, in words."""
        if self.gaps:
            return f"{self.gaps} day{'s' if self.gaps > 1 else ''} with a difference"
        return f"{self.proved} day{'s' if self.proved > 1 else ''} proved" if self.proved else "no balance"


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def months_of(tenant: Tenant, *, account: UUID | None = None, month: date | None = None) -> list[Month]:
    """The newest months with lines and older ones with something open, of each account, newest first.

    Five queries however many accounts and lines; `month` (its first day) leaves only that one.
    """
    accounts = {row.pk: row for row in BankAccount.objects.for_tenant(tenant).order_by("name")}
    wanted = [account] if account in accounts else list(accounts)
    found = _counted(tenant, wanted, accounts)
    _limit(found, month)
    if found:
        since = min(month.first_on for month in found.values())
        _prove(tenant, found, wanted)
        _close(found, wanted, since)
    return sorted(
        found.values(), key=lambda each: (-each.first_on.toordinal(), each.account.name, str(each.account.pk))
    )


def _counted(
    tenant: Tenant, wanted: Sequence[UUID], accounts: dict[UUID, BankAccount]
) -> dict[tuple[UUID, date], Month]:
    rows = moving_of(figures_of(tenant)).filter(bank_account__in=wanted)
    sums = rows.annotate(month=TruncMonth("booked_on")).values("bank_account", "month", "status")
    found: dict[tuple[UUID, date], Month] = {}
    for row in sums.annotate(n=Sum("lines"), moved=Sum("money")):
        if not row["n"]:
            continue
        key = (row["bank_account"], row["month"])
        month = found.setdefault(key, Month(accounts[row["bank_account"]], row["month"]))
        month.counts[row["status"]] = row["n"]
        month.money += row["moved"]
        if row["status"] in _OPEN:
            month.open_money += row["moved"]
    return found


def _limit(found: dict[tuple[UUID, date], Month], only: date | None) -> None:
    newest = sorted({first_on for _, first_on in found}, reverse=True)[:MONTHS]
    for key, month in list(found.items()):
        stays = key[1] == only if only else key[1] in newest or month.open
        if not stays:
            del found[key]


def _prove(tenant: Tenant, found: dict[tuple[UUID, date], Month], wanted: Iterable[UUID]) -> None:
    """The bank's balances against the sums of each day, from the first balance on."""
    said: dict[UUID, list[Balance]] = {}
    rows = StatementBalance.objects.filter(bank_account__in=list(wanted)).values_list(
        "bank_account", "on", "amount", "is_opening"
    )
    for account, on, amount, is_opening in rows:
        said.setdefault(account, []).append(Balance(on, amount, is_opening))
    days: dict[UUID, list[tuple[date, Decimal]]] = {}
    sums = figures_of(tenant).filter(bank_account__in=list(said)).values("bank_account", "booked_on")
    for row in sums.annotate(total=Sum("net")):
        days.setdefault(row["bank_account"], []).append((row["booked_on"], row["total"]))
    for account, balances in said.items():
        first = min(balance.on for balance in balances)
        own = [pair for pair in days.get(account, []) if pair[0] >= first]
        for proof in prove(own, balances):
            _note(found.get((account, proof.on.replace(day=1))), proof)


def _note(month: Month | None, proof: DayProof) -> None:
    if month is not None:
        month.proved += int(proof.is_proved)
        month.gaps += int(bool(proof.difference))


def _close(found: dict[tuple[UUID, date], Month], wanted: Iterable[UUID], since: date) -> None:
    rows = PeriodClose.objects.filter(bank_account__in=list(wanted), last_on__gte=since).order_by("last_on")
    for row in rows:
        day = row.first_on.replace(day=1)
        while day <= row.last_on:
            if month := found.get((row.bank_account_id, day)):
                month.close = row
            day = next_month(day)
