"""What bank rules book, in all five simulated ledgers: the true books move exactly by the bank's lines."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.models import Connection, LedgerRecord, Posting
from integrations.services.postings import send_posting
from reconciliation.models import BankAccount, BankLine, BankRule, Match
from reconciliation.services.approval import approve
from reconciliation.services.bank_rules import save_rule
from reconciliation.services.progress import refresh_match
from reconciliation.services.statements import bank_account_for
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import CLIENT, Sandbox, sandbox, sandbox_process  # noqa: F401
from tests.mappings.test_ledger_kinds import Ledger, _accounts, _in_books, _open
from tests.reconciliation.factories import line_of, matched, member, proposal_of

pytestmark = pytest.mark.integration

# Words of the line → amount, what the rule proposes, and how the books move (bank's share left out).
LINES: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "account fee": ("-12.00", {"contact": True}, {"expense": "12.00"}),
    "software": ("-120.00", {"contact": True, "tax": True, "direction": "out"}, {"expense": "100.00"}),
    "odd cents": ("-9.99", {"contact": True, "tax": True, "direction": "out"}, {"expense": "8.33"}),
    "interest": ("3.20", {"account": "income"}, {"income": "-3.20"}),
    "to savings": ("-50.00", {"outcome": "transfer"}, {"clearing": "50.00"}),
    "rent": ("-90.00", {"contact": True, "outcome": "bill"}, {"expense": "90.00"}),
}
# What a ledger cannot take, said before anything is posted.
REFUSED = {"xero": {"interest": "may not touch bank accounts"}, "netsuite": {"odd cents": "puts tax on top"}}
# 9.99 holds 1.665 of tax: QuickBooks rounds the net, the others the tax.
NET_OF_ODD_CENTS = {"quickbooks": "8.33"}


@pytest.fixture(params=["quickbooks", "xero", "zoho_books", "netsuite", "sage_intacct"])
def ledger(request: Any, sandbox: Sandbox, acme: Actors, monkeypatch: pytest.MonkeyPatch) -> Ledger:  # noqa: F811
    """A British company in each ledger, read once."""
    name = request.param
    monkeypatch.setenv(f"PORTAL_{name.upper()}_CLIENT_ID", CLIENT)
    monkeypatch.setenv(f"PORTAL_{name.upper()}_CLIENT_SECRET", CLIENT)
    connection, company = _open(name, sandbox, acme)
    with tenant_scope(connection.tenant_id):
        return Ledger(connection, company, _accounts(connection))


def rules(ledger: Ledger, by: Any, bank: BankAccount, other: BankAccount) -> None:
    """One for each line."""
    vendors = LedgerRecord.objects.of(ledger.connection, "contacts").filter(kind__in=["vendor", "both"], is_active=True)
    payee = vendors.filter(currency__in=("", "GBP")).order_by("id")[0]
    code = ledger.accounts["purchase tax"]
    # NetSuite takes no line without a tax code.
    rates = LedgerRecord.objects.of(ledger.connection, "tax_rates").filter(
        is_active=True, kind__in=["", "both", "purchases"]
    )
    zeros = [row for row in rates.order_by("id") if Decimal(str(row.unified["rate"] or 0)) == 0]
    zero = zeros[0] if ledger.connection.connector == "netsuite" else None
    for text, (_, said, _) in LINES.items():
        account = ledger.accounts[said.get("account", "expense")]
        row = BankRule(
            tenant_id=bank.tenant_id, connection=ledger.connection, name=text, text=text, is_active=True,
            outcome=said.get("outcome", "expense"), direction=said.get("direction", ""), bank_account=bank,
            external_account_id=account.external_id, external_account_name=account.name,
        )  # fmt: skip
        if said.get("contact"):
            row.external_contact_id, row.contact_name = payee.external_id, payee.name
        if not said.get("tax") and row.outcome != "transfer" and said.get("contact") and zero is not None:
            row.external_tax_id, row.tax_name, row.direction = zero.external_id, zero.name, "out"
        if said.get("tax"):
            row.external_tax_id, row.tax_name = code.external_id, code.name
        if row.outcome == "transfer":
            row.other_account = other
        save_rule(rule=row, by=by)


def sent(connection: Connection) -> list[Posting]:
    """Every posting, after workers had their time."""
    for _ in range(6):
        with tenant_scope(connection.tenant_id):
            pending = list(Posting.objects.filter(status="pending").order_by("id").values_list("pk", flat=True))
        for pk in pending:
            send_posting(connection.tenant_id, pk)
    with tenant_scope(connection.tenant_id):
        return list(Posting.objects.order_by("id"))


def approved(ledger: Ledger, acme: Actors) -> dict[str, Decimal]:
    """Approve what the rules proposed; how the books have to move, by account."""
    by, expected = member(acme.tenant, acme.approver), {"bank": Decimal(0)}
    for line in BankLine.objects.order_by("pk"):
        (done,) = approve(proposals=[proposal_of(line)], by=by)
        why = REFUSED.get(ledger.connection.connector, {}).get(line.description)
        if why:
            assert why in done.refused
            continue
        assert done.refused == "", line.description
        expected["bank"] += line.amount
        for name, moved in LINES[line.description][2].items():
            if line.description == "odd cents":
                moved = NET_OF_ODD_CENTS.get(ledger.connection.connector, "8.32")
            expected[name] = expected.get(name, Decimal(0)) + Decimal(moved)
    return expected


def test_rules_book_exactly_what_the_bank_said(ledger: Ledger, acme: Actors) -> None:
    tenant, before = ledger.connection.tenant_id, ledger.balances()
    with tenant_scope(tenant):
        bank, other = (
            bank_account_for(connection=ledger.connection, account=ledger.accounts[key]) for key in ("bank", "clearing")
        )
        rules(ledger, acme.editor, bank, other)
        for text, (amount, _, _) in LINES.items():
            line_of(bank, amount, description=text, reference=f"R-{text[:8]}", currency="GBP")
        matched(ledger.connection)
        expected = approved(ledger, acme)
    stuck = [(str(each), each.body, each.error) for each in sent(ledger.connection) if each.status != "posted"]
    assert stuck == []
    after, names = ledger.balances(), {_in_books(row): key for key, row in ledger.accounts.items() if "tax" not in key}
    moved = {names[key]: after.get(key, Decimal(0)) - before.get(key, Decimal(0)) for key in names if key in after}
    assert {name: amount for name, amount in moved.items() if amount} == expected
    assert ledger.company.is_balanced()
    with tenant_scope(tenant):
        found = [refresh_match(tenant, match.pk) for match in Match.objects.all()]
        assert {match.status for match in found if match} == {Match.Status.POSTED}
