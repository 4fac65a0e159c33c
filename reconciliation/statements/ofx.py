"""OFX: the tags of Open Financial Exchange 1 (SGML, ends of elements left out) and 2 (XML), read without a tree.

The one maintained library is under the GPL and refuses a file for one bad transaction; a bank line is ten flat tags.
Source: OFX 2.3 specification, chapter 11 (STMTTRN, LEDGERBAL).
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import unescape

from reconciliation.statements.model import (
    Balance,
    RowError,
    RowProblemError,
    Rows,
    Said,
    Statement,
    UnreadableError,
)
from reconciliation.statements.values import read_amount, read_date

_LEAF = re.compile(r"<([A-Z0-9._]+)>\s*(?:<!\[CDATA\[(.*?)\]\]>|([^<\r\n]+))", re.IGNORECASE | re.DOTALL)
_STATEMENT = re.compile(r"<(CC)?STMTRS>", re.IGNORECASE)
_LINE = re.compile(r"<STMTTRN>(.*?)(?=</STMTTRN>|<STMTTRN>|</BANKTRANLIST>|<LEDGERBAL>|\Z)", re.IGNORECASE | re.DOTALL)
_LEDGER = re.compile(r"<LEDGERBAL>(.*?)(?=</LEDGERBAL>|<AVAILBAL>|</(?:CC)?STMTRS>|\Z)", re.IGNORECASE | re.DOTALL)


def looks_like(content: bytes) -> bool:
    """Whether the file says that it is OFX."""
    head = content[:2000].upper()
    return b"OFXHEADER" in head or b"<OFX>" in head


def read_ofx(content: bytes, *, currency: str) -> Statement:
    """Lines and the balance that the bank's books show; `currency` holds where the file names none."""
    text = _decode(content)
    parts = [text[at:end] for at, end in _spans(text)]
    if not parts:
        raise UnreadableError("This OFX file has no bank or card statement. Download the transactions of one account.")
    statement, rows, number = Statement("ofx"), Rows(ids_are_unique=True), 0
    for part in parts:
        head = _leaves(part.split("<STMTTRN>", 1)[0])
        account, coin = head.get("ACCTID", ""), head.get("CURDEF", currency).upper()
        for found in _LINE.finditer(part):
            number += 1
            leaves = _leaves(found[1])
            try:
                statement.rows.append(rows.row(number, _said(leaves, account, coin)))
            except ValueError as error:
                remedy = getattr(error, "remedy", "")
                statement.errors.append(RowError(number, str(error), leaves, remedy, f"transaction {number}"))
        _balance(statement, part, account)
    return statement


def _decode(content: bytes) -> str:
    head = content[:500].upper()
    is_western = b"CHARSET:1252" in head and b"ENCODING:UTF-8" not in head
    try:
        return content.decode("cp1252" if is_western else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _spans(text: str) -> Iterator[tuple[int, int]]:
    starts = [found.end() for found in _STATEMENT.finditer(text)]
    yield from zip(starts, [*starts[1:], len(text)], strict=False)


def _leaves(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag, cdata, value in _LEAF.findall(text):
        found.setdefault(tag.upper(), cdata.strip() or unescape(value).strip())
    return found


def _said(leaves: dict[str, str], account: str, currency: str) -> Said:
    if "TRNAMT" not in leaves:
        raise RowProblemError("The amount (TRNAMT) is missing.", "Ask the bank for the file again.")
    if corrected := leaves.get("CORRECTFITID"):
        raise RowProblemError(
            f"The bank corrects its transaction {corrected!r} here ({leaves.get('CORRECTACTION', 'REPLACE').lower()}).",
            "Compare it with the line of that id: a line that is matched is taken back first, then corrected by hand.",
        )
    check = leaves.get("CHECKNUM", "")
    return Said(
        booked_on=_day(leaves.get("DTPOSTED", "")),
        amount=_amount(leaves["TRNAMT"]),
        currency=currency,
        account_id=account,
        description=leaves.get("MEMO", "") or leaves.get("TRNTYPE", ""),
        counterparty=leaves.get("NAME", ""),
        reference=leaves.get("REFNUM", "") or check,
        bank_id=leaves.get("FITID", ""),
    )


def _amount(text: str) -> Decimal:
    # The specification allows either mark, and no thousands.
    return read_amount(text, comma="," in text and "." not in text)


def _day(text: str) -> date:
    """The day where the bank is: the eight digits before the time and its zone."""
    return read_date(text[:8], day_first=True)


def _balance(statement: Statement, part: str, account: str) -> None:
    found = _LEDGER.search(part)
    leaves = _leaves(found[1]) if found else {}
    try:
        balance = Balance(_day(leaves["DTASOF"]), _amount(leaves["BALAMT"]), is_opening=False, account_id=account[:60])
    except (KeyError, ValueError):
        # A balance only proves; a file without a readable one is imported without proof.
        return
    statement.balances.append(balance)
