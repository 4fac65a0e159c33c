"""Laws of the simulated Xero under any order of writes: debits equal credits, amounts due are what is left."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.sandbox.driver import read, start
from tests.sandbox.xero.driver import Xero, connect

AMOUNTS = st.decimals("0.01", "999.99", places=2)
MODES = st.sampled_from(["Exclusive", "Inclusive", "NoTax"])


class AnyOrder(RuleBasedStateMachine):
    """Documents are made, settled, taken back and voided; what Xero refuses changes nothing."""

    @initialize()
    def founded(self) -> None:
        """A small organisation."""
        self.xero: Xero = connect(start())
        self.invoices: list[Any] = []
        self.credits: list[Any] = []
        self.payments: list[str] = []

    def tried(self, method: str, path: str, body: Any) -> Any:
        """The element that a write makes, None when it is refused."""
        response = self.xero.call(method, path, body)
        assert response.status_code in (200, 400), response.get_data(as_text=True)
        if response.status_code == 400:
            return None
        return read(response)[path.partition("/")[0]][0]

    def chosen(self, rows: list[Any], place: int) -> Any:
        """One of the rows, None when there is none."""
        return rows[place % len(rows)] if rows else None

    @rule(amount=AMOUNTS, mode=MODES, kind=st.sampled_from(["ACCREC", "ACCPAY"]))
    def invoice(self, amount: Decimal, mode: str, kind: str) -> None:
        """A new invoice or bill."""
        self.invoices.append(self.xero.invoice(amount, LineAmountTypes=mode, Type=kind))

    @rule(amount=AMOUNTS)
    def credit(self, amount: Decimal) -> None:
        """A new credit note."""
        self.credits.append(self.xero.credit(amount))

    @rule(place=st.integers(0, 50), amount=AMOUNTS)
    def pay(self, place: int, amount: Decimal) -> None:
        """A payment, perhaps of more than is open."""
        if about := self.chosen(self.invoices, place):
            made = self.tried("PUT", "Payments", {"Payments": [self.xero.payment(about, amount)]})
            self.payments += [made["PaymentID"]] if made else []

    @rule(place=st.integers(0, 50), other=st.integers(0, 50), amount=AMOUNTS)
    def allocate(self, place: int, other: int, amount: Decimal) -> None:
        """A credit used for a document, perhaps a wrong one."""
        credit, about = self.chosen(self.credits, place), self.chosen(self.invoices, other)
        if credit and about:
            used = {"Invoice": {"InvoiceID": about["InvoiceID"]}, "Amount": amount, "Date": "2026-10-22"}
            path = f"CreditNotes/{credit['CreditNoteID']}/Allocations"
            assert self.xero.call("PUT", path, {"Allocations": [used]}).status_code in (200, 400)

    @rule(place=st.integers(0, 50))
    def unpay(self, place: int) -> None:
        """A payment taken back, perhaps for the second time."""
        if key := self.chosen(self.payments, place):
            self.tried("POST", f"Payments/{key}", {"Status": "DELETED"})

    @rule(place=st.integers(0, 50), status=st.sampled_from(["VOIDED", "DELETED", "DRAFT"]))
    def end(self, place: int, status: str) -> None:
        """An invoice voided, perhaps a settled one."""
        if about := self.chosen(self.invoices, place):
            self.tried("POST", f"Invoices/{about['InvoiceID']}", {"Status": status})

    @invariant()
    def debits_equal_credits(self) -> None:
        """Always."""
        if hasattr(self, "xero"):
            assert Decimal(self.xero.difference()) == 0

    @invariant()
    def what_is_due_is_what_is_left(self) -> None:
        """Of every invoice and bill in force."""
        if hasattr(self, "xero"):
            for row in self.xero.get("Invoices")["Invoices"]:
                left = row["Total"] - row["AmountPaid"] - row["AmountCredited"]
                assert row["AmountDue"] == (0 if row["Status"] == "VOIDED" else left)
                assert row["AmountDue"] >= 0
                assert (row["Status"] == "PAID") == (row["AmountDue"] == 0 and row["Status"] != "VOIDED")


AnyOrder.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
