"""The command that shows a declaration at work."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

CASSETTES = Path(__file__).parent / "cassettes" / "quickbooks"


def declare(*arguments: Any) -> str:
    out = StringIO()
    call_command("declare", "quickbooks", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(body: Any) -> Path:
        path = tmp_path / "body.json"
        path.write_text(body if isinstance(body, str) else json.dumps(body))
        return path

    return write


def recorded(name: str) -> Any:
    return json.loads((CASSETTES / f"{name}.json").read_text())["response"]


def test_a_ledgers_answer_becomes_unified_records(file: Any) -> None:
    (record,) = json.loads(declare("invoices", "--read", file(recorded("invoice")), "--json"))["records"]
    assert (record["external_id"], record["total"], record["currency"]) == ("155", "100", "USD")
    assert record["created_at"] == "2026-05-05T09:08:55Z"
    assert record["issued_on"] == "2024-01-15"


@pytest.mark.parametrize(
    "shape",
    [
        lambda record: record,
        lambda record: [record, {**record, "Id": "2"}],
        lambda record: {"QueryResponse": {"Invoice": [record], "startPosition": 1, "maxResults": 1}, "time": "now"},
        lambda record: {
            "CDCResponse": [{"QueryResponse": [{}, {"Invoice": [record, {"Id": "3", "status": "Deleted"}]}]}]
        },
        lambda record: {"BatchItemResponse": [{"bId": "b1", "Invoice": record}]},
    ],
    ids=["record", "list", "query", "change feed", "batch"],
)
def test_records_are_found_in_any_answer(file: Any, shape: Any) -> None:
    record = recorded("invoice")["Invoice"]
    found = json.loads(declare("invoices", "--read", file(shape(record)), "--json"))["records"]
    assert [item["external_id"] for item in found] == (["155", "2"] if isinstance(shape(record), list) else ["155"])


def test_a_record_alone_is_told_by_its_own_properties(file: Any) -> None:
    vendor = {"Id": "7", "DisplayName": "Bob", "Vendor1099": False, "Balance": 0}
    (found,) = json.loads(declare("contacts", "--read", file(vendor), "--json"))["records"]
    assert found["contact_type"] == "vendor"
    (named,) = json.loads(declare("contacts", "--read", file(vendor), "--kind", "Customer", "--json"))["records"]
    assert named["contact_type"] == "customer"


def test_a_unified_record_becomes_the_exact_request_without_secrets(file: Any) -> None:
    body = '{"contact":{"id":"1"},"issued_on":"2024-01-15","lines":[{"item":{"id":"1"},"amount":"100.10"}]}'
    printed = declare("invoices", "--write", file(body), "--org", "9341", "--json")
    assert '"Amount":100.10' in printed
    (request,) = json.loads(printed)["requests"]
    assert (request["method"], request["path"]) == ("POST", "/v3/company/9341/invoice")
    assert request["params"] == {"minorversion": "75"}
    assert request["headers"] == {"Accept": "application/json", "Content-Type": "application/json"}


def test_people_get_the_same_in_lines(file: Any) -> None:
    assert '\n  "records": [' in declare("accounts", "--read", file(recorded("account")))
    body = {"records": [{"name": "Bank A", "type": "bank"}]}
    assert '"AccountType": "Bank"' in declare("accounts", "--write", file(body))


def test_a_report_is_read_too(file: Any) -> None:
    report = {"Header": {"ReportName": "TrialBalance"}, "Columns": {"Column": []}, "Rows": {}}
    (found,) = json.loads(declare("reports", "--read", file(report), "--json"))["records"]
    assert found["external_id"] == "trial_balance"


@pytest.mark.parametrize(
    ("arguments", "body", "message"),
    [
        (("invoces", "--read"), {}, "has no invoces"),
        (("invoices", "--read"), {}, "holds no Invoice"),
        (("invoices", "--read"), "{", "cannot be read as JSON"),
        (("invoices", "--read"), {"Id": "1", "TotalAmt": "x"}, "total: expected a number, got 'x'"),
        (("invoices", "--write"), {"lines": [{}]}, "contact: is missing"),
        (("bills", "--operation", "void", "--write"), {"external_id": "1"}, "cannot void bills"),
    ],
)
def test_a_failure_says_what_and_where(file: Any, arguments: tuple[str, ...], body: Any, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        declare(*arguments, file(body))


def test_an_unknown_ledger_lists_those_there_are(file: Any) -> None:
    with pytest.raises(CommandError, match="expected one of .*quickbooks"):
        call_command("declare", "sap", "invoices", "--read", str(file({})))


def test_records_in_an_envelope_of_their_own_and_rows_of_a_query_are_read_too(file: Any) -> None:
    line = {"key": "440", "bill": {"key": "299"}, "glAccount": {"key": "246", "name": "Fees"}, "txnAmount": "5.00"}
    record = {"key": "299", "id": "299", "billNumber": "B-1", "vendor": {"key": "43", "name": "Acme"}, "lines": [line]}
    row = {"key": "60", "id": "60", "billNumber": "B-2", "vendor.key": "43", "vendor.name": "Acme"}
    for told, number in ((record, "B-1"), ([row], "B-2")):
        out = StringIO()
        call_command("declare", "sage_intacct", "bills", "--read", file({"ia::result": told}), "--json", stdout=out)
        (found,) = json.loads(out.getvalue())["records"]
        assert (found["number"], found["contact"]["id"]) == (number, "43")
        assert [each["account"]["id"] for each in found["lines"]] == (["246"] if told is record else [])
