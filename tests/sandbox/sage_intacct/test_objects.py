"""REST objects: envelopes, keys, batches, partial results, lines, entities, idempotency, limits."""

import threading
from typing import Any, cast

from integrations.sandbox.calls import Call
from integrations.sandbox.sage_intacct import limits
from integrations.sandbox.sage_intacct.face import SageIntacctFace
from tests.sandbox.driver import control, read
from tests.sandbox.sage_intacct.driver import Intacct, connect, machine

VENDOR = "accounts-payable/vendor"
DEPARTMENT = "company-config/department"


def vendor(key: str, **more: Any) -> dict[str, Any]:
    """A vendor to post."""
    return {"id": key, "name": f"Vendor {key}", **more}


def bill(number: str, **more: Any) -> dict[str, Any]:
    """A bill of two lines to post."""
    line = {"glAccount": {"id": "6000"}, "txnAmount": "40.00", "memo": "One"}
    return {"billNumber": number, "vendor": {"id": "V-1"}, "createdDate": "2026-01-21", "dueDate": "2026-02-20",
            "lines": [line, {**line, "txnAmount": "60.00", "memo": "Two"}], **more}  # fmt: skip


def test_a_created_record_is_answered_with_its_address(intacct: Intacct) -> None:
    response = intacct.call("POST", f"objects/{VENDOR}", vendor("V-10"))
    answer = read(response)
    made = answer["ia::result"]
    assert response.status_code == 201
    assert made["id"] == "V-10"
    assert made["key"] != "V-10"
    assert made["href"] == f"/objects/{VENDOR}/{made['key']}"
    assert answer["ia::meta"] == {"totalCount": 1, "totalSuccess": 1, "totalError": 0}


def test_a_list_tells_addresses_only_and_is_paged(intacct: Intacct) -> None:
    response = read(intacct.call("GET", "objects/general-ledger/account", start="3", size="2"))
    assert [set(row) for row in response["ia::result"]] == [{"key", "id", "href"}] * 2
    meta = response["ia::meta"]
    assert (meta["start"], meta["pageSize"], meta["next"], meta["previous"]) == (3, 2, 5, 1)
    assert meta["totalCount"] > 30


def test_several_keys_read_several_records(intacct: Intacct) -> None:
    found = intacct.get(f"objects/{DEPARTMENT}/1,2")
    assert [each["id"] for each in found] == ["10", "20"]
    response = intacct.call("GET", f"objects/{DEPARTMENT}/1,999")
    results = read(response)["ia::result"]
    assert response.status_code == 207
    assert results[0]["id"] == "10"
    assert results[1]["ia::status"] == 404


def test_unknown_keys_objects_and_methods_are_told_apart(intacct: Intacct) -> None:
    assert intacct.refused("GET", f"objects/{VENDOR}/999")[:2] == (404, "invalidKey")
    assert intacct.refused("GET", "objects/accounts-payable/vendr")[0] == 404
    assert intacct.refused("DELETE", "objects/general-ledger/reporting-period/1")[0] == 405
    assert intacct.refused("POST", "objects/tax/tax-solution", {"id": "x"})[0] == 405


def test_malformed_bodies_are_invalid_requests(intacct: Intacct) -> None:
    headers = {"Authorization": f"Bearer {intacct.token}"}
    url = f"/sage_intacct/ia/api/v1/objects/{VENDOR}"
    malformed = intacct.client.post(url, data=b"{", headers=headers, content_type="application/json")
    assert (malformed.status_code, read(malformed)["ia::result"]["ia::error"]["code"]) == (400, "invalidRequest")
    xml = intacct.client.post(url, data=b"<x/>", headers=headers, content_type="application/xml")
    assert (xml.status_code, read(xml)["ia::error"]["code"]) == (400, "GW-0014")
    assert intacct.refused("POST", f"objects/{VENDOR}", vendor("V-1", colour="red"))[:2] == (400, "invalidRequest")


def test_a_business_error_names_the_request_first_and_the_reason_last(intacct: Intacct) -> None:
    intacct.post(f"objects/{VENDOR}", vendor("V-1"))
    response = intacct.call("POST", f"objects/{VENDOR}", vendor("V-1"))
    body = read(response)
    error = body["ia::result"]["ia::error"]
    assert response.status_code == 422
    assert error["code"] == "operationFailed"
    assert error["errorId"] == "REST-7001"
    assert error["message"] == f"POST request on objects/{VENDOR} object was unsuccessful"
    assert error["details"][0]["message"] == "Could not create Vendor record."
    assert "Another record with the value 'V-1'" in error["details"][-1]["message"]
    assert error["supportId"]
    assert body["ia::meta"] == {"totalCount": 1, "totalSuccess": 0, "totalError": 1}


def test_a_batch_keeps_what_succeeds_and_says_what_fails(intacct: Intacct) -> None:
    response = intacct.call("POST", f"objects/{VENDOR}", [vendor("V-1"), {"id": "V-2"}, vendor("V-3")])
    body = read(response)
    assert response.status_code == 207
    assert [each["ia::status"] for each in body["ia::result"]] == [201, 422, 201]
    assert body["ia::result"][1]["ia::error"]["details"][-1]["message"] == "Required field name is missing."
    assert body["ia::meta"] == {"totalCount": 3, "totalSuccess": 2, "totalError": 1}
    assert len(intacct.query(VENDOR, "id", {"$in": {"id": ["V-1", "V-2", "V-3"]}})) == 2


def test_a_batch_in_a_transaction_is_all_or_nothing(intacct: Intacct) -> None:
    headers = {"X-IA-API-Param-Transaction": "true"}
    response = intacct.call("POST", f"objects/{VENDOR}", [vendor("V-1"), {"id": "V-2"}], headers)
    assert response.status_code == 422
    assert intacct.query(VENDOR, "id", {"$eq": {"id": "V-1"}}) == []
    assert len(intacct.post(f"objects/{VENDOR}", [vendor("V-1"), vendor("V-2")], 201, **headers)) == 2


def test_no_more_than_five_hundred_objects_go_into_a_batch(intacct: Intacct) -> None:
    assert intacct.refused("POST", f"objects/{VENDOR}", [vendor(f"V-{n}") for n in range(501)])[0] == 400


def test_a_patch_changes_what_it_names_alone(intacct: Intacct) -> None:
    made = intacct.made(VENDOR, vendor("V-1", taxId="GB123", notes="Old"))
    intacct.patch(f"objects/{VENDOR}/{made['key']}", {"notes": "New"})
    found = intacct.get(f"objects/{VENDOR}/{made['key']}")
    assert (found["taxId"], found["notes"], found["name"]) == ("GB123", "New", "Vendor V-1")
    intacct.patch(f"objects/{VENDOR}", [{"key": made["key"], "name": "Renamed"}])
    assert intacct.get(f"objects/{VENDOR}/{made['key']}")["name"] == "Renamed"
    assert intacct.refused("PATCH", f"objects/{VENDOR}/{made['key']}", {"id": "V-2"})[0] == 422


def test_a_deleted_record_is_gone_and_one_in_use_stays(intacct: Intacct) -> None:
    one, two = (intacct.post(f"objects/{VENDOR}", vendor(key))["key"] for key in ("V-1", "V-2"))
    intacct.post("objects/accounts-payable/bill", bill("B-1"))
    assert intacct.call("DELETE", f"objects/{VENDOR}/{two}").status_code == 204
    assert intacct.refused("GET", f"objects/{VENDOR}/{two}")[0] == 404
    status, _, text = intacct.refused("DELETE", f"objects/{VENDOR}/{one}")
    assert (status, text) == (422, "This record is used in transactions and cannot be deleted.")
    response = intacct.call("DELETE", f"objects/{VENDOR}/{one},{two}")
    assert response.status_code == 207


def test_inactive_records_can_be_read_and_not_used(intacct: Intacct) -> None:
    made = intacct.made(VENDOR, vendor("V-1", status="inactive"))
    assert made["status"] == "inactive"
    assert intacct.query(VENDOR, "status", {"$eq": {"id": "V-1"}}) == [{"status": "inactive"}]
    assert "inactive" in intacct.refused("POST", "objects/accounts-payable/bill", bill("B-1"))[2]


def test_owned_lines_are_changed_added_and_removed_by_key(intacct: Intacct) -> None:
    intacct.post(f"objects/{VENDOR}", vendor("V-1"))
    made = intacct.made("accounts-payable/bill", bill("B-1"))
    first, second = (line["key"] for line in made["lines"])
    intacct.patch(f"objects/accounts-payable/bill/{made['key']}", {"lines": [
        {"key": first, "txnAmount": "45.00"}, {"key": second, "ia::operation": "delete"},
        {"glAccount": {"id": "6010"}, "txnAmount": "5.00"},
    ]})  # fmt: skip
    found = intacct.get(f"objects/accounts-payable/bill/{made['key']}")
    assert [(line["key"] == first, line["txnAmount"]) for line in found["lines"]] == [(True, "45.00"), (False, "5.00")]
    assert found["lines"][1]["key"] != second
    assert found["totalTxnAmount"] == "50.00"


def test_a_line_has_an_address_of_its_own(intacct: Intacct) -> None:
    intacct.post(f"objects/{VENDOR}", vendor("V-1"))
    made = intacct.made("accounts-payable/bill", bill("B-1"))
    path, key = "objects/accounts-payable/bill-line", made["lines"][0]["key"]
    line = intacct.get(f"{path}/{key}")
    assert (line["bill"]["key"], line["txnAmount"]) == (made["key"], "40.00")
    intacct.patch(f"{path}/{key}", {"memo": "Changed"})
    assert intacct.get(f"{path}/{key}")["memo"] == "Changed"
    added = intacct.post(path, {"bill": {"key": made["key"]}, "glAccount": {"id": "6000"}, "txnAmount": "1.00"})
    assert intacct.get(f"{path}/{added['key']}")["txnAmount"] == "1.00"
    assert intacct.call("DELETE", f"{path}/{added['key']}").status_code == 204
    assert intacct.refused("GET", f"{path}/{added['key']}")[0] == 404


def test_the_entity_header_owns_what_is_made_and_hides_the_others(intacct: Intacct) -> None:
    for header in ("X-IA-API-Param-Entity", "X-IA-API-ParamEntity"):
        intacct.post(f"objects/{VENDOR}", vendor(header[-8:]), 201, **{header: "200"})
    top = intacct.query(VENDOR, "id entity.id", {"$eq": {"entity.id": "200"}})
    assert len(top) == 2
    response = intacct.call("POST", "services/core/query", {"object": VENDOR, "fields": ["id"],
        "filters": [{"$eq": {"entity.id": "200"}}]}, {"X-IA-API-Param-Entity": "100"})  # fmt: skip
    assert read(response)["ia::result"] == []
    assert intacct.refused("GET", f"objects/{VENDOR}", **{"X-IA-API-Param-Entity": "999"})[0] == 400


def test_the_same_key_gives_the_same_answer_and_no_second_record(intacct: Intacct) -> None:
    headers = {"Idempotency-Key": "6f1"}
    first = intacct.call("POST", f"objects/{VENDOR}", vendor("V-1"), headers)
    again = intacct.call("POST", f"objects/{VENDOR}", vendor("V-1"), headers)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["x-ia-idempotency-cached-date"]
    assert "x-ia-idempotency-cached-date" not in first.headers
    assert intacct.refused("POST", f"objects/{VENDOR}", vendor("V-2"), **headers)[0] == 409


def test_a_failure_is_kept_under_its_key_too(intacct: Intacct) -> None:
    headers = {"Idempotency-Key": "6f2"}
    wrong = bill("B-1")
    assert intacct.refused("POST", "objects/accounts-payable/bill", wrong, **headers)[0] == 422
    intacct.post(f"objects/{VENDOR}", vendor("V-1"))
    assert intacct.refused("POST", "objects/accounts-payable/bill", wrong, **headers)[0] == 422
    assert intacct.post("objects/accounts-payable/bill", wrong, 201, **{"Idempotency-Key": "6f3"})


def test_a_key_is_remembered_for_48_hours_and_taken_for_60_days(intacct: Intacct) -> None:
    headers = {"Idempotency-Key": "6f5"}
    intacct.post(f"objects/{VENDOR}", vendor("V-1"), 201, **headers)
    control(intacct.client, "/_control/clock", {"seconds": 49 * 3600})
    intacct.token = machine(intacct.client, intacct.company)["access_token"]
    assert intacct.refused("POST", f"objects/{VENDOR}", vendor("V-1"), **headers)[0] == 409
    control(intacct.client, "/_control/clock", {"seconds": 60 * 86_400})
    intacct.token = machine(intacct.client, intacct.company)["access_token"]
    assert intacct.post(f"objects/{VENDOR}", vendor("V-2"), 201, **headers)["id"] == "V-2"


def test_keys_of_two_companies_do_not_meet(intacct: Intacct) -> None:
    other = connect(intacct.client, name="Other")
    headers = {"Idempotency-Key": "6f4"}
    intacct.post(f"objects/{VENDOR}", vendor("V-1"), 201, **headers)
    other.post(f"objects/{VENDOR}", vendor("V-2"), 201, **headers)


def test_every_answer_tells_what_is_left(intacct: Intacct) -> None:
    headers = intacct.call("GET", "objects/general-ledger/account").headers
    assert headers["X-IA-Throttle-Limit"] == "6"
    assert headers["X-IA-TENANT-Throttle-Limit"] == "8"
    assert int(headers["X-IA-Minute-Rate-Limit-Remaining"]) < int(headers["X-IA-Minute-Rate-Limit"])


def test_the_seventh_call_at_once_is_gw_0010(intacct: Intacct) -> None:
    face = cast(SageIntacctFace, intacct.world.faces["sage_intacct"])
    throttle = face.throttle(intacct.company)
    held = [
        throttle.admitted(Call("sage_intacct", "GET", "/"), intacct.company, "sandbox-client")
        for _ in range(limits.AT_ONCE_PER_APP)
    ]
    for each in held:
        each.__enter__()
    response = intacct.call("GET", "objects/general-ledger/account")
    assert (response.status_code, read(response)["ia::error"]["code"]) == (429, "GW-0010")
    assert int(response.headers["X-IA-Throttle-Limit-RetryAfter"]) >= 1
    for each in held:
        each.__exit__(None, None, None)
    assert intacct.call("GET", "objects/general-ledger/account").status_code == 200


def test_transactions_are_counted_by_record_and_by_page(intacct: Intacct) -> None:
    before = intacct.control("documents?resource=usage")["transactions"]
    intacct.post(f"objects/{VENDOR}", [vendor(f"V-{n}") for n in range(5)])
    intacct.query(VENDOR, "id")
    assert intacct.control("documents?resource=usage")["transactions"] == before + 6


def test_parallel_requests_with_one_key_make_one_record(intacct: Intacct) -> None:
    statuses: list[int] = []

    def post() -> None:
        response = intacct.call("POST", f"objects/{VENDOR}", vendor("V-1"), {"Idempotency-Key": "same"})
        statuses.append(response.status_code)

    threads = [threading.Thread(target=post) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(intacct.query(VENDOR, "id", {"$eq": {"id": "V-1"}})) == 1
