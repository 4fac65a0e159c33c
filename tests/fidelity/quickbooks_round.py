"""A full round of Intuit's and the community's own clients against a running sandbox; prints what they saw as JSON.

Run by test_quickbooks_clients.py in an environment of its own: `python quickbooks_round.py BASE_URL REALM_ID`.
"""
# mypy: ignore-errors
# The clients are installed in that environment only.

import json
import os
import re
import sys
import warnings
from typing import Any
from urllib.parse import parse_qs, urlsplit

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
warnings.simplefilter("ignore")

import requests  # noqa: E402
from intuitlib.client import AuthClient  # noqa: E402
from intuitlib.enums import Scopes  # noqa: E402
from intuitlib.exceptions import AuthClientError  # noqa: E402
from quickbooks import QuickBooks  # noqa: E402
from quickbooks.batch import batch_create, batch_delete  # noqa: E402
from quickbooks.cdc import change_data_capture  # noqa: E402
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException, ValidationException  # noqa: E402
from quickbooks.objects.account import Account  # noqa: E402
from quickbooks.objects.attachable import Attachable  # noqa: E402
from quickbooks.objects.base import AttachableRef, Ref  # noqa: E402
from quickbooks.objects.company_info import CompanyInfo  # noqa: E402
from quickbooks.objects.customer import Customer  # noqa: E402
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail  # noqa: E402
from quickbooks.objects.invoice import Invoice  # noqa: E402
from quickbooks.objects.item import Item  # noqa: E402
from quickbooks.objects.payment import Payment, PaymentLine  # noqa: E402
from quickbooks.objects.preferences import Preferences  # noqa: E402

CALLBACK = "http://localhost:8000/callback"


def consent(auth: AuthClient, realm: str) -> None:
    """What a person does in the browser: read the page, choose the company, press Connect."""
    url = auth.get_authorization_url([Scopes.ACCOUNTING, Scopes.OPENID, Scopes.EMAIL], state_token="state-1")
    page = requests.get(url, timeout=10).text
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert f'value="{realm}"' in page, "the company is not offered"
    answer = requests.post(
        url, data={**fields, "realm_id": realm, "decision": "connect"}, allow_redirects=False, timeout=10
    )
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["state-1"]
    auth.get_bearer_token(query["code"][0], realm_id=query["realmId"][0])


def invoice_for(customer: Customer, item: Item, amount: float) -> Invoice:
    """An invoice with one line."""
    detail = SalesItemLineDetail()
    detail.ItemRef, detail.Qty, detail.UnitPrice = item.to_ref(), 1, amount
    line = SalesItemLine()
    line.Amount, line.SalesItemLineDetail, line.Description = amount, detail, "By the client library"
    made = Invoice()
    made.CustomerRef = customer.to_ref()
    made.Line = [line]
    return made


def named_customer(name: str) -> Customer:
    """A customer not saved yet."""
    made = Customer()
    made.DisplayName = name
    return made


def documents(client: QuickBooks, seen: dict[str, Any]) -> Invoice:
    """Customer, item, invoice, payment; what became of the invoice."""
    customer = named_customer("Fidelity Customer")
    customer.save(qb=client)
    item = Item()
    item.Name, item.Type = "Fidelity Item", "Service"
    item.IncomeAccountRef = Account.filter(AccountType="Income", qb=client)[0].to_ref()
    item.save(qb=client)
    invoice = invoice_for(customer, item, 125.5)
    invoice.save(qb=client)
    invoice = Invoice.get(invoice.Id, qb=client)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = customer.to_ref(), invoice.TotalAmt
    line = PaymentLine()
    line.Amount = invoice.TotalAmt
    line.LinkedTxn = [invoice.to_linked_txn()]
    payment.Line = [line]
    payment.save(qb=client)
    paid = Invoice.get(invoice.Id, qb=client)
    seen["invoice"] = {"total": invoice.TotalAmt, "balance_after": paid.Balance, "token_after": paid.SyncToken}
    payment.void(qb=client)
    seen["balance_after_void"] = Invoice.get(invoice.Id, qb=client).Balance
    changed = Invoice.get(invoice.Id, qb=client)
    changed.PrivateNote = "changed"
    changed.save(qb=client)
    seen["note"] = Invoice.get(invoice.Id, qb=client).PrivateNote
    return changed


def refusals(client: QuickBooks, seen: dict[str, Any]) -> None:
    """The library turns faults into its own exceptions."""
    for name, act, kind in (
        ("duplicate", lambda: named_customer("Fidelity Customer").save(qb=client), QuickbooksException),
        ("missing", lambda: Invoice.get(987654, qb=client), ObjectNotFoundException),
        (
            "query",
            lambda: Invoice.query("select * from Invoice where PrivateNote = 'x'", qb=client),
            ValidationException,
        ),
    ):
        try:
            act()
        except kind as error:
            seen[name] = error.error_code


def reading(client: QuickBooks, seen: dict[str, Any], invoice: Invoice) -> None:
    """Queries, count, change data capture, reports, attachment, PDF."""
    seen["found"] = len(Customer.filter(DisplayName="Fidelity Customer", qb=client))
    seen["like"] = len(Customer.where("DisplayName LIKE 'Fidelity%'", qb=client))
    seen["count"] = Invoice.count(qb=client)
    seen["page"] = len(Invoice.all(max_results=2, qb=client))
    since = invoice.MetaData.CreateTime
    changes = change_data_capture([Invoice, Customer, Payment], since, qb=client)
    seen["captured"] = {name: len(getattr(changes, name)._object_list) for name in ("Invoice", "Customer", "Payment")}
    report = client.get_report("TrialBalance", {"accounting_method": "Accrual"})
    seen["report"] = [cell["value"] for cell in report["Rows"]["Row"][-1]["Summary"]["ColData"]]
    seen["company"] = CompanyInfo.get(1, qb=client).CompanyName
    seen["currency"] = Preferences.get(qb=client).CurrencyPrefs.HomeCurrency.value
    attached = Attachable()
    attached.FileName, attached.ContentType = "note.txt", "text/plain"
    reference = AttachableRef()
    reference.EntityRef = Ref()
    reference.EntityRef.type, reference.EntityRef.value = "Invoice", invoice.Id
    attached.AttachableRef = [reference]
    attached._FileBytes = b"kept"
    attached.save(qb=client)
    link = requests.get(
        f"{client.api_url}/company/{client.company_id}/download/{attached.Id}",
        headers={"Authorization": f"Bearer {client.session.access_token}"},
        timeout=10,
    ).text
    seen["attachment"] = requests.get(link, timeout=10).text
    seen["pdf"] = invoice.download_pdf(qb=client)[:5].decode()


def batches(client: QuickBooks, seen: dict[str, Any]) -> None:
    """A batch with one refusal, and a batch that deletes."""
    done = batch_create([named_customer(name) for name in ("Batch 1", "Fidelity Customer", "Batch 2")], qb=client)
    seen["batch"] = {"successes": len(done.successes), "faults": [fault.Error[0].code for fault in done.faults]}
    customer, item = done.successes[0], Item.filter(Name="Fidelity Item", qb=client)[0]
    made = batch_create([invoice_for(customer, item, 10.0 + number) for number in range(3)], qb=client)
    gone = batch_delete(made.successes, qb=client)
    seen["deleted"] = {"successes": len(gone.successes), "faults": len(gone.faults)}


def main(base: str, realm: str) -> None:
    """The whole round."""
    seen: dict[str, Any] = {}
    auth = AuthClient(
        "sandbox-client", "sandbox-secret", CALLBACK, environment=f"{base}/quickbooks/openid_configuration"
    )
    consent(auth, realm)
    seen["id_token"] = bool(auth.id_token)
    seen["email"] = auth.get_user_info().json()["email"]
    auth.refresh()
    QuickBooks.api_url_v3 = QuickBooks.sandbox_api_url_v3 = f"{base}/quickbooks/v3"
    client = QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id=realm, minorversion=75)
    invoice = documents(client, seen)
    refusals(client, seen)
    reading(client, seen, invoice)
    batches(client, seen)
    seen["revoked"] = auth.revoke()
    try:
        auth.refresh()
    except AuthClientError as error:
        seen["after_revoke"] = error.status_code
    sys.stdout.write(json.dumps(seen, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:3])
