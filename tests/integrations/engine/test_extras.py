"""Reports, rates, files and batches."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.engine import errors, jsontext
from integrations.engine.results import Attachment, BatchItem, Deletion, Record
from tests.integrations.engine.company import Company, said

REPORT: dict[str, Any] = {
    "Header": {"Time": "2026-05-05T07:31:12-07:00", "ReportName": "ProfitAndLoss", "ReportBasis": "Accrual",
               "StartPeriod": "2026-01-01", "EndPeriod": "2026-04-30", "Currency": "USD"},
    "Columns": {"Column": [
        {"ColTitle": "", "ColType": "Account", "MetaData": [{"Name": "ColKey", "Value": "account"}]},
        {"ColTitle": "Total", "ColType": "Money", "MetaData": [{"Name": "ColKey", "Value": "total"}]}]},
    "Rows": {"Row": [
        {"Header": {"ColData": [{"value": "Income"}, {"value": ""}]},
         "Rows": {"Row": [{"ColData": [{"value": "Design income", "id": "82"}, {"value": "2250.00"}], "type": "Data"}]},
         "Summary": {"ColData": [{"value": "Total Income"}, {"value": "-.50"}, {"value": "surplus"}]},
         "type": "Section", "group": "Income"}]},
}  # fmt: skip


def test_a_report_is_a_tree_whose_totals_are_worked_out_again() -> None:
    company = Company([REPORT])
    found = company.ledger.report("profit-and-loss", start_on=date(2026, 1, 1), basis="Accrual").unified
    assert dict(company.requests[0].url.params) == {
        "minorversion": "75", "start_date": "2026-01-01", "accounting_method": "Accrual",
    }  # fmt: skip
    assert (found["basis"], found["end_on"], found["currency"]) == ("accrual", date(2026, 4, 30), "USD")
    (income,) = found["rows"]
    assert (income["kind"], income["label"], income["group"]) == ("section", "Income", "income")
    assert [(row["label"], row["id"], row["values"]) for row in income["rows"]] == [
        ("Design income", "82", {"total": Decimal("2250.00")})
    ]
    assert income["total"] == {"label": "Total Income", "values": {"total": Decimal("-0.50")}}
    (difference,) = found["checks"]["differences"]
    assert (difference["told"], difference["found"]) == (Decimal("-0.50"), Decimal("2250.00"))
    assert not found["is_cut_short"]


def test_a_report_without_data_has_no_rows() -> None:
    empty = {**REPORT, "Rows": {}}
    assert Company([empty]).ledger.report("trial_balance").unified["rows"] == []


def test_a_report_is_asked_only_by_what_it_knows() -> None:
    with pytest.raises(errors.RejectedError, match=r"no start_on"):
        Company([]).ledger.report("aged_receivables", start_on=date(2026, 1, 1))


def test_a_rate_is_exact() -> None:
    company = Company([said({"ExchangeRate": {"Rate": Decimal("1.0823456")}})])
    assert company.ledger.exchange_rate("EUR", date(2026, 1, 31)) == Decimal("1.0823456")
    assert company.requests[0].url.params["asofdate"] == "2026-01-31"


ITEMS = [
    BatchItem("contacts", "create", {"contact_type": "vendor", "name": "Smith"}, "k1"),
    BatchItem("invoices", "delete", {"external_id": "9", "version": "0"}, "k2"),
    BatchItem("contacts", "create", {"contact_type": "customer", "name": "Jones"}, "k3"),
    BatchItem("contacts", "create", {"contact_type": "customer", "name": "Lost"}, "k4"),
]


def test_each_item_of_a_batch_has_its_own_outcome() -> None:
    duplicate = {"type": "ValidationFault", "Error": [{"Message": "Duplicate Name Exists Error", "code": "6240"}]}
    answer = {
        "BatchItemResponse": [
            {"bId": "b2", "Invoice": {"status": "Deleted", "domain": "QBO", "Id": "9"}},
            {"bId": "b1", "Fault": duplicate},
            {"bId": "b3", "Customer": {"Id": "5", "DisplayName": "Jones"}},
        ]
    }
    company = Company([answer])
    refused, gone, made, lost = company.ledger.post_batch(ITEMS)
    assert isinstance(refused, errors.RejectedError)
    assert refused.code == "duplicate_name"
    assert isinstance(gone, Deletion)
    assert isinstance(made, Record)
    assert isinstance(lost, errors.OutcomeUnknown)
    sent = jsontext.loads(company.requests[0].content)["BatchItemRequest"]
    assert sent[0] == {"bId": "b1", "operation": "create", "Vendor": {"DisplayName": "Smith"}}
    assert len(company.requests[0].url.params["requestid"]) <= 36


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"type": "SERVICE", "Error": [{"code": "3001"}]}, errors.RateLimited),
        ({"type": "SystemFault", "Error": [{"code": "10000"}]}, errors.OutcomeUnknown),
    ],
)
def test_a_fault_inside_a_batch_keeps_its_class(fault: dict[str, Any], kind: type[Exception]) -> None:
    answer = {"BatchItemResponse": [{"bId": "b1", "Fault": fault}]}
    (found,) = Company([answer]).ledger.post_batch(ITEMS[:1])
    assert type(found) is kind


def test_a_batch_without_an_answer_is_unknown_as_a_whole() -> None:
    with pytest.raises(errors.OutcomeUnknown):
        Company([httpx.ReadTimeout("slow")]).ledger.post_batch(ITEMS)


def test_a_batch_is_no_longer_than_the_ledger_takes() -> None:
    with pytest.raises(errors.RejectedError, match="at most 30"):
        Company([]).ledger.post_batch(ITEMS[:1] * 31)


def attach(company: Company, **changes: Any) -> Attachment:
    given: dict[str, Any] = {
        "file_name": 'r"e\r\nceipt.pdf', "content_type": "application/pdf", "content": b"%PDF", "key": "k", **changes,
    }  # fmt: skip
    return company.ledger.attach("bills", "95", **given)


def test_a_file_is_sent_with_what_it_hangs_on_and_the_same_bytes_each_time() -> None:
    stored = {"Attachable": {"Id": "7", "FileName": "receipt.pdf",
                             "AttachableRef": [{"EntityRef": {"value": "95", "type": "Bill"}}]}}  # fmt: skip
    company = Company(lambda request: said({"AttachableResponse": [stored]}))
    record = attach(company)
    attach(company)
    assert (record.external_id, record.file_name, record.size) == ("7", "receipt.pdf", 4)
    first, second = company.requests
    assert first.content == second.content
    assert first.url.params["requestid"] == "k"
    assert b'filename="receipt.pdf"' in first.content
    assert b'{"AttachableRef":[{"EntityRef":{"type":"Bill","value":"95"}' in first.content
    assert "[" in company.recorded.exchanges[0].request_body


def test_a_file_that_the_ledger_refuses_is_refused() -> None:
    fault = {"Fault": {"Error": [{"code": "6041", "Message": "Invalid file"}], "type": "ValidationFault"}}
    with pytest.raises(errors.RejectedError) as caught:
        attach(Company([{"AttachableResponse": [fault]}]))
    assert caught.value.code == "invalid_file"


def test_a_content_type_cannot_smuggle_headers() -> None:
    with pytest.raises(errors.RejectedError):
        attach(Company([]), content_type="text/plain\r\nX: y")


def test_several_records_are_read_in_one_call() -> None:
    company = Company([{"QueryResponse": {"Invoice": [{"Id": "1"}, {"Id": "2"}]}}])
    assert [record.external_id for record in company.ledger.read_many("invoices", ["1", "2", "3"])] == ["1", "2"]
    assert "WHERE Id IN ('1', '2', '3')" in company.queries[0]
