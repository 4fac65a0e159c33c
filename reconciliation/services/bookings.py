"""What a bank rule books for one line: the bodies that are posted, and the plan in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from integrations.engine.declarations import Connector
from integrations.models import Resource
from integrations.services.connectors import check_operation
from mappings.transform import tax
from mappings.transform.tax import Rates
from reconciliation.models import BankAccount, BankLine, BankRule
from reconciliation.money import money, plain

_Outcome = BankRule.Outcome
_REFERENCE_LENGTH = 21


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a booking; a later one names the one before by `{"write": "first"}`."""

    resource: str
    body: dict[str, Any]


def booking_of(rule: BankRule, rates: Mapping[str, Rates]) -> dict[str, Any]:
    """What a proposal keeps of a rule: what was on the screen is what is approved, whatever the rule becomes.

    `rates`: id of a tax code → the percents it is made of, as the ledger has them now.
    """
    found: dict[str, Any] = {"outcome": rule.outcome, "memo": rule.memo}
    if rule.outcome == _Outcome.TRANSFER:
        other = rule.other_account
        assert other is not None  # noqa: S101 - a constraint of the table
        end = _reference(other) | {"row": str(other.pk), "currency": other.currency}
        return found | {"other_account": end | ({"behind": other.behind} if other.behind else {})}
    found["account"] = {"id": rule.external_account_id, "name": rule.external_account_name}
    if rule.external_tax_id:
        percents = [[name, f"{percent:f}"] for name, percent in rates.get(rule.external_tax_id, ())]
        found["tax"] = {"id": rule.external_tax_id, "name": rule.tax_name, "rates": percents}
    if rule.external_contact_id:
        found["contact"] = {"id": rule.external_contact_id, "name": rule.contact_name}
    return found


def writes_of(booking: Mapping[str, Any], line: BankLine, connector: Connector) -> list[Write]:
    """The writes in their order; no queries. ValidationError when the ledger or the line does not allow them."""
    own = line.bank_account
    if not own.external_account_id:
        raise ValidationError("Say first which ledger account this bank account is (Bank accounts, ledger account).")
    outcome = booking["outcome"]
    if outcome == _Outcome.TRANSFER:
        found = [_transfer(booking, line, connector)]
    elif outcome == _Outcome.BILL:
        found = list(_bill(booking, line, connector))
    elif line.amount < 0:
        found = list(_spent(booking, line, connector))
    else:
        _check_untaxed(booking, connector)
        found = [_entry(line, booking["account"], _memo(booking, line), connector)]
    for write in found:
        check_operation(connector.name, write.resource, "create")
    return found


def sentence_of(booking: Mapping[str, Any], line: BankLine, ledger: str) -> tuple[str, str]:
    """The button's words, and a sentence beside it."""
    amount = money(abs(line.amount), line.currency)
    dated = f"dated {line.booked_on.day} {line.booked_on:%b %Y}"
    outcome = booking["outcome"]
    if outcome == _Outcome.TRANSFER:
        other = _other(booking, line)["name"]
        ends = (line.bank_account.name, other) if line.amount < 0 else (other, line.bank_account.name)
        return f"Approve: post a transfer of {amount} to {ledger}", f"From {ends[0]} to {ends[1]}, {dated}."
    account = booking["account"]["name"]
    if outcome == _Outcome.BILL:
        vendor = booking.get("contact", {}).get("name", "")
        return f"Approve: post a bill of {amount} and its payment to {ledger}", f"Of {vendor} on {account}, {dated}."
    noun = {_Outcome.WRITE_OFF: "write-off"}.get(outcome, "expense" if line.amount < 0 else "income")
    article = "an" if noun[0] in "aeiou" else "a"
    return (
        f"Approve: post {article} {noun} of {amount} on {account} to {ledger}",
        f"{noun.capitalize()} on {account}, {dated}, through {line.bank_account}.",
    )


def _reference(account: BankAccount) -> dict[str, Any]:
    return {"id": account.external_account_id, "name": account.external_account_name or account.name}


def _head(line: BankLine, memo: str) -> dict[str, Any]:
    return {"issued_on": line.booked_on.isoformat(), "currency": line.currency, "memo": memo}


def _memo(booking: Mapping[str, Any], line: BankLine) -> str:
    words = " ".join(part for part in (line.counterparty, line.description) if part)
    return booking.get("memo") or f"{words[:300]} (bank line of {line.booked_on})".strip()


def _lines(booking: Mapping[str, Any], line: BankLine, connector: Connector) -> dict[str, Any]:
    """One line that takes the whole amount; with a tax code the tax is inside it, split as the ledger splits it."""
    books, gross = connector.bookkeeping, abs(line.amount)
    row: dict[str, Any] = {"account": booking["account"], "description": _memo(booking, line)}
    net, amount, mode = gross, gross, books.untaxed
    if told := booking.get("tax"):
        rates = tuple((name, Decimal(percent)) for name, percent in told["rates"])
        net, takes_gross = _net(gross, rates, line, connector), books.taxed_amounts == "both"
        amount = gross if takes_gross and books.inclusive_lines == "gross" else net
        mode = "inclusive" if takes_gross else "exclusive"
        row["tax_rate"] = {"id": told["id"], "name": told["name"]}
        if takes_gross and amount == net:
            # The gross goes along, so that the ledger splits it itself and the total stays exact.
            row["gross_amount"] = _text(gross)
    row["amount"] = _text(amount)
    if books.lines_say == "price":
        row |= {"quantity": "1", "unit_price": _text(amount)}
    sums = {"subtotal": _text(net), "tax_total": _text(gross - net), "total": _text(gross)}
    return {"lines": [row], "tax_mode": mode, **sums}


def _net(gross: Decimal, rates: Rates, line: BankLine, connector: Connector) -> Decimal:
    if not rates:
        raise ValidationError("The tax code of this rule has no rate in the ledger any more: choose another one.")
    books = connector.bookkeeping
    net = tax.net_of(gross, rates, line.currency, books.tax_rounding)
    if books.taxed_amounts != "both" and net + tax.on_top([(net, rates)], line.currency, books.tax_rounding) != gross:
        raise ValidationError(
            f"{connector.label} puts tax on top, and no net amount with this tax code comes to "
            f"{money(gross, line.currency)}. Record it in {connector.label}, then match it here."
        )
    return net


def _text(amount: Decimal) -> str:
    return str(plain(amount))


def _check_untaxed(booking: Mapping[str, Any], connector: Connector) -> None:
    if "tax" in booking:
        raise ValidationError(
            f"This would be a journal entry in {connector.label}, which splits no tax. Narrow the rule to money "
            "out, or name a vendor."
        )


def _spent(booking: Mapping[str, Any], line: BankLine, connector: Connector) -> Iterator[Write]:
    """An expense; where money from a bank account is a bill paid at once, that, or an entry without a vendor."""
    books, account = connector.bookkeeping, line.bank_account
    if books.paid_from_bank == "bill" and not account.is_card:
        if "contact" in booking:
            yield from _bill(booking, line, connector)
        else:
            _check_untaxed(booking, connector)
            yield _entry(line, booking["account"], _memo(booking, line), connector)
        return
    if "contact" not in booking and _needs_contact(connector):
        raise ValidationError(f"{connector.label} takes no expense without a payee: name the vendor in the rule.")
    by_bank = "check" if books.paid_from_bank == "check" else "cash"
    body = _head(line, _memo(booking, line)) | _lines(booking, line, connector)
    body |= {
        "account": _reference(account),
        "payment_type": "credit_card" if account.is_card else by_bank,
        "reference": (line.reference or line.external_id)[:_REFERENCE_LENGTH],
    }
    vendor = {"contact": booking["contact"] | {"type": "vendor"}} if "contact" in booking else {}
    yield Write(Resource.EXPENSES, body | vendor)


def _needs_contact(connector: Connector) -> bool:
    entities = connector.resources[Resource.EXPENSES].entities.values()
    fields = [field for entity in entities for field in entity.shape.fields if field.name == "contact"]
    return any("create" in field.required_on for field in fields)


def _bill(booking: Mapping[str, Any], line: BankLine, connector: Connector) -> Iterator[Write]:
    if line.amount > 0:
        raise ValidationError("A bill is paid by money out, and this is money in. Narrow the rule to money out.")
    if "contact" not in booking:
        raise ValidationError("A bill needs its vendor: name one in the rule.")
    total = _text(abs(line.amount))
    vendor = booking["contact"] | {"type": "vendor"}
    reference = (line.reference or line.external_id)[:_REFERENCE_LENGTH]
    bill = _head(line, _memo(booking, line)) | _lines(booking, line, connector)
    yield Write(Resource.BILLS, bill | {"contact": vendor, "due_on": bill["issued_on"], "number": reference})
    payment = _head(line, _memo(booking, line)) | {"contact": vendor, "account": _reference(line.bank_account)}
    payment |= {"payment_type": "credit_card" if line.bank_account.is_card else "check", "reference": reference}
    settled = [{"type": "bill", "id": {"write": "first"}, "amount": total}]
    yield Write(Resource.BILL_PAYMENTS, payment | {"total": total, "allocations": settled})


def _transfer(booking: Mapping[str, Any], line: BankLine, connector: Connector) -> Write:
    other = _other(booking, line)
    if other["currency"] != line.currency:
        raise ValidationError("The other account is in another currency: record the transfer in the ledger.")
    if not other["id"]:
        raise ValidationError(f"Say first which ledger account {other['name']} is (Bank accounts, ledger account).")
    there = {"id": other["id"], "name": other["name"]}
    behind = other.get("behind")
    memo = booking.get("memo") or f"Transfer (bank line of {line.booked_on})"
    if connector.bookkeeping.payouts_by != "transfer":
        in_books = behind if behind and connector.bookkeeping.journals_name == "ledger_account" else there
        return _entry(line, in_books, memo, connector)
    here = _reference(line.bank_account)
    ends = (here, there) if line.amount < 0 else (there, here)
    body = _head(line, memo) | {"type": "transfer", "account": ends[0], "other_account": ends[1]}
    reference = (line.reference or line.external_id)[:_REFERENCE_LENGTH]
    return Write(Resource.BANK_TRANSACTIONS, body | {"total": str(plain(abs(line.amount))), "reference": reference})


def _entry(line: BankLine, other: dict[str, Any], memo: str, connector: Connector) -> Write:
    if connector.bookkeeping.payouts_by == "transfer":
        raise ValidationError(
            f"Journals of {connector.label} may not touch bank accounts: record this money in {connector.label}, then "
            "match it here."
        )
    total = str(plain(abs(line.amount)))
    sides = ("debit", "credit") if line.amount > 0 else ("credit", "debit")
    ends = zip((_in_journal(line.bank_account, connector), other), sides, strict=True)
    rows = [{"account": account, side: total, "description": memo} for account, side in ends]
    return Write(Resource.JOURNAL_ENTRIES, _head(line, memo) | {"lines": rows, "total": total})


def _in_journal(account: BankAccount, connector: Connector) -> dict[str, Any]:
    """How a journal's line names a bank account: in some ledgers by the account of the general ledger behind it."""
    if connector.bookkeeping.journals_name == "bank" or not account.behind:
        return _reference(account)
    return dict(account.behind)


def _other(booking: Mapping[str, Any], line: BankLine) -> dict[str, Any]:
    found: dict[str, Any] = booking["other_account"]
    if found["row"] == str(line.bank_account_id):
        raise ValidationError(
            "The other account of this transfer is this very account. Narrow the rule to the other one."
        )
    return found
