"""Journal entries, both ways: debits and credits that balance, tax entries, the entry that reverses another."""

from collections import defaultdict
from decimal import Decimal

from integrations.sandbox.books.lines import percent_of
from integrations.sandbox.books.money import HUNDRED, ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import custom, dimensions, errors, kinds, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.errors import Detail, SageError
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object, at
from integrations.sandbox.sage_intacct.lines import head as line_head
from integrations.sandbox.sage_intacct.lines import merged
from integrations.sandbox.sage_intacct.properties import Property, own, ref
from integrations.sandbox.sage_intacct.reading_heads import currency, head, require, status
from integrations.sandbox.wire import Body

_LINE = (
    ref("glAccount", "account", "general-ledger/account"), Property("description", "description"),
    *own("text", "documentId"), *own("flag", "isBillable", default=False), *own("any", "allocation"),
)  # fmt: skip
_LINE_CURRENCY = "currency"
"""{txnCurrency, exchangeRate{date, typeId, rate}} at a line (not verified); one for the whole entry here."""
_SIDES = {"debit": 1, "credit": -1}


def unbalanced(place: str) -> SageError:
    """Debits and credits differ; `place` is the location whose lines do not balance, or empty."""
    first = Detail("Could not create GLBatch record.", "GL-0951", "unableToCreateRecordError")
    text = f"Transactions do not balance for {place} ," if place else "Transactions do not balance"
    return SageError(text, first, Detail(text, "GL-1009", "invalidConfiguration", "BL01001973",
                                         "Balance the transaction."))  # fmt: skip


def read(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A journal entry. Raises SageError, GL-1009 where it does not balance."""
    body = head(books, obj, given, before)
    require(obj, HEADS[obj.kind], body, ("glJournal", "postingDate", "description"))
    _line_currency(given, body)
    currency(books, body, before)
    status(body, before)
    body["lines"] = merged(obj, given, before, lambda item, kept: _line(books, obj, item, body, kept))
    body["tax_mode"] = "exclusive" if any(line.get("tax") for line in body["lines"]) else "none"
    if len(body["lines"]) < 2:
        raise errors.business("A journal entry needs at least two lines.", "GL-0952",
                              first="Could not create GLBatch record.")  # fmt: skip
    if body["status"] != "draft":
        _balance(books, body)
    return body


def _line_currency(given: Body, body: Body) -> None:
    """The lines' currency is the entry's: all must have the same."""
    rows = properties.entries(given.get("lines"), "lines")
    told = [row[_LINE_CURRENCY] for row in rows if isinstance(row.get(_LINE_CURRENCY), dict)]
    codes = {str(each["txnCurrency"]) for each in told if each.get("txnCurrency")}
    if len(codes) > 1:
        raise errors.business("All lines of a journal entry must be in one currency here.", "GL-0953")
    if codes:
        body["currency"] = codes.pop()
    rates = {properties.amount(at(each, "exchangeRate.rate"), "exchangeRate.rate") for each in told
             if at(each, "exchangeRate.rate") not in (None, "")}  # fmt: skip
    if rates:
        body["rate"] = rates.pop()
    for name, place in (("date", "rateDate"), ("typeId", "rateType")):
        values = [at(each, f"exchangeRate.{name}") for each in told]
        if any(values):
            body["own"][place] = values[0]


def _line(books: Books, obj: Object, item: Body, body: Body, kept: Body | None) -> Body:
    known = [each.path for each in _LINE] + ["txnType", "txnAmount"]
    properties.check_known(obj.lines, item, known, prefixes=("dimensions", "taxEntries", _LINE_CURRENCY))
    line: Body = {**(kept or {}), "own": dict((kept or {}).get("own") or {})}
    properties.read(books, _LINE, item, line)
    dimensions.read(books, item, line)
    side = item.get("txnType") or (_side(kept) if kept else None)
    if not isinstance(side, str) or side not in _SIDES:
        raise errors.business("Required field txnType is missing." if not side else f"txnType '{side}' is not valid.",
                              "BL01001974")  # fmt: skip
    told = item.get("txnAmount")
    if told in (None, "") and kept is None:
        raise errors.business("Required field txnAmount is missing.", "BL01001974")
    code = str(body.get("currency") or books.home)
    value = abs(kept["amount"]) if kept and told in (None, "") else properties.amount(told, "txnAmount")
    line["amount"] = _SIDES[side] * cents(value, code)
    for stale in ("debit", "credit"):
        line.pop(stale, None)
    _tax(books, item, line, code)
    if line.get("account") is None:
        raise errors.business("Required field glAccount is missing.", "BL01001974")
    if body["status"] != "draft":
        dimensions.check_required(books, line)
    return custom.kept(books, obj.lines, item, line)


def _side(line: Body) -> str:
    return "debit" if line["amount"] >= 0 else "credit"


def _tax(books: Books, item: Body, line: Body, code: str) -> None:
    """One tax entry {txnTaxAmount, taxDetail}; the tax goes to the side of the line."""
    if "taxEntries" not in item:
        return
    entries = properties.entries(item["taxEntries"], "taxEntries")
    if len(entries) > 1:
        raise errors.business("A line can have one tax entry only.", "TX-0101")
    line["tax"] = books.given("tax/tax-detail", entries[0], "taxDetail") if entries else None
    line.pop("computed", None)
    line.pop("tax_amount", None)
    if not line["tax"]:
        return
    told, sign = entries[0].get("txnTaxAmount"), 1 if line["amount"] >= 0 else -1
    percent = percent_of(books.body("tax_rate", line["tax"]))
    worked_out = abs(line["amount"]) * percent / HUNDRED
    value = worked_out if told in (None, "") else properties.amount(told, "taxEntries.txnTaxAmount")
    line["tax_amount"] = sign * cents(value, code)


def _balance(books: Books, body: Body) -> None:
    """Debits and credits are equal, in every entity too unless the entry names a base location."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in body["lines"]:
        sums[_entity(books, line)] += line["amount"] + (line.get("tax_amount") or ZERO)
    if sum(sums.values(), ZERO):
        key = next(key for key, value in sums.items() if value)
        raise unbalanced(str(books.body("dimension", key).get("name") or ""))
    uneven = next((key for key, value in sums.items() if value and key), None)
    if uneven is not None and not body["own"].get("baseLocation"):
        raise unbalanced(str(books.body("dimension", uneven)["name"]))


def _entity(books: Books, line: Body) -> str:
    """The entity that a line's location is or stands below; none for a line without."""
    key = (line.get("dimensions") or {}).get("location")
    while key:
        record = books.body("dimension", key)
        if record.get("type") == "entity":
            return str(key)
        key = record.get("parent")
    return ""


def shown(books: Books, obj: Object, record: Record) -> Body:
    """A journal entry; amounts are positive, the side is a word."""
    body, told = record.body, record.body.get("own") or {}
    found = {**books.base(obj, record), **properties.shown(books, HEADS[obj.kind], body)}
    journal = books.reference("general-ledger/journal", told.get("journal") or _default(books))
    states = {"draft": "draft", "voided": "reversed"}
    return {
        **found, "txnNumber": record.id, "glJournal": {**journal, "isAdjustment": False}, "moduleName": "2.GL",
        "sequenceNumber": None, "state": states.get(body["status"], "posted"),
        "reversedBy": {"key": told.get("reversedBy"), "id": told.get("reversedBy")},
        "reversedFromDate": told.get("reversedFrom"), "lines": [
            _shown_line(books, obj, record, line, number) for number, line in enumerate(body["lines"], 1)],
    }  # fmt: skip


def _default(books: Books) -> str:
    return next((each.id for each in books.store.live("journal")), "")


def _shown_line(books: Books, obj: Object, record: Record, line: Body, number: int) -> Body:
    body, told = record.body, record.body.get("own") or {}
    found = {**line_head(books, obj, record, line, number), **properties.shown(books, _LINE, line)}
    rate = {"date": told.get("rateDate") or body["on"], "typeId": told.get("rateType"), "rate": body["rate"]}
    found |= {
        "txnType": _side(line), "entryDate": body["on"], "txnAmount": money(abs(line["amount"])),
        "baseAmount": money(abs(cents(line["amount"] * body["rate"], books.home))),
        "currency": {"txnCurrency": body["currency"], "baseCurrency": books.home, "exchangeRate": rate},
        "taxEntries": [],
    }  # fmt: skip
    if line.get("tax"):
        key = kinds.line_key(record.id, line["id"])
        found["taxEntries"] = [{"key": key, "id": key, "txnTaxAmount": money(abs(line["tax_amount"])),
                                "taxDetail": books.reference("tax/tax-detail", line["tax"])}]  # fmt: skip
    return found
