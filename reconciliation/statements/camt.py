"""CAMT.053 (and the intraday CAMT.052): ISO 20022 bank statements in XML, any version of the schema.

Source: ISO 20022 message definition BankToCustomerStatement; names of elements are those of the schema.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

from reconciliation.statements.model import Balance, RowError, RowProblemError, Rows, Said, Statement, UnreadableError
from reconciliation.statements.values import read_amount, read_date

_Node = ElementTree.Element
_OPENING = ("OPBD", "PRCD")
_CLOSING = ("CLBD",)
# Said anew when texts are read in another way, so that rows of earlier files are known by day and amount.
_SCHEME = "camt 2"
_EMPTY = frozenset({"", "NOTPROVIDED", "NONREF"})


def looks_like(content: bytes) -> bool:
    """Whether the file is XML that names the message."""
    head = content[:3000]
    return b"camt.05" in head or b"BkToCstmrStmt" in head or b"BkToCstmrAcctRpt" in head


def read_camt(content: bytes, *, currency: str) -> Statement:
    """Booked entries and the balances between them; entries that are not booked yet are told, not imported."""
    root = _parsed(content)
    parts = [node for node in root.iter() if node.tag in ("Stmt", "Rpt")]
    if not parts:
        raise UnreadableError("This XML file has no statement (Stmt). Ask the bank for CAMT.053.")
    statement, rows, number = Statement(_SCHEME), Rows(ids_are_unique=False), 0
    for part in parts:
        account = _text(part, "Acct/Id/IBAN") or _text(part, "Acct/Id/Othr/Id")
        coin = _text(part, "Acct/Ccy") or currency
        days = []
        for entry in part.iterfind("Ntry"):
            number += 1
            try:
                row = rows.row(number, _said(entry, account, coin))
            except ValueError as error:
                remedy = getattr(error, "remedy", "")
                statement.errors.append(RowError(number, str(error), _values(entry), remedy, f"entry {number}"))
            else:
                days.append(row.booked_on)
                statement.rows.append(row)
        statement.balances += _balances(part, account[:60], days)
    return statement


def _parsed(content: bytes) -> _Node:
    # Entities are the one thing in XML that grows without bound, and no bank's file declares any.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise UnreadableError("This XML file declares entities, which no bank statement does. It is not read.")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without entities there is nothing to expand
    except ElementTree.ParseError as error:
        raise UnreadableError(
            f"This is no well-formed XML ({error}). Download the file from the bank again."
        ) from error
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def _text(node: _Node, path: str) -> str:
    found = node.find(path)
    return (found.text or "").strip() if found is not None else ""


def _said(entry: _Node, account: str, currency: str) -> Said:
    state = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if state not in ("", "BOOK"):
        raise RowProblemError(
            f"The entry is not booked yet ({state}).", "It comes again, booked, in a later statement."
        )
    amount = entry.find("Amt")
    if amount is None:
        raise RowProblemError("The amount (Amt) is missing.", "Ask the bank for the file again.")
    details = entry.findall("NtryDtls/TxDtls")
    is_in = _text(entry, "CdtDbtInd") == "CRDT"
    one = details[0] if len(details) == 1 else None
    return Said(
        booked_on=_day(entry, "BookgDt") or _missing_day(entry),
        amount=read_amount(amount.text or "") * (1 if is_in else -1),
        currency=amount.get("Ccy") or currency,
        account_id=account,
        description=" ".join(dict.fromkeys(_words(entry, details))),
        counterparty=_party(one, is_in=is_in != _came_back(entry, one)) if one is not None else "",
        reference=_reference(one) if one is not None else "",
        bank_id=_text(entry, "AcctSvcrRef"),
    )


def _missing_day(entry: _Node) -> date:
    found = _day(entry, "ValDt")
    if found is None:
        raise RowProblemError("The date (BookgDt) is missing.", "Ask the bank for the file again.")
    return found


def _day(node: _Node, name: str) -> date | None:
    text = _text(node, f"{name}/Dt") or _text(node, f"{name}/DtTm")
    return read_date(text[:10], day_first=True) if text else None


_WORDS = ("RmtInf/Ustrd", "RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf", "RtrInf/AddtlInf")
# What a booking of one payment has fields of its own for, and one of many has not: whose it is, and by which number.
_WORDS_OF_MANY = (
    "RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm", "RltdPties/Cdtr/Nm", "RltdPties/Cdtr/Pty/Nm",
    "RmtInf/Strd/CdtrRefInf/Ref", "Refs/EndToEndId",
)  # fmt: skip


def _words(entry: _Node, details: list[_Node]) -> Iterator[str]:
    """Every text of the entry and of each payment in it, told apart in the order of the file."""
    paths = _WORDS + _WORDS_OF_MANY if len(details) > 1 else _WORDS
    for each in details:
        told = (part for path in paths for part in each.iterfind(path))
        yield from (text for part in told if (text := (part.text or "").strip()) not in _EMPTY)
    yield from filter(None, [_text(entry, "AddtlNtryInf")])


def _came_back(entry: _Node, details: _Node) -> bool:
    """Whether the money was sent before and came back: then the parties are those of the payment that failed."""
    return _text(entry, "RvslInd") == "true" or details.find("RtrInf") is not None


def _party(details: _Node, *, is_in: bool) -> str:
    who = "Dbtr" if is_in else "Cdtr"
    paths = (f"RltdPties/{who}/Nm", f"RltdPties/{who}/Pty/Nm", f"RltdPties/Ultmt{who}/Nm")
    return next((text for path in paths if (text := _text(details, path))), "")


def _reference(details: _Node) -> str:
    paths = ("RmtInf/Strd/CdtrRefInf/Ref", "Refs/EndToEndId", "Refs/InstrId", "Refs/TxId")
    return next((text for path in paths if (text := _text(details, path)) not in _EMPTY), "")


def _values(entry: _Node) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in entry.iter():
        if node.text and node.text.strip():
            found.setdefault(node.tag, node.text.strip()[:300])
    return found


def _balances(part: _Node, account: str, days: list[date]) -> Iterator[Balance]:
    for node in part.iterfind("Bal"):
        code = _text(node, "Tp/CdOrPrtry/Cd")
        if code not in _OPENING + _CLOSING:
            continue
        try:
            on = _day(node, "Dt")
            amount = read_amount(_text(node, "Amt"))
        except ValueError:
            # A balance only proves; the entries stand without it.
            continue
        signed: Decimal = amount if _text(node, "CdtDbtInd") == "CRDT" else -amount
        if code in _CLOSING and on is not None:
            yield Balance(on, signed, is_opening=False, account_id=account)
        elif first := min(days, default=on):
            # Banks date an opening balance by its own day or by the last day before it; it is before the first entry.
            yield Balance(first, signed, is_opening=True, account_id=account)
