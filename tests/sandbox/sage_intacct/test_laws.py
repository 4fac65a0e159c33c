"""Laws of Intacct's books under any order of writes: balance, amounts due, and what is read can be written again."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from integrations.sandbox.sage_intacct import reports, saving
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from tests.sandbox.sage_intacct.bookkeeping import (
    AP_ADJUSTMENT,
    AP_PAYMENT,
    AR_ADJUSTMENT,
    AR_PAYMENT,
    BILL,
    INVOICE,
    Body,
    Keeper,
    company,
    within,
)

AMOUNTS = st.decimals("0.01", "999.99", places=2)
SIDES = st.sampled_from(["sold", "bought"])
DOCUMENTS = {"sold": INVOICE, "bought": BILL}
CREDITS = {"sold": AR_ADJUSTMENT, "bought": AP_ADJUSTMENT}
PAYMENTS = {"sold": AR_PAYMENT, "bought": AP_PAYMENT}
PARTY: dict[str, Body] = {"sold": {"customer": {"id": "C100"}}, "bought": {"vendor": {"id": "V100"}}}
TAX: dict[str, Body] = {
    "sold": {"taxEntries": [{"orderEntryTaxDetail": {"id": "UK Sale Goods Standard Rate"}}]},
    "bought": {"taxEntries": [{"purchasingTaxDetail": {"id": "UK Purchase Goods Standard Rate"}}]},
}
CODES = {"sold": "4000", "bought": "6000"}


class AnyOrder(RuleBasedStateMachine):
    """Documents are made, changed, paid, credited, reversed and deleted; what is refused changes nothing."""

    @initialize()
    def founded(self) -> None:
        """A company without history."""
        self.keeper: Keeper = company()
        self.made: dict[str, list[str]] = {path: [] for path in (*DOCUMENTS.values(), *CREDITS.values())}
        self.made |= {path: [] for path in PAYMENTS.values()}
        self.number = 0

    def tried(self, path: str, given: Body, key: str = "") -> Any:
        """What is there after a write, None when it is refused; then the books are as before."""
        before = self.keeper.books.company.trial_balance()
        try:
            return self.keeper.patch(path, key, given) if key else self.keeper.post(path, given)
        except SageError:
            self.refused(before)
            return None

    def refused(self, before: list[Any]) -> None:
        """A refusal leaves the books as they were."""
        assert self.keeper.books.company.trial_balance() == before

    def chosen(self, path: str, place: int) -> str:
        """One of the records made of a kind, or none."""
        rows = self.made[path]
        return rows[place % len(rows)] if rows else ""

    @rule(
        side=SIDES, amount=AMOUNTS, gross=st.booleans(), taxed=st.booleans(), currency=st.sampled_from(["GBP", "EUR"])
    )
    def document(self, side: str, amount: Decimal, gross: bool, taxed: bool, currency: str) -> None:
        """A bill or invoice, read as it was written."""
        self.number += 1
        line = {"glAccount": {"id": CODES[side]}, "totalTxnAmount" if gross else "txnAmount": str(amount)}
        line |= TAX[side] if taxed else {}
        dated = {"invoiceNumber": f"S{self.number}", "invoiceDate": "2026-10-01"} if side == "sold" else {
            "billNumber": f"B{self.number}", "createdDate": "2026-10-01"}  # fmt: skip
        given = {**PARTY[side], **dated, "dueDate": "2026-10-31", "isTaxInclusive": gross, "lines": [line],
                 "currency": {"txnCurrency": currency}}  # fmt: skip
        shown = self.keeper.post(DOCUMENTS[side], given)
        assert within(given, shown) == []
        self.made[DOCUMENTS[side]].append(shown["key"])

    @rule(side=SIDES, amount=AMOUNTS)
    def credit(self, side: str, amount: Decimal) -> None:
        """An adjustment in the customer's or vendor's favour."""
        value: Body = {"txnCurrency": {"amount": str(-amount)}} if side == "sold" else {"txnAmount": str(-amount)}
        given = {**PARTY[side], "createdDate": "2026-10-02", "lines": [{"glAccount": {"id": CODES[side]}, **value}]}
        self.made[CREDITS[side]].append(self.keeper.post(CREDITS[side], given)["key"])

    @rule(
        side=SIDES,
        place=st.integers(0, 50),
        other=st.integers(0, 50),
        cash=AMOUNTS,
        used=AMOUNTS,
        how=st.integers(0, 2),
    )
    def pay(self, side: str, place: int, other: int, cash: Decimal, used: Decimal, how: int) -> None:
        """Money, a credit, or both; perhaps more than there is."""
        about, credit = self.chosen(DOCUMENTS[side], place), self.chosen(CREDITS[side], other)
        if not about or (how and not credit):
            return
        sums: Body = {} if how == 1 else {"paymentAmount": str(cash)}
        sums |= {"adjustmentAmount": str(used)} if how else {}
        row: Body = {"arInvoice" if side == "sold" else "bill": {"key": about}, "txnCurrency": sums}
        row |= {"adjustment": {"key": credit}} if how else {}
        currency = self.keeper.get(DOCUMENTS[side], about)["currency"]["txnCurrency"]
        dated: Body = {"paymentSummary": {"receiptDate": "2026-10-20"}} if side == "sold" else {
            "paymentDate": "2026-10-20"}  # fmt: skip
        given = {**PARTY[side], **dated, "financialEntity": {"id": "BOA"}, "paymentMethod": "eft",
                 "txnCurrency": {"currency": currency},
                 "paymentDetails" if side == "sold" else "details": [row]}  # fmt: skip
        if shown := self.tried(PAYMENTS[side], given):
            self.made[PAYMENTS[side]].append(shown["key"])

    @rule(side=SIDES, place=st.integers(0, 50), amount=AMOUNTS)
    def change(self, side: str, place: int, amount: Decimal) -> None:
        """Another amount of the only line; perhaps less than was paid."""
        if key := self.chosen(DOCUMENTS[side], place):
            shown = self.keeper.get(DOCUMENTS[side], key)
            name = "totalTxnAmount" if shown["isTaxInclusive"] else "txnAmount"
            row = {"key": shown["lines"][0]["key"], name: str(amount)}
            changed = self.tried(DOCUMENTS[side], {"lines": [row]}, key)
            assert changed is None or Decimal(changed["lines"][0][name]) == amount

    @rule(
        kind=st.sampled_from([DOCUMENTS, CREDITS, PAYMENTS]), side=SIDES, place=st.integers(0, 50), gone=st.booleans()
    )
    def end(self, kind: dict[str, str], side: str, place: int, gone: bool) -> None:
        """Reversed or deleted, perhaps a settled one."""
        key = self.chosen(kind[side], place)
        if not key:
            return
        before = self.keeper.books.company.trial_balance()
        try:
            if not gone:
                self.keeper.run(kind[side], "reverse", key)
            else:
                saving.delete(self.keeper.books, BY_PATH[kind[side]], self.keeper.books.get(BY_PATH[kind[side]], key))
                self.made[kind[side]].remove(key)
        except SageError:
            self.refused(before)

    @invariant()
    def debits_equal_credits(self) -> None:
        """Always, in the ledger and in the report of every period."""
        if hasattr(self, "keeper"):
            assert self.keeper.difference() == 0
            today = self.keeper.books.today
            assert sum(row.end for row in reports.trial_balance_rows(self.keeper.books, today, today)) == 0

    @invariant()
    def what_is_due_is_what_is_left(self) -> None:
        """Of every document in force, by what payments and credits say they settle."""
        if not hasattr(self, "keeper"):
            return
        for side, path in DOCUMENTS.items():
            settled = self.settled(side)
            for row in self.keeper.all(path):
                total, due = Decimal(row["totalTxnAmount"]), Decimal(row["totalTxnAmountDue"])
                left = total - settled.get(row["key"], Decimal(0))
                assert due == (0 if row["state"] == "reversed" else left)
                assert due >= 0
                assert (row["state"] == "paid") == (row["state"] != "reversed" and due == 0)

    def settled(self, side: str) -> dict[str, Decimal]:
        """Document → what the payments in force say that they settle of it."""
        found: dict[str, Decimal] = {}
        for payment in self.keeper.all(PAYMENTS[side]):
            rows = payment["paymentDetails" if side == "sold" else "details"]
            for row in rows if payment["state"] == "posted" else ():
                key = row["arInvoice" if side == "sold" else "bill"]["key"]
                sums = row["txnCurrency"]
                amount = Decimal(sums["paymentAmount"]) + Decimal(sums["adjustmentAmount"])
                found[key] = found.get(key, Decimal(0)) + amount
        return found

    @invariant()
    def reading_and_writing_again_changes_nothing(self) -> None:
        """A change in nothing leaves every document in force as it is."""
        if hasattr(self, "keeper"):
            for path in (*DOCUMENTS.values(), *CREDITS.values()):
                for row in self.keeper.all(path):
                    if row["state"] != "reversed":
                        same = self.keeper.patch(path, row["key"], {})
                        names = row.keys() - {"audit", "lines"}
                        assert {name: same[name] for name in names} == {name: row[name] for name in names}


AnyOrder.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
