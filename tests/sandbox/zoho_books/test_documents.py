"""Documents: lines, tax, status, payments, credits, and what they do to the books."""

from decimal import Decimal
from io import BytesIO

import pytest

from tests.sandbox.driver import read
from tests.sandbox.zoho_books.driver import Zoho


def difference(zoho: Zoho) -> Decimal:
    return Decimal(zoho.control("trial_balance")["difference"])


def test_an_invoice_is_a_draft_until_it_is_sent(zoho: Zoho) -> None:
    before = zoho.control("trial_balance")
    invoice = zoho.invoice(120)
    assert (invoice["status"], invoice["total"], invoice["balance"]) == ("draft", 120, 120)
    assert zoho.control("trial_balance") == before
    answer = zoho.post(f"invoices/{invoice['invoice_id']}/status/sent")
    assert answer["message"] == "Invoice status has been changed to Sent."
    assert zoho.control("trial_balance") != before
    assert difference(zoho) == 0


def test_tax_is_worked_out(zoho: Zoho) -> None:
    tax = zoho.get("settings/taxes")["taxes"][0]
    line = {"name": "Drive", "rate": 120, "quantity": 2, "tax_id": tax["tax_id"], "discount": "10%"}
    invoice = zoho.invoice(line_items=[line])
    assert (invoice["sub_total"], invoice["tax_total"], invoice["total"]) == (216, Decimal("43.2"), Decimal("259.2"))
    assert invoice["taxes"][0]["tax_name"] == "Standard Rate (20%)"


def test_prices_may_include_the_tax(zoho: Zoho) -> None:
    tax = zoho.get("settings/taxes")["taxes"][0]
    invoice = zoho.invoice(line_items=[{"name": "A", "rate": 120, "tax_id": tax["tax_id"]}], is_inclusive_tax=True)
    assert (invoice["total"], invoice["tax_total"]) == (120, 20)


def test_shipping_and_adjustment_stand_in_the_head(zoho: Zoho) -> None:
    invoice = zoho.invoice(shipping_charge=7.5, adjustment=-0.5)
    assert invoice["total"] == 107
    assert len(invoice["line_items"]) == 1
    changed = zoho.put(f"invoices/{invoice['invoice_id']}", {"notes": "x"})["invoice"]
    assert (changed["total"], changed["shipping_charge"]) == (107, Decimal("7.5"))


def test_a_head_is_changed_in_part_and_lines_as_a_whole(zoho: Zoho) -> None:
    bill = zoho.bill()
    path = f"bills/{bill['bill_id']}"
    changed = zoho.put(path, {"notes": "checked"})["bill"]
    assert (changed["notes"], changed["total"], len(changed["line_items"])) == ("checked", 40, 1)
    kept = {"line_item_id": bill["line_items"][0]["line_item_id"], "rate": 50}
    added = {"account_id": bill["line_items"][0]["account_id"], "rate": 5}
    changed = zoho.put(path, {"line_items": [kept, added]})["bill"]
    assert changed["total"] == 55
    assert changed["line_items"][0]["description"] == "Paper"
    changed = zoho.put(path, {"line_items": [added]})["bill"]
    assert changed["total"] == 5
    assert changed["line_items"][0]["line_item_id"] != kept["line_item_id"]


def test_a_payment_settles_and_can_be_taken_from_the_invoice(zoho: Zoho) -> None:
    invoice = zoho.invoice(100)
    key = invoice["invoice_id"]
    body = {"customer_id": invoice["customer_id"], "amount": 60, "date": "2026-11-05", "payment_mode": "banktransfer",
            "invoices": [{"invoice_id": key, "amount_applied": 60}]}  # fmt: skip
    payment = zoho.post("customerpayments", body)["payment"]
    assert payment["account_name"] == "Undeposited Funds"
    settled = zoho.get(f"invoices/{key}")["invoice"]
    assert (settled["balance"], settled["payment_made"]) == (40, 60)
    assert zoho.refused("DELETE", f"invoices/{key}")[0] == 400
    [part] = zoho.get(f"invoices/{key}/payments")["payments"]
    zoho.delete(f"invoices/{key}/payments/{part['invoice_payment_id']}")
    assert zoho.get(f"invoices/{key}")["invoice"]["balance"] == 100
    assert zoho.get(f"customerpayments/{payment['payment_id']}")["payment"]["unused_amount"] == 60
    assert difference(zoho) == 0


def test_more_than_is_open_cannot_be_paid(zoho: Zoho) -> None:
    invoice = zoho.invoice(100)
    body = {"customer_id": invoice["customer_id"], "amount": 200, "date": "2026-11-05",
            "invoices": [{"invoice_id": invoice["invoice_id"], "amount_applied": 150}]}  # fmt: skip
    assert zoho.refused("POST", "customerpayments", body)[0] == 400
    assert zoho.get(f"invoices/{invoice['invoice_id']}")["invoice"]["status"] == "draft"


def test_a_bill_number_is_used_once_by_a_vendor(zoho: Zoho) -> None:
    bill = zoho.bill()
    body = {"vendor_id": bill["vendor_id"], "bill_number": "S-454", "line_items": [{"rate": 1}]}
    assert zoho.refused("POST", "bills", body) == (400, 13011)
    assert zoho.refused("POST", "bills", {**body, "bill_number": ""})[0] == 400


def test_numbers_are_made_unless_the_caller_says_otherwise(zoho: Zoho) -> None:
    assert zoho.invoice(invoice_number="OWN-1")["invoice_number"].startswith("INV-")
    body = {"customer_id": zoho.contact(), "line_items": [{"name": "A", "rate": 1}], "invoice_number": "OWN-1"}
    own = zoho.post("invoices", body, ignore_auto_number_generation="true")["invoice"]
    assert own["invoice_number"] == "OWN-1"
    assert zoho.refused("POST", "invoices", body, ignore_auto_number_generation="true") == (400, 1001)


def test_a_credit_note_is_applied_and_taken_back(zoho: Zoho) -> None:
    invoice = zoho.invoice(100)
    zoho.post(f"invoices/{invoice['invoice_id']}/status/sent")
    body = {"customer_id": invoice["customer_id"], "date": "2026-11-06", "line_items": [{"name": "Back", "rate": 30}]}
    credit = zoho.post("creditnotes", body)["creditnote"]
    assert (credit["status"], credit["balance"]) == ("open", 30)
    path = f"creditnotes/{credit['creditnote_id']}"
    zoho.post(f"{path}/invoices", {"invoices": [{"invoice_id": invoice["invoice_id"], "amount_applied": 30}]})
    applied = zoho.get(path)["creditnote"]
    assert (applied["status"], applied["balance"]) == ("closed", 0)
    assert zoho.get(f"invoices/{invoice['invoice_id']}")["invoice"]["credits_applied"] == 30
    zoho.delete(f"{path}/invoices/{applied['invoices_credited'][0]['creditnote_invoice_id']}")
    assert zoho.get(path)["creditnote"]["balance"] == 30


def test_bills_take_payments_and_vendor_credits(zoho: Zoho) -> None:
    bill = zoho.bill(100)
    body = {"vendor_id": bill["vendor_id"], "date": "2026-11-06", "line_items": [{"rate": 30}]}
    credit = zoho.post("vendorcredits", body)["vendor_credit"]
    zoho.post(f"bills/{bill['bill_id']}/credits", {"apply_vendor_credits": [
        {"vendor_credit_id": credit["vendor_credit_id"], "amount_applied": 30}]})  # fmt: skip
    payment = {"vendor_id": bill["vendor_id"], "amount": 70, "date": "2026-11-07",
               "bills": [{"bill_id": bill["bill_id"], "amount_applied": 70}]}  # fmt: skip
    assert zoho.post("vendorpayments", payment)["vendorpayment"]["status"] == "paid"
    settled = zoho.get(f"bills/{bill['bill_id']}")["bill"]
    assert (settled["status"], settled["payment_made"], settled["vendor_credits_applied"]) == ("paid", 70, 30)


def test_a_payment_without_bills_is_an_advance(zoho: Zoho) -> None:
    body = {"vendor_id": zoho.contact("vendor"), "amount": 70, "date": "2026-11-07"}
    made = zoho.post("vendorpayments", body)["vendorpayment"]
    assert (made["balance"], made["offset_account_name"]) == (70, "Prepaid Expenses")


@pytest.mark.parametrize(("status", "shown"), [("void", "void"), ("open", "open")])
def test_bills_change_their_status(zoho: Zoho, status: str, shown: str) -> None:
    bill = zoho.bill(due_date="2099-01-01")
    zoho.post(f"bills/{bill['bill_id']}/status/{status}")
    assert zoho.get(f"bills/{bill['bill_id']}")["bill"]["status"] == shown


def test_what_is_void_is_not_changed(zoho: Zoho) -> None:
    bill = zoho.bill()
    zoho.post(f"bills/{bill['bill_id']}/status/void")
    assert zoho.refused("PUT", f"bills/{bill['bill_id']}", {"notes": "x"})[0] == 400


def test_a_journal_is_published_at_once_and_must_balance(zoho: Zoho) -> None:
    rent, bank = zoho.account("Rent Expense"), zoho.account("Current Account")
    lines = [{"account_id": rent, "debit_or_credit": "debit", "amount": 500},
             {"account_id": bank, "debit_or_credit": "credit", "amount": 500}]  # fmt: skip
    made = zoho.post("journals", {"journal_date": "2026-11-01", "reference_number": "OUR-77", "line_items": lines})
    assert made["message"] == "The journal entry has been created."
    assert (made["journal"]["status"], made["journal"]["total"]) == ("published", 500)
    lines[0]["amount"] = 400
    assert zoho.refused("POST", "journals", {"journal_date": "2026-11-01", "line_items": lines})[0] == 400
    draft = zoho.post("journals", {"journal_date": "2026-11-01", "status": "draft", "line_items": lines[:1]})["journal"]
    assert draft["status"] == "draft"
    assert zoho.refused("POST", f"journals/{draft['journal_id']}/status/publish")[0] == 400


def test_an_expense_has_one_line_in_its_head_or_several(zoho: Zoho) -> None:
    head = {"account_id": zoho.account("Travel Expense"), "date": "2026-11-03", "amount": 112.5,
            "paid_through_account_id": zoho.account("Current Account"), "description": "Taxi"}  # fmt: skip
    made = zoho.post("expenses", head)
    assert made["message"] == "The expense has been recorded."
    assert (made["expense"]["total"], made["expense"]["status"]) == (Decimal("112.5"), "nonbillable")
    rows = [{"account_id": head["account_id"], "amount": 10}, {"account_id": zoho.account("Rent Expense"), "amount": 5}]
    itemised = zoho.post("expenses", {**head, "line_items": rows})["expense"]
    assert itemised["total"] == 15
    changed = zoho.put(f"expenses/{made['expense']['expense_id']}", {"amount": 90})["expense"]
    assert (changed["total"], changed["account_name"]) == (90, "Travel Expense")


def test_purchase_orders_post_nothing_and_have_a_state(zoho: Zoho) -> None:
    before = zoho.control("trial_balance")
    body = {"vendor_id": zoho.contact("vendor"), "line_items": [{"name": "Drive", "rate": 112}]}
    order = zoho.post("purchaseorders", body)["purchaseorder"]
    assert (order["status"], order["billed_status"]) == ("draft", "to_be_billed")
    for wanted in ("open", "billed", "cancelled"):
        zoho.post(f"purchaseorders/{order['purchaseorder_id']}/status/{wanted}")
        assert zoho.get(f"purchaseorders/{order['purchaseorder_id']}")["purchaseorder"]["status"] == wanted
    assert zoho.control("trial_balance") == before


def test_a_unique_custom_field_makes_writing_repeatable(zoho: Zoho) -> None:
    headers = {"X-Unique-Identifier-Key": "cf_external_id", "X-Unique-Identifier-Value": "u-1", "X-Upsert": "true"}
    body = {"vendor_id": zoho.contact("vendor"), "bill_number": "U1", "line_items": [{"rate": 10}]}
    first = zoho.call("PUT", "bills", body, headers)
    second = zoho.call("PUT", "bills", {"notes": "again"}, headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert read(first)["bill"]["bill_id"] == read(second)["bill"]["bill_id"]
    assert read(second)["bill"]["custom_field_hash"] == {"cf_external_id": "u-1"}
    wrong = {**headers, "X-Unique-Identifier-Key": "cf_project_code"}
    assert zoho.call("PUT", "bills", body, wrong).status_code == 400
    absent = {**headers, "X-Unique-Identifier-Value": "u-2", "X-Upsert": "false"}
    assert zoho.call("PUT", "bills", body, absent).status_code == 404
    assert zoho.call("PUT", "vendorcredits", body, headers).status_code == 400


def test_custom_fields_are_changed_alone(zoho: Zoho) -> None:
    bill = zoho.bill(custom_fields=[{"label": "Project Code", "value": "P1"}])
    [field] = bill["custom_fields"]
    answer = zoho.put(
        f"bill/{bill['bill_id']}/customfields", [{"customfield_id": field["customfield_id"], "value": "P2"}]
    )
    assert answer["message"] == "Custom Fields Updated Successfully"
    assert zoho.get(f"bills/{bill['bill_id']}")["bill"]["custom_field_hash"] == {"cf_project_code": "P2"}
    assert zoho.refused("PUT", f"bills/{bill['bill_id']}", {"custom_fields": [{"label": "None", "value": 1}]})[0] == 400


def test_lines_carry_reporting_tags(zoho: Zoho) -> None:
    tag = zoho.get("reportingtags")["reporting_tags"][0]
    chosen = {"tag_id": tag["tag_id"], "tag_option_id": tag["tag_options"][1]["tag_option_id"]}
    invoice = zoho.invoice(line_items=[{"name": "A", "rate": 1, "tags": [chosen]}])
    assert invoice["line_items"][0]["tags"][0]["tag_option_name"] == "Sales"
    wrong = {**chosen, "tag_id": "1"}
    body = {"customer_id": zoho.contact(), "line_items": [{"name": "A", "rate": 1, "tags": [wrong]}]}
    assert zoho.refused("POST", "invoices", body)[0] == 400


def test_files_are_attached_fetched_and_removed(zoho: Zoho) -> None:
    bill = zoho.bill()
    url = f"/zoho_books/books/v3/bills/{bill['bill_id']}/attachment?organization_id={zoho.org}"
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    sent = zoho.client.post(url, headers=headers, data={"attachment": (BytesIO(b"%PDF-1"), "bill.pdf")})
    assert read(sent)["documents"][0]["file_size"] == 6
    assert zoho.client.get(url, headers=headers).get_data() == b"%PDF-1"
    assert zoho.get(f"bills/{bill['bill_id']}")["bill"]["documents"][0]["file_name"] == "bill.pdf"
    refused = zoho.client.post(url, headers=headers, data={"attachment": (BytesIO(b"x"), "virus.exe")})
    assert refused.status_code == 400
    assert read(zoho.client.delete(url, headers=headers))["code"] == 0
    assert zoho.client.get(url, headers=headers).status_code == 404


def test_a_locked_period_is_refused(zoho: Zoho) -> None:
    zoho.control("changes", {"action": "close_period", "through": "2026-10-31"})
    assert zoho.refused("POST", "bills", {
        "vendor_id": zoho.contact("vendor"), "bill_number": "L1", "date": "2026-10-15", "line_items": [{"rate": 1}],
    }) == (400, 1059)  # fmt: skip


def test_users_of_the_ledger_act_by_the_control_api(zoho: Zoho) -> None:
    bill = zoho.bill(100)
    key = bill["bill_id"]
    zoho.control("changes", {"action": "edit", "resource": "bills", "id": key, "data": {"notes": "by hand"}})
    zoho.control("changes", {"action": "pay", "resource": "bills", "id": key, "amount": "30"})
    found = zoho.get(f"bills/{key}")["bill"]
    assert (found["notes"], found["balance"]) == ("by hand", 70)
    listed = zoho.control("documents?resource=bills")
    assert listed["documents"] == [found]


def test_bank_statements_wait_to_be_matched(zoho: Zoho) -> None:
    bank = zoho.account("Current Account")
    row = {"transaction_id": "ext-1", "date": "2026-11-02", "debit_or_credit": "debit", "amount": 50, "payee": "X"}
    for _ in range(2):
        answer = zoho.post("bankstatements", {"account_id": bank, "transactions": [row]})
        assert answer["message"] == "Your bank statement has been imported."
    waiting = zoho.get("banktransactions", account_id=bank, filter_by="Status.Uncategorized")["banktransactions"]
    assert [line["amount"] for line in waiting] == [50]
    zoho.post(f"banktransactions/uncategorized/{waiting[0]['transaction_id']}/exclude")
    assert zoho.get(f"bankaccounts/{bank}")["bankaccount"]["uncategorized_transactions"] == 0


def test_money_moves_between_bank_accounts(zoho: Zoho) -> None:
    bank, savings = zoho.account("Current Account"), zoho.account("Savings Account")
    before = zoho.get(f"bankaccounts/{savings}")["bankaccount"]["balance"]
    body = {"from_account_id": bank, "to_account_id": savings, "amount": 100, "date": "2026-11-02"}
    zoho.post("banktransactions", {"transaction_type": "transfer_fund", **body})
    assert zoho.get(f"bankaccounts/{savings}")["bankaccount"]["balance"] == before + 100


def test_reports_agree_with_the_trial_balance(busy: Zoho) -> None:
    truth = {
        row["id"]: Decimal(row["debit"]) - Decimal(row["credit"]) for row in busy.control("trial_balance")["accounts"]
    }
    [report] = busy.get("reports/trialbalance")["trialbalance"]
    assert {row["account_id"]: row["debit_total"] - row["credit_total"] for row in report["accounts"]} == truth
    assets, both = busy.get("reports/balancesheet")["balance_sheet"]
    assert assets["total"] == both["total"]
    rows = busy.get("reports/accounttransaction", from_date="2000-01-01", per_page="500")["account_transactions"][0]
    assert sum(row["net_amount"] for row in rows["account_transactions"]) == 0


def test_the_history_balances_and_is_the_same_for_the_same_seed(busy: Zoho) -> None:
    assert difference(busy) == 0
    assert len(busy.control("bank_lines")["bank_lines"]) == 10
