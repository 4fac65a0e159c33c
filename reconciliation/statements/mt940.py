"""SWIFT MT940: fields read by the library `mt-940`, one entry at a time, so that a bad one stops nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from mt940.models import Transactions
from mt940.options import Options

from reconciliation.statements.model import Balance, RowError, RowProblemError, Rows, Said, Statement, UnreadableError

_FIELD = re.compile(r"^:(\d\d[A-Z]?):", re.MULTILINE)
# Said anew when texts are read in another way, so that rows of earlier files are known by day and amount.
_SCHEME = "mt940 2"
_NO_REFERENCE = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED"})
_NAME = re.compile(r"\?32([^?]*)(?:\?33([^?]*))?")
_FULL = 27
# Names in free text, as Dutch and other banks write them (/NAME/… or NAME/…).
_TOLD = re.compile(r"/?(NAME|REMI|EREF|BENM|ORDP)//?(?:NAME/)?([^/]+)")


@dataclass
class _Part:
    """One statement of the file: its account, balances as they stand in it, and its entries with their details."""

    account: str = ""
    opening: str = ""
    closing: str = ""
    entries: list[str] = field(default_factory=list)


def looks_like(content: bytes) -> bool:
    """Whether a reference and an opening balance stand at the beginnings of lines, as in MT940 only."""
    return bool(re.search(rb"^:20:", content[:4000], re.MULTILINE) and re.search(rb"^:60[FM]:", content, re.MULTILINE))


def read_mt940(content: bytes, *, currency: str) -> Statement:
    """Entries and the opening and closing balances of each statement in the file."""
    statement, rows, number = Statement(_SCHEME), Rows(ids_are_unique=False), 0
    parts = list(_parts(_decode(content).replace("\r\n", "\n")))
    if not any(part.opening or part.entries for part in parts):
        raise UnreadableError("This MT940 file has no statement. Download the file from the bank again.")
    for part in parts:
        days = []
        for entry in part.entries:
            number += 1
            try:
                row = rows.row(number, _said(part, entry, currency))
            except ValueError as error:
                told = {"entry": entry.strip()[:500]}
                remedy = getattr(error, "remedy", "")
                statement.errors.append(RowError(number, str(error), told, remedy, f"entry {number}"))
            else:
                days.append(row.booked_on)
                statement.rows.append(row)
        statement.balances += _balances(part, days)
    return statement


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _parts(text: str) -> Iterator[_Part]:
    part = _Part()
    starts = [*_FIELD.finditer(text)]
    ends = [found.start() for found in starts[1:]] + [len(text)]
    for found, end in zip(starts, ends, strict=True):
        tag, value = found[1], text[found.end() : end].strip()
        if tag == "20":
            if part.opening or part.entries:
                yield part
            part = _Part()
        elif tag == "25":
            part.account = value
        elif tag.startswith("60"):
            part.opening = f":{tag}:{value}\n"
        elif tag.startswith("62"):
            part.closing = f":{tag}:{value.removesuffix('-').strip()}\n"
        elif tag == "61":
            part.entries.append(f":61:{value}\n")
        elif tag == "86" and part.entries and not part.closing:
            part.entries[-1] += f":86:{value.removesuffix('-}')}\n"
    yield part


def _parsed(part: _Part, fields: str) -> Transactions:
    found = Transactions(options=Options.all())
    try:
        found.parse(f":20:S\n{part.opening}{fields}")
    except (RuntimeError, ValueError, ArithmeticError, KeyError, AttributeError, TypeError) as error:
        # The library says in patterns what it cannot read; a person needs the place and a way on.
        raise RowProblemError(
            "This entry does not follow MT940 (day, mark C or D, amount with a comma, kind, reference).",
            "Ask the bank for the file again, or add the line from another export of the same day.",
        ) from error
    return found


def _said(part: _Part, entry: str, currency: str) -> Said:
    found = _parsed(part, entry)
    if not found.transactions or found.transactions[0].data.get("amount") is None:
        raise RowProblemError("The entry has no amount.", "Ask the bank for the file again.")
    told: dict[str, Any] = found.transactions[0].data
    free = str(told.get("transaction_details") or "")
    named = dict(_TOLD.findall(free.replace("\n", "")))
    words = [str(told.get(name) or "") for name in ("posting_text", "purpose", "extra_details")] + [free]
    references = (
        *(told.get(name) for name in ("end_to_end_reference", "customer_reference")), named.get("EREF"),
        told.get("bank_reference"),
    )  # fmt: skip
    day = told.get("entry_date") or told["date"]
    return Said(
        booked_on=date(day.year, day.month, day.day),
        amount=Decimal(told["amount"].amount),
        currency=told["amount"].currency or currency,
        account_id=part.account,
        description=" ".join(" ".join(filter(None, words)).split()),
        counterparty=_name(entry, told, named),
        reference=next((str(each) for each in references if str(each or "") not in _NO_REFERENCE), ""),
        bank_id=str(told.get("bank_reference") or ""),
    )


def _name(entry: str, told: dict[str, Any], named: dict[str, str]) -> str:
    if of_two := _NAME.search(entry.replace("\n", "")):
        # A name goes on in the second field where the first one is full; where it is not, a word ended.
        first, second = of_two[1], of_two[2] or ""
        return " ".join(f"{first}{'' if len(first) >= _FULL else ' '}{second}".split())
    found = told.get("applicant_name") or told.get("recipient_name") or named.get("NAME") or ""
    return " ".join(str(found).split())


def _balances(part: _Part, days: list[date]) -> Iterator[Balance]:
    for kind, fields in ((True, part.opening), (False, part.closing)):
        try:
            data = _parsed(_Part(), fields).data
        except RowProblemError:
            # A balance only proves; the entries stand without it.
            continue
        found = next((value for name, value in data.items() if name.endswith("_balance")), None)
        if found is None:
            continue
        on = date(found.date.year, found.date.month, found.date.day)
        day, amount = min(days, default=on) if kind else on, Decimal(found.amount.amount)
        yield Balance(day, amount, is_opening=kind, account_id=part.account[:60])
