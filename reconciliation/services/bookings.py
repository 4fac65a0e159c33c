"""What a bank rule books for one line: the bodies that are posted, and the plan in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from integrations.engine.declarations import Connector
from integrations.models import Resource
from integrations.services.connectors import check_operation
from reconciliation.models import BankAccount, BankLine, BankRule
from reconciliation.money import money, plain

_Outcome = BankRule.Outcome
_REFERENCE_LENGTH = 21
_NONE = "0"


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a booking; a later one names the one before by `{"write": "first"}`."""

    resource: str
    body: dict[str, Any]


def booking_of(rule: BankRule) -> dict[str, Any]:
    """What a proposal keeps of a rule: what was on the screen is what is approved, whatever the rule becomes."""
    found: dict[str, Any] = {"outcome": rule.outcome, "memo": rule.memo}
    if rule.outcome == _Outcome.TRANSFER:
        other = rule.other_account
        assert other is not None  # noqa: S101 - a constraint of the table
        return found | {"other_account": _reference(other) | {"row": str(other.pk), "currency": other.currency}}
    found["account"] = {"id": rule.external_account_id, "name": rule.external_account_name}
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
        found = list(_bill(booking, line))
    elif line.amount < 0:
        found = [Write(Resource.EXPENSES, _expense(booking, line))]
    else:
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


def _lines(booking: Mapping[str, Any], line: BankLine, total: str) -> dict[str, Any]:
    row = {"account": booking["account"], "amount": total, "description": _memo(booking, line)}
    return {"lines": [row], "tax_mode": "none", "subtotal": total, "tax_total": _NONE, "total": total}


def _expense(booking: Mapping[str, Any], line: BankLine) -> dict[str, Any]:
    total = str(plain(abs(line.amount)))
    body = _head(line, _memo(booking, line)) | _lines(booking, line, total)
    body |= {
        "account": _reference(line.bank_account),
        "payment_type": "credit_card" if line.bank_account.is_card else "cash",
        "reference": (line.reference or line.external_id)[:_REFERENCE_LENGTH],
    }
    return body | ({"contact": booking["contact"] | {"type": "vendor"}} if "contact" in booking else {})


def _bill(booking: Mapping[str, Any], line: BankLine) -> Iterator[Write]:
    if line.amount > 0:
        raise ValidationError("A bill is paid by money out, and this is money in. Narrow the rule to money out.")
    if "contact" not in booking:
        raise ValidationError("A bill needs its vendor: name one in the rule.")
    total = str(plain(abs(line.amount)))
    vendor = booking["contact"] | {"type": "vendor"}
    reference = (line.reference or line.external_id)[:_REFERENCE_LENGTH]
    bill = _head(line, _memo(booking, line)) | _lines(booking, line, total)
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
    memo = booking.get("memo") or f"Transfer (bank line of {line.booked_on})"
    if connector.bookkeeping.payouts_by != "transfer":
        return _entry(line, there, memo, connector)
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
    ends = zip((_reference(line.bank_account), other), sides, strict=True)
    rows = [{"account": account, side: total, "description": memo} for account, side in ends]
    return Write(Resource.JOURNAL_ENTRIES, _head(line, memo) | {"lines": rows, "total": total})


def _other(booking: Mapping[str, Any], line: BankLine) -> dict[str, Any]:
    found: dict[str, Any] = booking["other_account"]
    if found["row"] == str(line.bank_account_id):
        raise ValidationError(
            "The other account of this transfer is this very account. Narrow the rule to the other one."
        )
    return found
