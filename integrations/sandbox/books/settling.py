"""Who settles whom by how much, and what a settled or closed document no longer allows."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.kinds import SETTLES, SILENT_STATUSES
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.books.company import Company

_SETTLED = frozenset(target for targets in SETTLES.values() for target in targets)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement of a document: the key of who did it, how much, on which day."""

    source: str
    amount: Decimal
    on: str


def open_amount(record: Record) -> Decimal:
    """Total less what settled it and what it settled; zero for what is not in force."""
    if record.deleted or record.body.get("status") in SILENT_STATUSES:
        return ZERO
    if record.table not in SETTLES and record.table not in _SETTLED:
        return ZERO
    total: Decimal = record.body["total"]
    given = sum((each["amount"] for each in record.body["allocations"]), ZERO)
    return total - sum(record.applied.values(), ZERO) - given


def settlements(company: "Company", record: Record) -> list[Settlement]:
    """Every allocation to a document, by date."""
    found = []
    for source in record.applied:
        table, _, key = source.partition(":")
        for each in company.store.tables[table][key].body["allocations"]:
            if each["document"] == record.key:
                found.append(Settlement(source, each["amount"], each["on"]))
    return sorted(found, key=lambda each: (each.on, each.source))


def check(company: "Company", kind: str, body: Body, before: Record | None, *, override: bool) -> None:
    """The laws of a saved document: number, period, settled amounts, allocations."""
    _check_number(company, kind, body, before)
    check_period(company, body["on"], override=override)
    if before is not None:
        if before.body["status"] == "voided" and body["status"] != "voided":
            raise BooksError("status", f"{before.key} is void for good", "status", status="voided")
        check_period(company, before.body["on"], override=override)
        if before.applied:
            _check_settled(before, body)
        if company.store.find("deposited", before.key) and body["total"] != before.body["total"]:
            raise BooksError("settled", f"{before.key} is part of a deposit", "total")
    if body["allocations"] or (before is not None and before.body["allocations"]):
        check_allocations(company, kind, body, before, override=override)


def _check_number(company: "Company", kind: str, body: Body, before: Record | None) -> None:
    if not body.get("number") or kind not in company.unique_numbers:
        return
    own = before.key if before else None
    for key in company.store.find(f"{kind}.number", body["number"]):
        if key != own and company.store.tables[kind][key.partition(":")[2]].body["status"] != "voided":
            text = f"there is a {kind} with number {body['number']!r} already"
            raise BooksError("duplicate_number", text, "number", number=body["number"], other=key)


def check_period(company: "Company", on: str, *, override: bool, field: str = "on") -> None:
    """Raises period_closed for a day in the closed period."""
    closed = company.settings.get("closed_through")
    if closed and on <= closed and not override:
        text = f"the books are closed through {closed}; {on} is in that period"
        raise BooksError("period_closed", text, field, closed_through=closed, on=on)


def _check_settled(before: Record, body: Body) -> None:
    settled = sum(before.applied.values(), ZERO)
    for name in ("contact", "currency"):
        if body[name] != before.body[name]:
            raise BooksError("settled", f"{before.key} is settled by {settled}; its {name} stays", name)
    if body["status"] in SILENT_STATUSES:
        raise BooksError("settled", f"{before.key} is settled by {settled}; it stays in force", "status")
    if body["total"] < settled:
        text = f"{before.key} is settled by {settled}; its total cannot fall below that"
        raise BooksError("settled", text, "total", settled=settled)
    if body["account"] != before.body["account"] or body["rate"] != before.body["rate"]:
        # The settling document already carried its amount to this account at this rate.
        raise BooksError("settled", f"{before.key} is settled by {settled}; account and rate stay", "account")


def check_allocations(company: "Company", kind: str, body: Body, before: Record | None, *, override: bool) -> None:
    """Raises BooksError unless every allocation fits its document, and all of them the source."""
    own = before.key if before else ""
    _check_dates(company, body, before, override)
    asked: dict[str, Decimal] = defaultdict(Decimal)
    for index, each in enumerate(body["allocations"]):
        field = f"allocations[{index}]"
        target = _target(company, kind, body, each, field)
        asked[target.key] += each["amount"]
        left = open_amount(target) + target.applied.get(own, ZERO)
        if each["amount"] <= 0:
            raise BooksError("amount_mismatch", f"{field}.amount must be above zero", f"{field}.amount")
        if asked[target.key] > left:
            text = f"{field}: {asked[target.key]} is more than the {left} open on {target.key}"
            raise BooksError("over_applied", text, f"{field}.amount", open=left, document=target.key)
    spent = sum(before.applied.values(), ZERO) if before else ZERO
    if sum(asked.values(), ZERO) > body["total"] - spent:
        text = f"allocations of {sum(asked.values(), ZERO)} are more than the {body['total'] - spent} there is"
        raise BooksError("over_applied", text, "allocations", open=body["total"] - spent)
    if body["allocations"] and body["status"] in SILENT_STATUSES:
        raise BooksError("status", f"a {kind} that is {body['status']} settles nothing", "status")


def _check_dates(company: "Company", body: Body, before: Record | None, override: bool) -> None:
    """Only what is added or taken away must lie in an open period."""
    old = before.body["allocations"] if before else []
    for each in body["allocations"]:
        if each not in old:
            check_period(company, each["on"], override=override, field="allocations")
    for each in old:
        if each not in body["allocations"]:
            check_period(company, each["on"], override=override, field="allocations")


def _target(company: "Company", kind: str, body: Body, each: Body, field: str) -> Record:
    table, _, key = each["document"].partition(":")
    target = company.store.get(table, key) if table in SETTLES.get(kind, ()) else None
    if target is None:
        text = f"{field}: a {kind} cannot settle {each['document']!r}"
        raise BooksError("invalid_reference", text, f"{field}.document", kind=table, id=key)
    if target.body["status"] in SILENT_STATUSES:
        text = f"{field}: {target.key} is {target.body['status']}"
        raise BooksError("status", text, f"{field}.document", status=target.body["status"])
    if target.body["contact"] != body.get("contact"):
        raise BooksError("wrong_party", f"{field}: {target.key} belongs to another contact", f"{field}.document")
    if target.body["currency"] != body["currency"]:
        text = f"{field}: {target.key} is in {target.body['currency']}, not {body['currency']}"
        raise BooksError("wrong_currency", text, f"{field}.document", currency=target.body["currency"])
    return target


def check_free(company: "Company", record: Record, *, override: bool) -> None:
    """Raises settled or period_closed unless a document may go."""
    if record.applied:
        by = ", ".join(record.applied)
        raise BooksError("settled", f"{record.key} is settled by {by}", by=list(record.applied))
    deposits = company.store.find("deposited", record.key)
    if deposits:
        raise BooksError("settled", f"{record.key} is part of {deposits[0]}", by=deposits)
    check_period(company, record.body["on"], override=override)
    for each in record.body["allocations"]:
        check_period(company, each["on"], override=override, field="allocations")


def spread(company: "Company", before: Record | None, record: Record) -> None:
    """Let the documents settled before and now know by how much."""
    old = _sums(before) if before else {}
    new = {} if record.deleted else _sums(record)
    for key in [*old, *(key for key in new if key not in old)]:
        if old.get(key) == new.get(key):
            continue
        table, _, name = key.partition(":")
        target = company.store.tables[table][name]
        applied = {source: amount for source, amount in target.applied.items() if source != record.key}
        if key in new:
            applied[record.key] = new[key]
        company.announce_update(company.touch(target, applied=applied))


def _sums(record: Record) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in record.body.get("allocations") or ():
        sums[each["document"]] += each["amount"]
    return sums
