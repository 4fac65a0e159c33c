"""Laws of the books: whatever users and apps do, debits equal credits and open documents explain the balances."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from werkzeug.test import Client

from integrations.sandbox.app import SandboxApp
from integrations.sandbox.books.journal import Journal, Line, UnbalancedError
from integrations.sandbox.books.tax import Rate, Taxed, exclusive, inclusive, net_of
from tests.sandbox.driver import Books, bill, connect, new_world, paid, sale

AMOUNTS = st.decimals(min_value="0.01", max_value="9999.99", places=2)
CODES = st.sampled_from(["1", "2", "3", "4"])
ANY = st.integers(min_value=0, max_value=10_000)


class Ledger(RuleBasedStateMachine):
    """Users and apps doing what they like in a UK company with several currencies."""

    @initialize()
    def open(self) -> None:
        self.books: Books = connect(
            Client(SandboxApp(new_world())), country="GB", currency="GBP", currencies=["EUR"], contacts=6, months=1
        )
        self.euro = self.books.create("Customer", {"DisplayName": "Euro SA", "CurrencyRef": {"value": "EUR"}})["Id"]
        self.vendor = self.books.query("select * from Vendor maxresults 1")["Vendor"][0]["Id"]
        accounts = self.books.query("select * from Account maxresults 1000")["Account"]
        self.accounts = {row["AcctNum"]: row["Id"] for row in accounts}

    def _pick(self, entity: str, choice: int) -> Any:
        rows = self.books.rows(entity, rest="orderby Id maxresults 1000")
        return rows[choice % len(rows)] if rows else None

    @rule(amount=AMOUNTS, code=CODES, rate=st.decimals(min_value="0.5", max_value="2", places=4), foreign=st.booleans())
    def sell(self, amount: Decimal, code: str, rate: Decimal, foreign: bool) -> None:
        more: dict[str, Any] = {"customer": self.euro, "ExchangeRate": rate} if foreign else {}
        self.books.post("invoice", sale(amount, code=code, **more))

    @rule(amount=AMOUNTS, code=CODES)
    def credit(self, amount: Decimal, code: str) -> None:
        self.books.post("creditmemo", sale(amount, code=code))

    @rule(amount=AMOUNTS, code=CODES, mode=st.sampled_from(["TaxExcluded", "TaxInclusive", "NotApplicable"]))
    def buy(self, amount: Decimal, code: str, mode: str) -> None:
        body = bill(amount, vendor=self.vendor, account=self.accounts["6040"], code=code, GlobalTaxCalculation=mode)
        if mode == "TaxInclusive":
            body["Line"][0]["AccountBasedExpenseLineDetail"]["TaxInclusiveAmt"] = amount
        self.books.post("bill", body)

    @rule(choice=ANY, share=st.sampled_from(["1", "0.5", "1.5"]), rate=st.sampled_from([None, "1.3"]))
    def receive(self, choice: int, share: str, rate: str | None) -> None:
        invoice = self._pick("Invoice", choice)
        if invoice:
            amount = (Decimal(invoice["Balance"]) * Decimal(share)).quantize(Decimal("0.01"))
            more = {"ExchangeRate": Decimal(rate)} if rate and invoice["CurrencyRef"]["value"] == "EUR" else {}
            self.books.post("payment", paid(invoice, amount, CurrencyRef=invoice["CurrencyRef"], **more))

    @rule(choice=ANY, other=ANY, amount=AMOUNTS)
    def apply_credit(self, choice: int, other: int, amount: Decimal) -> None:
        invoice, memo = self._pick("Invoice", choice), self._pick("CreditMemo", other)
        if invoice and memo:
            lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": each["Id"], "TxnType": kind}]}
                     for each, kind in ((invoice, "Invoice"), (memo, "CreditMemo"))]  # fmt: skip
            self.books.post("payment", {"CustomerRef": invoice["CustomerRef"], "TotalAmt": 0, "Line": lines})

    @rule(choice=ANY)
    def pay(self, choice: int) -> None:
        found = self._pick("Bill", choice)
        if found:
            line = {"Amount": found["Balance"], "LinkedTxn": [{"TxnId": found["Id"], "TxnType": "Bill"}]}
            account = {"BankAccountRef": {"value": self.accounts["1000"]}}
            self.books.post("billpayment", {"VendorRef": found["VendorRef"], "PayType": "Check",
                                            "CheckPayment": account,
                                            "TotalAmt": found["Balance"], "Line": [line]})  # fmt: skip

    @rule(choice=ANY)
    def deposit(self, choice: int) -> None:
        payment = self._pick("Payment", choice)
        if payment:
            line = {"Amount": payment["TotalAmt"], "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment"}]}
            self.books.post("deposit", {"DepositToAccountRef": {"value": self.accounts["1000"]}, "Line": [line]})

    @rule(entity=st.sampled_from(["Invoice", "Payment", "Bill", "BillPayment", "CreditMemo", "Deposit"]), choice=ANY,
          how=st.sampled_from(["delete", "void", "include"]))  # fmt: skip
    def undo(self, entity: str, choice: int, how: str) -> None:
        found = self._pick(entity, choice)
        if found:
            query = {"operation": "update", "include": "void"} if how == "include" else {"operation": how}
            self.books.post(entity.lower(), {"Id": found["Id"], "SyncToken": found["SyncToken"]}, **query)

    @rule(choice=ANY, amount=AMOUNTS, entity=st.sampled_from(["Invoice", "CreditMemo"]))
    def edit(self, choice: int, amount: Decimal, entity: str) -> None:
        found = self._pick(entity, choice)
        if found:
            lines = sale(amount, code="1")["Line"]
            key = {"Id": found["Id"], "SyncToken": found["SyncToken"], "sparse": True}
            self.books.post(entity.lower(), {**key, "Line": lines})

    @rule(number=st.integers(min_value=2, max_value=6), amount=AMOUNTS)
    def enter(self, number: int, amount: Decimal) -> None:
        sides = (("Debit", self.accounts["6040"]), ("Credit", self.accounts["1000"]))
        lines = [{"Amount": amount, "DetailType": "JournalEntryLineDetail",
                  "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}}}
                 for side, account in sides]  # fmt: skip
        self.books.post("journalentry", {"Line": lines[: number // 2 + 1]})

    @invariant()
    def debits_equal_credits(self) -> None:
        if hasattr(self, "books"):
            assert self.books.difference() == 0

    @invariant()
    def open_documents_explain_what_customers_owe(self) -> None:
        if not hasattr(self, "books"):
            return
        owed = {row["Id"]: Decimal(row["Balance"]) for row in self.books.query("select * from Customer")["Customer"]}
        found = dict.fromkeys(owed, Decimal(0))
        for entity, field, sign in (
            ("Invoice", "Balance", 1),
            ("CreditMemo", "Balance", -1),
            ("Payment", "UnappliedAmt", -1),
        ):
            for row in self.books.rows(entity):
                found[row["CustomerRef"]["value"]] += sign * Decimal(row[field])
        assert found == owed


Ledger.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequenceOfOperations = Ledger.TestCase


def test_unbalanced_lines_never_enter_the_journal() -> None:
    with pytest.raises(UnbalancedError):
        Journal().swap((), [Line("1", Decimal(1)), Line("2", Decimal("-0.99"))])


def test_reports_agree_with_the_journal(sandbox: Client) -> None:
    books = connect(sandbox, country="GB", currency="GBP", invoices=40, bills=20, payments=30, contacts=10, months=14)
    trial = books.get("reports/TrialBalance")
    total = trial["Rows"]["Row"][-1]
    assert total["group"] == "GrandTotal"
    assert total["Summary"]["ColData"][1]["value"] == total["Summary"]["ColData"][2]["value"]
    sheet = books.get("reports/BalanceSheet")["Rows"]["Row"]
    assert [row["group"] for row in sheet] == ["TotalAssets", "TotalLiabilitiesAndEquity"]
    assert sheet[0]["Summary"]["ColData"][1] == sheet[1]["Summary"]["ColData"][1]
    aged = Decimal(books.get("reports/AgedReceivables")["Rows"]["Row"][-1]["Summary"]["ColData"][-1]["value"])
    account = books.query("select * from Account where AcctNum = '1100'")["Account"][0]
    assert aged == account["CurrentBalance"]
    payable = Decimal(books.get("reports/AgedPayables")["Rows"]["Row"][-1]["Summary"]["ColData"][-1]["value"])
    assert payable == -books.query("select * from Account where AcctNum = '2100'")["Account"][0]["CurrentBalance"]


def test_profit_by_month_adds_up_to_the_total(sandbox: Client) -> None:
    books = connect(sandbox, invoices=40, bills=20, payments=30, contacts=10, months=6)
    report = books.get(
        "reports/ProfitAndLoss", start_date="2026-06-01", end_date="2026-10-31", summarize_column_by="Month"
    )
    titles = [column["ColTitle"] for column in report["Columns"]["Column"]]
    assert titles == ["", "Jun 2026", "Jul 2026", "Aug 2026", "Sep 2026", "Oct 2026", "Total"]
    net = [cell["value"] for cell in report["Rows"]["Row"][-1]["Summary"]["ColData"]][1:]
    assert sum(Decimal(text or 0) for text in net[:-1]) == Decimal(net[-1] or 0)
    assert report["Rows"]["Row"][0]["group"] == "Income"


def test_the_general_ledger_runs_to_the_accounts_balance(sandbox: Client) -> None:
    books = connect(sandbox, invoices=20, bills=10, payments=20, contacts=10, months=6)
    bank = books.query("select * from Account where AcctNum = '1000'")["Account"][0]
    report = books.get("reports/GeneralLedger", account=bank["Id"], start_date="2020-01-01")
    section = report["Rows"]["Row"][0]
    keys = [column["MetaData"][-1]["Value"] for column in report["Columns"]["Column"]]
    last = section["Rows"]["Row"][-1]["ColData"][keys.index("rbal_nat_amount")]["value"]
    assert Decimal(last) == bank["CurrentBalance"]
    cash = books.get("reports/CashFlow")["Rows"]["Row"][-1]
    savings = books.query("select * from Account where AcctNum = '1210'")["Account"][0]
    assert Decimal(cash["Summary"]["ColData"][1]["value"]) == bank["CurrentBalance"] + savings["CurrentBalance"]


def test_an_empty_report_says_so_and_unknown_ones_are_refused(us: Books) -> None:
    empty = us.get("reports/AgedReceivables")
    assert empty["Rows"] == {}
    assert {"Name": "NoReportData", "Value": "true"} in empty["Header"]["Option"]
    assert us.get("reports/WeatherReport")["Fault"]["Error"][0]["code"] == "5030"


def test_inclusive_tax_adds_up_whatever_the_rates() -> None:
    rates = (Rate("1", Decimal("6")), Rate("2", Decimal("1.75")))
    grosses = [Decimal("0.01"), Decimal("99.99"), Decimal("1234.56")]
    lines = [Taxed(net_of(gross, rates, "USD"), rates, gross) for gross in grosses]
    taxes = inclusive(lines, "USD")
    assert sum(line.net for line in lines) + sum(tax.tax for tax in taxes) == sum(grosses)


def test_exclusive_tax_is_one_line_per_rate() -> None:
    rate = Rate("1", Decimal(20))
    taxes = exclusive([Taxed(Decimal("0.02"), (rate,)), Taxed(Decimal("0.02"), (rate,))], "GBP")
    assert [(line.net, line.tax) for line in taxes] == [(Decimal("0.04"), Decimal("0.01"))]
