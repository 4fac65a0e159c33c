"""The model service, the list of dimensions, composite requests, and answers that come later."""

from typing import Any

from tests.sandbox.driver import control, read
from tests.sandbox.sage_intacct.driver import Intacct, connect

VENDOR = "accounts-payable/vendor"


def test_the_model_tells_fields_groups_references_and_lists(busy: Intacct) -> None:
    model = busy.get("services/core/model", name="accounts-payable/bill")
    assert model["fields"]["billNumber"]["type"] == "string"
    assert model["fields"]["nsp::PROJECT_CODE"]["label"] == "Project Code"
    assert set(model["groups"]["audit"]["fields"]) >= {"createdDateTime", "modifiedDateTime"}
    assert model["refs"]["vendor"]["apiObject"] == VENDOR
    assert "txnAmount" in model["lists"]["lines"]["fields"]
    assert model["type"] == "rootObject"
    assert "PATCH" in model["httpMethods"]


def test_the_model_of_lines_knows_their_custom_fields(busy: Intacct) -> None:
    assert "nsp::CONTRACT_REF" in busy.get("services/core/model", name="accounts-payable/bill-line")["fields"]
    lines = busy.get("services/core/model", name="accounts-payable/bill")["lists"]["lines"]["fields"]
    assert lines["nsp::CONTRACT_REF"]["type"] == "string"


def test_choices_of_a_custom_field_are_told(intacct: Intacct) -> None:
    model = intacct.get("services/core/model", name="accounts-receivable/customer")
    assert model["fields"]["nsp::SEGMENT"]["enum"] == ["Retail", "Trade", "Public"]
    assert model["fields"]["status"]["enum"] == ["active", "activeNonPosting", "inactive"]


def test_without_a_name_the_model_lists_all_objects(intacct: Intacct) -> None:
    names = {each["apiObject"] for each in intacct.get("services/core/model")}
    assert {"accounts-payable/bill", "general-ledger/account", "purchasing/document::Purchase Order"} <= names
    assert intacct.refused("GET", "services/core/model?name=x/y")[0] == 404


def test_the_dimensions_include_the_user_defined_one(intacct: Intacct) -> None:
    found = {each["dimensionName"]: each for each in intacct.get("services/company-config/dimensions/list")}
    assert found["DEPARTMENT"]["dimensionEndpoint"] == "/objects/company-config/department"
    assert not found["DEPARTMENT"]["isUserDefinedDimension"]
    assert found["nsp::CHANNEL"]["isUserDefinedDimension"]


def parts(**bill: Any) -> list[dict[str, Any]]:
    """A vendor, and a bill of it."""
    lines = [{"glAccount": {"id": "6000"}, "txnAmount": "10.00"}]
    body = {"billNumber": "B-1", "vendor": {"key": "@{vendor.1.key}"}, "createdDate": "2026-01-21",
            "dueDate": "2026-02-20", "lines": lines, **bill}  # fmt: skip
    return [
        {"method": "POST", "path": f"/objects/{VENDOR}", "body": {"id": "V-1", "name": "One"},
         "resultReference": "vendor"},
        {"method": "POST", "path": "/objects/accounts-payable/bill", "body": body, "resultReference": "bill"},
        {"method": "GET", "path": "/objects/accounts-payable/bill/@{bill.1.key}"},
    ]  # fmt: skip


def test_later_parts_of_a_composite_name_the_results_of_earlier_ones(intacct: Intacct) -> None:
    results = read(intacct.call("POST", "services/core/composite", parts()))["ia::result"]
    assert [each["ia::status"] for each in results] == [201, 201, 200]
    assert results[2]["ia::result"]["vendor"]["id"] == "V-1"


def test_a_composite_stops_at_the_first_failure(intacct: Intacct) -> None:
    response = intacct.call("POST", "services/core/composite", parts(vendor={"id": "Nobody"}))
    body = read(response)
    assert [each["ia::status"] for each in body["ia::result"]] == [201, 422]
    assert body["ia::meta"] == {"totalCount": 3, "totalSuccess": 1, "totalError": 1}
    assert intacct.query(VENDOR, "id", {"$eq": {"id": "V-1"}}) == [{"id": "V-1"}]


def test_a_composite_has_two_to_ten_parts(intacct: Intacct) -> None:
    part = {"method": "GET", "path": "/objects/general-ledger/journal"}
    for number in (1, 11):
        assert intacct.refused("POST", "services/core/composite", [part] * number)[0] == 400
    nested = {"method": "POST", "path": "/services/core/composite", "body": [part, part]}
    assert intacct.refused("POST", "services/core/composite", [part, nested])[0] == 400


def test_a_write_may_be_answered_later(intacct: Intacct) -> None:
    headers = {"Prefer": "respond-async"}
    response = intacct.call("POST", f"objects/{VENDOR}", {"id": "V-1", "name": "One"}, headers)
    job = read(response)["ia::result"]["jobId"]
    assert (response.status_code, response.headers["Retry-After"]) == (202, "2")
    control(intacct.client, "/_control/clock", {"seconds": 3})
    told = intacct.get("services/core/async/job-status", jobId=job)
    assert (told["status"], told["responseStatus"]) == ("delivered", 201)
    assert told["response"]["ia::result"]["id"] == "V-1"
    assert intacct.query(VENDOR, "id", {"$eq": {"id": "V-1"}}) == [{"id": "V-1"}]


def test_a_refusal_is_told_by_its_job_and_jobs_of_others_are_not_told(intacct: Intacct) -> None:
    response = intacct.call("POST", f"objects/{VENDOR}", {"id": "V-1"}, {"Prefer": "respond-async-serialized"})
    job = read(response)["ia::result"]["jobId"]
    control(intacct.client, "/_control/clock", {"seconds": 3})
    assert intacct.get("services/core/async/job-status", jobId=job)["responseStatus"] == 422
    other = connect(intacct.client, name="Other")
    assert other.call("GET", "services/core/async/job-status", jobId=job).status_code == 404


def test_queries_are_never_answered_later(intacct: Intacct) -> None:
    body = {"object": VENDOR, "fields": ["id"]}
    assert intacct.call("POST", "services/core/query", body, {"Prefer": "respond-async"}).status_code == 200
