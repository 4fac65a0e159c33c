"""What a proof compares: counts, receivables and payables against their control accounts, trial balance, banks.

Every line is {"what", "key", "resource", "currency", "ours", "theirs", "status", "note", "at"}: even, uneven, or untold
where a ledger cannot say. The trial balance is asked once and answers for three of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils import timezone

from integrations.engine.ledger import Ledger
from integrations.models import Connection, LedgerRecord
from integrations.services import policies, proof_sums
from integrations.services.connectors import connector_of
from tenants.rls import tenant_scope

EVEN, UNEVEN, UNTOLD = "even", "uneven", "untold"
MOST_WALKED = 60
"""Pages that counting by walking a list may cost per resource, for ledgers that tell no count."""

Line = dict[str, Any]
_ZERO = Decimal(0)
_COIN = Decimal("0.01")
_TRIAL_BALANCE = "trial_balance"
_BALANCES = ("account_balances", "bank_balances")
"""Reports that tell balances without a trial balance; what is told later counts."""
_CREDIT_SIDE = ("accounts_payable", "credit_card", "current_liability", "long_term_liability", "equity", "income",
                "other_income")  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One thing to compare and the calls that it costs; no calls where the ledger cannot say, with the reason."""

    key: str
    what: str
    resource: str = ""
    calls: int = 0
    is_walked: bool = False
    untold: str = ""


@dataclass
class Answers:
    """What one proof has learnt from the ledger so far."""

    connection: Connection
    ledger: Ledger
    until: date
    _counts: dict[str, int | None] = field(default_factory=dict)
    _balances: dict[str, Decimal] | None = None
    sides: tuple[Decimal, Decimal] = (_ZERO, _ZERO)
    currencies: dict[str, str] = field(default_factory=dict)
    """Account id → the currency that its balance is told in, where that is not the books'."""

    def count(self, remote_type: str, resource: str) -> int | None:
        """How many of a kind there are; asked once, whatever number of resources are made of it."""
        if remote_type not in self._counts:
            self._counts[remote_type] = self.ledger.count(resource, remote_type)
        return self._counts[remote_type]

    def walked(self, resource: str) -> int:
        """The same by walking its list: the ledger tells no count."""
        found: set[tuple[str, str]] = set()
        unreadable = 0
        for page in self.ledger.pages(resource, known=list):
            found |= {(each.remote_type, each.external_id) for each in page.records} | set(page.unchanged)
            unreadable += len(page.unreadable)
        return len(found) + unreadable

    def balances(self) -> dict[str, Decimal]:
        """Account id → balance (debits less credits) by the trial balance."""
        if self._balances is None:
            self._balances = self._told_apart() if _TRIAL_BALANCE not in self.ledger.connector.reports else None
        if self._balances is None:
            self._balances = {}
            params = self.ledger.connector.reports[_TRIAL_BALANCE].params
            asked = {"on" if "on" in params else "end_on": self.until}
            debits = credits = _ZERO
            for node in _leaves(self.ledger.report(_TRIAL_BALANCE, **asked).unified["rows"]):
                debit, credit = (node["values"].get(side) or _ZERO for side in ("debit", "credit"))
                debits, credits = debits + debit, credits + credit
                key = str(node["id"] or "")
                self._balances[key] = self._balances.get(key, _ZERO) + debit - credit
            self.sides = (debits, credits)
        return self._balances

    def _told_apart(self) -> dict[str, Decimal]:
        """The same of a ledger without a trial balance that tells balances on the usual side of each account."""
        with tenant_scope(self.connection.tenant_id):
            credits = set(proof_sums.accounts(self.connection, *_CREDIT_SIDE))
        found: dict[str, Decimal] = {}
        for name in (name for name in _BALANCES if name in self.ledger.connector.reports):
            for node in _leaves(self.ledger.report(name).unified["rows"]):
                key, values = str(node["id"] or ""), node["values"]
                if values.get("balance") is not None:
                    found[key] = -values["balance"] if key in credits else values["balance"]
                    self.currencies[key] = str(values.get("currency") or "")
        return found


def _leaves(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if node["kind"] == "line":
            yield node
        yield from _leaves(node.get("rows") or [])


# Planning -------------------------------------------------------------------------------------------------------------


def questions(connection: Connection, ledger: Ledger) -> list[Question]:
    """What there is to compare, with its cost, known without a call; inside the tenant's scope."""
    held = proof_sums.counts(connection)
    asked: set[str] = set()
    # There is one company; what it is called is nothing to prove.
    names = [name for name in policies.read_resources(connection) if name not in policies.ALWAYS_READ]
    found = [_counting(ledger, name, held.get(name, {}), asked) for name in names]
    return [*found, *_figures(connection)]


def _counting(ledger: Ledger, resource: str, held: Mapping[str, int], asked: set[str]) -> Question:
    declared = ledger.connector.resources[resource]
    kinds = ledger.reader.kinds(declared)
    key, what = f"count:{resource}", "Number of records"
    if all(ledger.reader.can_count(kind) for kind in kinds):
        fresh = {kind.remote_type for kind in kinds} - asked
        asked |= fresh
        return Question(key, what, resource, calls=len(fresh))
    pages = sum(held.get(kind.remote_type, 0) // max(kind.paging.size, 1) + 1 for kind in kinds)
    if pages > MOST_WALKED:
        reason = f"{ledger.connector.label} tells no count, and listing them all would cost {pages} calls."
        return Question(key, what, resource, untold=reason)
    return Question(key, what, resource, calls=pages, is_walked=True)


def _figures(connection: Connection) -> Iterator[Question]:
    connector = connector_of(connection)
    balances = [name for name in _BALANCES if name in connector.reports]
    has_sides = _TRIAL_BALANCE in connector.reports
    calls = 1 if has_sides else len(balances)
    if has_sides and connector.reports[_TRIAL_BALANCE].uses_accounts:
        pages = (kind.paging.size for kind in connector.resources["accounts"].entities.values())
        calls += sum(proof_sums.counts(connection, "accounts").get("accounts", {}).values()) // max(*pages, 1) + 1
    lacking = f"{connector.label} offers no trial balance"
    none = f"{lacking}." if balances else f"{lacking} and no balances of accounts."
    what = "Trial balance: debits and credits"
    yield Question(_TRIAL_BALANCE, what, calls=calls if has_sides else 0, untold="" if has_sides else none)
    # The first of them asks; the others find what it was told.
    first, reason = (0 if has_sides else calls), "" if has_sides or balances else none
    yield Question(
        "amount:receivable", "Receivables: open documents and control accounts", "invoices", first, False, reason
    )
    yield Question("amount:payable", "Payables: open documents and control accounts", "bills", untold=reason)
    yield Question("bank", "Bank balances", "bank_transactions", untold=reason)


# Comparing ------------------------------------------------------------------------------------------------------------


def until(connection: Connection) -> date:
    """The last day that anything in the books is dated, today at least: documents may be dated ahead."""
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(connection=connection, deleted_at=None)
    last = rows.filter(resource__in=proof_sums.DATED).aggregate(last=Max("issued_on"))["last"]
    return max(last or timezone.localdate(), timezone.localdate())


def compare(answers: Answers, question: Question) -> list[Line]:
    """The line or lines of one question; calls are made outside of transactions."""
    if question.untold:
        return [line(answers, question, status=UNTOLD, note=question.untold)]
    return _COMPARED[question.key.partition(":")[0]](answers, question)


def line(answers: Answers, question: Question, **values: Any) -> Line:
    """A line of a proof; without a status it is even when both sides say the same."""
    made = {"key": question.key, "what": question.what, "resource": question.resource, "currency": "", "ours": None,
            "theirs": None, "note": "", **values}  # fmt: skip
    made.setdefault("status", EVEN if made["ours"] == made["theirs"] else UNEVEN)
    return {**made, "at": timezone.now().isoformat()}


def _count(answers: Answers, question: Question) -> list[Line]:
    kinds = answers.ledger.reader.kinds(answers.ledger.connector.resources[question.resource])
    if question.is_walked:
        theirs: int | None = answers.walked(question.resource)
    else:
        told = [answers.count(kind.remote_type, question.resource) for kind in kinds]
        theirs = None if None in told else sum(each or 0 for each in told)
    with tenant_scope(answers.connection.tenant_id):
        ours = sum(proof_sums.counts(answers.connection, question.resource).get(question.resource, {}).values())
    if theirs is None:
        return [line(answers, question, ours=ours, status=UNTOLD, note="The ledger answered without a count.")]
    note = "The ledger tells no count: its list was walked." if question.is_walked else ""
    return [line(answers, question, ours=ours, theirs=theirs, note=note)]


def _trial_balance(answers: Answers, question: Question) -> list[Line]:
    answers.balances()
    debits, credits = answers.sides
    note = f"All accounts at {answers.until:%d %B %Y}; debits on the left, credits on the right."
    return [line(answers, question, ours=debits, theirs=credits, currency=answers.connection.currency, note=note)]


def _amount(answers: Answers, question: Question) -> list[Line]:
    side = proof_sums.SIDES[question.key.partition(":")[2]]
    with tenant_scope(answers.connection.tenant_id):
        accounts = proof_sums.accounts(answers.connection, side.account_type)
        foreign = proof_sums.foreign(answers.connection, side)
        entries = side.sign * proof_sums.entries(answers.connection, list(accounts))
        sums = proof_sums.at_own_rates(answers.connection, side) if foreign else ()
        ours = proof_sums.open_amounts(answers.connection, side) + entries
    balances, currency = answers.balances(), answers.connection.currency
    theirs = side.sign * sum((balances.get(key, _ZERO) for key in accounts), _ZERO)
    if not accounts:
        note = "No control account is known by its type."
        return [line(answers, question, ours=ours, currency=currency, status=UNTOLD, note=note)]
    if foreign:
        values = _with_foreign([each + entries for each in sums], theirs, foreign)
        return [line(answers, question, theirs=theirs, currency=currency, **values)]
    note = ", ".join(accounts.values())
    return [line(answers, question, ours=ours, theirs=theirs, currency=currency, note=note)]


def _with_foreign(sums: Sequence[Decimal], theirs: Decimal, foreign: int) -> dict[str, Any]:
    """Even where foreign documents at their own rates come to the same; a revaluation keeps them from it."""
    told = f"{foreign} open document{'s are' if foreign > 1 else ' is'} in another currency"
    if not sums:
        return {"ours": None, "status": UNTOLD, "note": f"{told}, without a rate to convert by."}
    ours = min(sums, key=lambda each: abs(theirs - each))
    if abs(theirs - ours) <= _COIN * foreign:
        note = f"{told}, converted at the rate of each document; coins of rounding are let pass."
        return {"ours": ours, "status": EVEN, "note": note}
    note = f"{told}, converted at the rate of each document. A revaluation in the ledger would make such a difference."
    return {"ours": ours, "status": UNTOLD, "note": note}


def _bank(answers: Answers, question: Question) -> list[Line]:
    with tenant_scope(answers.connection.tenant_id):
        banks = proof_sums.banks(answers.connection)
        stand_on = {bank.account for bank in banks.values() if bank.account}
        moved = proof_sums.moved(answers.connection, [*banks, *stand_on])
    alone = [key for key, bank in banks.items() if not bank.account]
    together = [[key for key, bank in banks.items() if bank.account == account] for account in sorted(stand_on)]
    return [
        _balance(answers, {key: banks[key] for key in keys}, moved) for keys in [*([key] for key in alone), *together]
    ]


def _balance(answers: Answers, banks: Mapping[str, proof_sums.Bank], moved: Mapping[str, Decimal]) -> Line:
    """One bank account against its balance; those that stand on one account of the general ledger together."""
    account = next(iter(banks.values())).account
    key, balances = account or next(iter(banks)), answers.balances()
    names = ", ".join(bank.name for bank in banks.values())
    one = Question(f"bank:{key}", f"Balance of {names}", "bank_transactions")
    ours, theirs = sum((moved.get(each, _ZERO) for each in {key, *banks}), _ZERO), balances.get(key)
    told_in = answers.currencies.get(key) or answers.connection.currency
    values = {"ours": ours, "theirs": theirs, "currency": told_in}
    if theirs is None:
        note = "The ledger tells no balance of this account."
        return line(answers, one, **values, status=UNTOLD if ours else EVEN, note=note)
    if foreign := {bank.currency for bank in banks.values()} - {"", told_in}:
        note = f"Kept in {', '.join(sorted(foreign))}: the ledger tells its balance in {told_in}."
        return line(answers, one, **{**values, "ours": None}, status=UNTOLD, note=note)
    note = "All that moved on it, and on its account of the general ledger." if account else "All that moved on it."
    return line(answers, one, **values, note=note)


_COMPARED: Mapping[str, Callable[[Answers, Question], list[Line]]] = {
    "count": _count,
    "trial_balance": _trial_balance,
    "amount": _amount,
    "bank": _bank,
}
