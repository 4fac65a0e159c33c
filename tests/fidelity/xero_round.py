"""A full round of Xero's own Python client against a running sandbox; prints what it saw as JSON.

Run by test_xero_client.py in an environment of its own: `python xero_round.py BASE_URL TENANT_ID`.
The client knows Xero's own hosts only: below it, where a request leaves, the road leads to the sandbox.
"""
# mypy: ignore-errors
# The client is installed in that environment only.

import json
import sys
import urllib.parse
import urllib.request
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import urllib3
from xero_python import accounting as xero
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException
from xero_python.identity import IdentityApi

CLIENT, SECRET, CALLBACK = "sandbox-client", "sandbox-secret", "https://app.example/callback"
SCOPE = (
    "openid profile email offline_access accounting.settings accounting.contacts accounting.invoices"
    " accounting.payments accounting.banktransactions accounting.manualjournals accounting.attachments"
    " accounting.budgets.read accounting.journals.read accounting.reports.read"
)
_ROADS = {"https://identity.xero.com/connect/": "identity/connect/", "https://api.xero.com/": ""}


def lead_to(base: str) -> None:
    """Calls to Xero's hosts are made to the sandbox; what is sent stays as the client made it."""
    travel = urllib3.PoolManager.request

    def redirected(self, method: str, url: str, *args: Any, **named: Any) -> Any:
        for host, road in _ROADS.items():
            if url.startswith(host):
                url = f"{base}/xero/{road}{url.removeprefix(host)}"
        return travel(self, method, url, *args, **named)

    urllib3.PoolManager.request = redirected


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def consented(base: str, tenant: str) -> dict[str, Any]:
    """The token of a consent, fetched as Xero's guide shows; the client itself only refreshes."""
    query = {"response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "scope": SCOPE, "state": "s" * 12,
             "auto_consent": "1", "org": tenant}  # fmt: skip
    url = f"{base}/xero/identity/connect/authorize?{urllib.parse.urlencode(query)}"
    try:
        urllib.request.build_opener(_Stay).open(url)
    except urllib.error.HTTPError as answer:
        told = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
    form = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": CALLBACK}
    headers = urllib3.make_headers(basic_auth=f"{CLIENT}:{SECRET}")
    answer = urllib3.PoolManager().request(
        "POST", "https://identity.xero.com/connect/token", fields=form, encode_multipart=False, headers=headers
    )
    assert answer.status == 200, answer.data
    return json.loads(answer.data)


def client(token: dict[str, Any]) -> ApiClient:
    """The client with its token; it refreshes by itself."""
    held = dict(token)
    made = ApiClient(Configuration(oauth2_token=OAuth2Token(client_id=CLIENT, client_secret=SECRET)))
    made.oauth2_token_getter(lambda: dict(held))
    made.oauth2_token_saver(lambda fresh: held.update(fresh))
    return made


def refused(call: Any, *given: Any, **named: Any) -> list[Any]:
    """Status of a call that is refused, and what the client makes of the words."""
    try:
        call(*given, **named)
    except AccountingBadRequestException as error:
        told = error.error_data.get("Elements", [])
        return [error.status, [each["Message"] for element in told for each in element["ValidationErrors"]]]
    except HTTPStatusException as error:
        return [error.status, type(error).__name__]
    return [200, ""]


class Round:
    """One organisation, seen through the client."""

    def __init__(self, api: xero.AccountingApi, tenant: str) -> None:
        self.api, self.tenant = api, tenant
        self.seen: dict[str, Any] = {}
        accounts = api.get_accounts(tenant).accounts
        by_code = {each.code: each for each in accounts}
        self.bank, self.second, self.sales, self.rent = (by_code[code] for code in ("090", "091", "200", "469"))
        self.seen["bank"] = [self.bank.type.value, self.bank.bank_account_type, self.bank.name]

    def invoice(self, kind: str, contact: Any, **more: Any) -> Any:
        """An approved invoice or bill of 120.00."""
        line = xero.LineItem(
            description="Work", quantity=1, unit_amount=Decimal("100.00"),
            account_id=(self.sales if kind == "ACCREC" else self.rent).account_id,
            tax_type="OUTPUT2" if kind == "ACCREC" else "INPUT2",
        )  # fmt: skip
        body = xero.Invoice(
            type=kind, contact=xero.Contact(contact_id=contact.contact_id), line_items=[line], status="AUTHORISED",
            date=date(2026, 10, 15), due_date=date(2026, 11, 15), **more,
        )  # fmt: skip
        return self.api.create_invoices(self.tenant, xero.Invoices(invoices=[body])).invoices[0]

    def lists(self) -> None:
        """Organisation, contacts, items, tax rates, currencies, tracking."""
        api, tenant, seen = self.api, self.tenant, self.seen
        company = api.get_organisations(tenant).organisations[0]
        seen["organisation"] = [company.name, company.base_currency.value, company.version]
        made = api.create_contacts(
            tenant,
            xero.Contacts(contacts=[xero.Contact(name="Fidelity Ltd", email_address="who@some.example", phones=[
                xero.Phone(phone_type="DEFAULT", phone_number="7946 0123", phone_area_code="020")])]),
        )  # fmt: skip
        self.contact = made.contacts[0]
        found = api.get_contacts(tenant, where='Name=="Fidelity Ltd"', page=1, page_size=10)
        seen["contact"] = [found.pagination.item_count, found.contacts[0].email_address, found.contacts[0].is_customer]
        seen["same_name"] = refused(
            api.create_contacts, tenant, xero.Contacts(contacts=[xero.Contact(name="Fidelity Ltd")])
        )
        item = xero.Item(code="FID", name="Fidelity", sales_details=xero.Purchase(unit_price=Decimal("12.5")))
        made = api.create_items(tenant, xero.Items(items=[item])).items[0]
        seen["item"] = str(api.get_item(tenant, made.item_id).items[0].sales_details.unit_price)
        api.delete_item(tenant, made.item_id)
        seen["item_gone"] = refused(api.get_item, tenant, made.item_id)
        rate = xero.TaxRate(name="Half", tax_components=[xero.TaxComponent(name="Half", rate=Decimal("10"))])
        made = api.create_tax_rates(tenant, xero.TaxRates(tax_rates=[rate])).tax_rates[0]
        seen["tax_rate"] = [made.status, str(made.effective_rate)]
        seen["rates"] = len(api.get_tax_rates(tenant).tax_rates)
        seen["currencies"] = [each.code.value for each in api.get_currencies(tenant).currencies]

    def tracking(self) -> None:
        """A category more than two is refused; options are made and renamed."""
        api, tenant = self.api, self.tenant
        first = api.get_tracking_categories(tenant).tracking_categories[0]
        self.seen["third_category"] = refused(api.create_tracking_category, tenant, xero.TrackingCategory(name="More"))
        option = api.create_tracking_options(
            tenant, first.tracking_category_id, xero.TrackingOption(name="New")
        ).options
        again = api.update_tracking_options(
            tenant, first.tracking_category_id, option[0].tracking_option_id, xero.TrackingOption(name="Renamed")
        )
        self.seen["option"] = [each.name for each in again.options]

    def documents(self) -> None:
        """Invoice, bill, payments, credit note with its allocation, a void."""
        api, tenant, seen = self.api, self.tenant, self.seen
        invoice = self.invoice("ACCREC", self.contact, reference="By the client")
        seen["invoice"] = [invoice.status, str(invoice.total), str(invoice.amount_due), invoice.date.isoformat()]
        body = xero.Invoice(reference="Changed")
        seen["changed"] = (
            api.update_invoice(tenant, invoice.invoice_id, xero.Invoices(invoices=[body])).invoices[0].reference
        )
        paid = xero.Payment(invoice=xero.Invoice(invoice_id=invoice.invoice_id), date=date(2026, 10, 20),
                            account=xero.Account(account_id=self.bank.account_id), amount=Decimal("50.00"))  # fmt: skip
        payment = api.create_payments(tenant, xero.Payments(payments=[paid])).payments[0]
        seen["payment"] = [payment.payment_type, str(payment.amount), payment.status]
        void = xero.Invoices(invoices=[xero.Invoice(status="VOIDED")])
        seen["void_paid"] = refused(api.update_invoice, tenant, invoice.invoice_id, void)
        seen["too_much"] = refused(api.create_payments, tenant, xero.Payments(payments=[xero.Payment(
            invoice=paid.invoice, account=paid.account, date=paid.date, amount=Decimal("500"))]))  # fmt: skip
        line = xero.LineItem(description="Back", quantity=1, unit_amount=Decimal("50"), account_code="200",
                             tax_type="OUTPUT2")  # fmt: skip
        credit = xero.CreditNote(type="ACCRECCREDIT", contact=xero.Contact(contact_id=self.contact.contact_id),
                                 line_items=[line], status="AUTHORISED", date=date(2026, 10, 21))  # fmt: skip
        credit = api.create_credit_notes(tenant, xero.CreditNotes(credit_notes=[credit])).credit_notes[0]
        used = xero.Allocation(invoice=xero.Invoice(invoice_id=invoice.invoice_id), amount=Decimal("25"),
                               date=date(2026, 10, 22))  # fmt: skip
        made = api.create_credit_note_allocation(
            tenant, credit.credit_note_id, xero.Allocations(allocations=[used])
        ).allocations
        left = api.get_credit_note(tenant, credit.credit_note_id).credit_notes[0]
        seen["allocated"] = [str(made[0].amount), str(left.remaining_credit), len(left.allocations)]
        seen["due"] = str(api.get_invoice(tenant, invoice.invoice_id).invoices[0].amount_due)
        gone = api.delete_credit_note_allocations(tenant, credit.credit_note_id, left.allocations[0].allocation_id)
        seen["allocation_gone"] = gone.is_deleted
        api.delete_payment(tenant, payment.payment_id, xero.PaymentDelete(status="DELETED"))
        seen["voided"] = api.update_invoice(tenant, invoice.invoice_id, void).invoices[0].status
        bill = self.invoice("ACCPAY", self.contact, invoice_number="SUP-9")
        seen["bill"] = [bill.type, bill.invoice_number, str(bill.total_tax)]
        files = api.create_invoice_attachment_by_file_name(tenant, bill.invoice_id, "a receipt.pdf", b"%PDF-1.4 x")
        listed = api.get_invoice_attachments(tenant, bill.invoice_id).attachments
        seen["attachment"] = [files.attachments[0].file_name, len(listed), listed[0].content_length]
        path = api.get_invoice_attachment_by_file_name(tenant, bill.invoice_id, "a receipt.pdf", "application/pdf")
        with open(path, "rb") as stored:
            seen["downloaded"] = stored.read().decode()
        taken = self.invoice("ACCREC", self.contact).invoice_number
        same = xero.Invoice(type="ACCREC", invoice_number=taken, contact=credit.contact, line_items=[line])
        seen["missing"] = refused(api.get_invoice, tenant, "00000000-0000-4000-8000-000000000000")
        two = xero.Invoices(invoices=[same, xero.Invoice(type="ACCREC", contact=credit.contact)])
        mixed = api.create_invoices(tenant, two, summarize_errors=False).invoices
        seen["mixed"] = [[each.status_attribute_string, bool(each.has_errors)] for each in mixed]

    def money(self) -> None:
        """Bank transactions, a transfer, a journal, a purchase order."""
        api, tenant, seen = self.api, self.tenant, self.seen
        line = xero.LineItem(description="Fuel", quantity=1, unit_amount=Decimal("24"), account_code="473",
                             tax_type="INPUT2")  # fmt: skip
        spent = xero.BankTransaction(type="SPEND", contact=xero.Contact(contact_id=self.contact.contact_id),
                                     line_items=[line], bank_account=xero.Account(code="090"))  # fmt: skip
        spent = api.create_bank_transactions(
            tenant, xero.BankTransactions(bank_transactions=[spent])
        ).bank_transactions[0]
        seen["spent"] = [spent.line_amount_types.value, str(spent.sub_total), str(spent.total)]
        ends = [xero.Account(account_id=each.account_id) for each in (self.bank, self.second)]
        transfer = xero.BankTransfer(from_bank_account=ends[0], to_bank_account=ends[1], amount=Decimal("5"))
        made = api.create_bank_transfer(tenant, xero.BankTransfers(bank_transfers=[transfer])).bank_transfers[0]
        seen["transfer"] = [str(made.amount), len(api.get_bank_transfers(tenant).bank_transfers)]
        rows = [xero.ManualJournalLine(line_amount=Decimal(amount), account_code="469", description="x")
                for amount in ("30", "-30")]  # fmt: skip
        entry = xero.ManualJournal(narration="By the client", journal_lines=rows, date=date(2026, 10, 31))
        journal = api.create_manual_journals(tenant, xero.ManualJournals(manual_journals=[entry])).manual_journals[0]
        posted = xero.ManualJournals(manual_journals=[xero.ManualJournal(narration="By the client", status="POSTED")])
        again = api.update_manual_journal(tenant, journal.manual_journal_id, posted).manual_journals[0]
        seen["journal"] = [journal.status, again.status, len(again.journal_lines)]
        uneven = xero.ManualJournal(narration="Uneven", journal_lines=rows[:1])
        seen["uneven"] = refused(api.create_manual_journals, tenant, xero.ManualJournals(manual_journals=[uneven]))
        order = xero.PurchaseOrder(contact=xero.Contact(contact_id=self.contact.contact_id), line_items=[line])
        order = api.create_purchase_orders(tenant, xero.PurchaseOrders(purchase_orders=[order])).purchase_orders[0]
        found = api.get_purchase_order_by_number(tenant, order.purchase_order_number).purchase_orders[0]
        seen["order"] = [found.status, found.purchase_order_id == order.purchase_order_id]
        seen["journals"] = len(api.get_journals(tenant, offset=0).journals) > 10

    def reports(self) -> None:
        """Reports are rows of cells."""
        api, tenant = self.api, self.tenant
        trial = api.get_report_trial_balance(tenant).reports[0]
        total = [cell.value for cell in trial.rows[-1].rows[0].cells]
        self.seen["trial_balance"] = [trial.report_name, total[0], total[3] == total[4]]
        today = datetime.now(UTC).date()
        since = today - timedelta(days=300)
        profit = api.get_report_profit_and_loss(tenant, from_date=since, to_date=today).reports
        self.seen["profit"] = [row.title for row in profit[0].rows if row.title]
        sheet = api.get_report_balance_sheet(tenant).reports[0]
        self.seen["sheet"] = [sheet.report_id, sheet.rows[0].row_type.value]
        aged = api.get_report_aged_payables_by_contact(tenant, self.contact.contact_id).reports[0]
        self.seen["aged"] = aged.rows[-1].rows[-1].cells[-1].value
        walked, page = [], 1
        while True:
            found = api.get_invoices(tenant, page=page, page_size=7, order="InvoiceID ASC", unitdp=4)
            walked += [each.invoice_id for each in found.invoices]
            page += 1
            if page > found.pagination.page_count:
                break
        self.seen["walked"] = len(walked) == len(set(walked)) == found.pagination.item_count


def main(base: str, tenant: str) -> None:
    """The whole round."""
    lead_to(base)
    token = consented(base, tenant)
    # Long expired: the client's first call refreshes.
    through = client({**token, "scope": token["scope"].split(), "expires_at": 1.0})
    connections = IdentityApi(through).get_connections()
    seen = {"connections": [[each.tenant_type, each.tenant_name] for each in connections],
            "rotated": through.get_oauth2_token()["refresh_token"] != token["refresh_token"]}  # fmt: skip
    whole = Round(xero.AccountingApi(through), tenant)
    for part in (whole.lists, whole.tracking, whole.documents, whole.money, whole.reports):
        part()
    seen["other_tenant"] = refused(whole.api.get_accounts, "00000000-0000-4000-8000-000000000000")
    IdentityApi(through).delete_connection(connections[0].id)
    seen["disconnected"] = refused(whole.api.get_accounts, tenant)
    sys.stdout.write(json.dumps({**seen, **whole.seen}, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:3])
