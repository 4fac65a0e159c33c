"""The XML gateway's envelopes: who is let in, what a session is, and functions together."""

import threading
from xml.etree import ElementTree

import pytest

from tests.sandbox.sage_intacct.driver import Intacct, found
from tests.sandbox.sage_intacct.gateway import (
    ADDRESS,
    Gateway,
    control,
    element,
    functions,
    login,
    opened,
    parsed,
    posted,
    said,
)

SETUP = "<getFinancialSetup/>"
VENDOR = element("create", {"VENDOR": {"VENDORID": "V-7", "NAME": "Design Works"}})
NO_VENDOR = element("create", {"VENDOR": {"VENDORID": "V-8"}})


@pytest.fixture
def gateway(intacct: Intacct) -> Gateway:
    """A session with a small British company."""
    return opened(intacct)


def test_a_sign_in_gives_a_session_and_an_endpoint(intacct: Intacct) -> None:
    root = parsed(posted(intacct.client, login(intacct.company), functions("<getAPISession/>")))
    assert said(root, "control/status") == "success"
    assert said(root, "operation/authentication/companyid") == intacct.company
    assert said(root, "operation/result/function") == "getAPISession"
    assert said(root, "operation/result/data/api/endpoint").endswith(ADDRESS)
    assert Gateway(intacct, said(root, "operation/result/data/api/sessionid")).done(SETUP) is not None


def test_a_session_of_rest_is_one_of_the_gateway(intacct: Intacct) -> None:
    session = intacct.get("services/core/session/id")["sessionId"]
    assert said(Gateway(intacct, session).done(SETUP), "data/financialSetup/baseCurrency") == "GBP"


def test_a_session_ends_after_six_hours_without_a_call_and_lives_on_with_calls(gateway: Gateway) -> None:
    clock = gateway.intacct.world.clock
    for _ in range(3):
        clock.advance(20_000)
        gateway.done(SETUP)
    clock.advance(21_601)
    response = posted(gateway.intacct.client, f"<sessionid>{gateway.session}</sessionid>", functions(SETUP))
    assert response.status_code == 400
    assert said(parsed(response), "errormessage/error/errorno") == "invalidRequest"


def test_a_wrong_sender_is_not_let_in(intacct: Intacct) -> None:
    root = parsed(posted(intacct.client, login(intacct.company), functions(SETUP), control(("other", "secret"))))
    assert said(root, "control/status") == "failure"
    assert said(root, "errormessage/error/errorno") == "XL03000006"
    assert root.find("operation") is None


@pytest.mark.parametrize("proof", ["", login("nobody"), "wrong", "location"])
def test_a_wrong_sign_in_fails_at_authentication(intacct: Intacct, proof: str) -> None:
    known = {"wrong": login(intacct.company, password="wrong"), "location": login(intacct.company, location="999")}
    root = parsed(posted(intacct.client, known.get(proof, proof), functions(SETUP)))
    assert said(root, "control/status") == "success"
    assert said(root, "operation/authentication/status") == "failure"
    assert said(root, "operation/errormessage/error/description2")
    assert root.find("operation/result") is None


def test_a_company_that_does_not_let_the_sender_in_says_so(intacct: Intacct) -> None:
    company = found(intacct.client, sender_authorised=False)["external_org_id"]
    root = parsed(posted(intacct.client, login(company), functions(SETUP)))
    assert "is not authorized" in said(root, "operation/errormessage/error/description2")


@pytest.mark.parametrize("body", ["", "<request/>", "<!DOCTYPE a []><request/>", "{}", "<request><control/></request>"])
def test_what_is_no_request_is_refused(intacct: Intacct, body: str) -> None:
    response = intacct.client.post(ADDRESS, data=body, content_type="application/xml")
    assert response.status_code == 400
    assert said(parsed(response), "control/status") == "failure"


def test_an_unknown_function_fails_alone(gateway: Gateway) -> None:
    root = gateway.ask("<make_coffee/>", SETUP)
    assert [each.text for each in root.findall("operation/result/status")] == ["failure", "success"]
    assert [each.text for each in root.findall("operation/result/controlid")] == ["f1", "f2"]


def test_functions_of_a_transaction_are_all_done_or_none(gateway: Gateway) -> None:
    root = gateway.ask(VENDOR, NO_VENDOR, SETUP, atomic=True)
    assert [each.text for each in root.findall("operation/result/status")] == ["aborted", "failure", "aborted"]
    numbers = [[each.text for each in result.iter("errorno")] for result in root.findall("operation/result")]
    assert [each[-1] for each in numbers] == ["XL03000009"] * 3
    assert len(numbers[1]) > 1
    assert gateway.rows("VENDOR", "RECORDNO", _named("V-7")) == []
    root = gateway.ask(VENDOR, NO_VENDOR, SETUP)
    assert [each.text for each in root.findall("operation/result/status")] == ["success", "failure", "success"]
    assert len(gateway.rows("VENDOR", "RECORDNO", _named("V-7"))) == 1


def _named(vendor: str) -> str:
    return f"<filter><equalto><field>VENDORID</field><value>{vendor}</value></equalto></filter>"


def test_a_unique_control_id_is_done_once_and_a_failed_one_may_come_again(gateway: Gateway) -> None:
    failed = gateway.ask(NO_VENDOR, unique=True, ids="one-")
    assert said(failed, "operation/result/status") == "failure"
    assert said(gateway.ask(VENDOR, unique=True, ids="one-"), "operation/result/status") == "success"
    again = gateway.ask(element("create", {"VENDOR": {"VENDORID": "V-9", "NAME": "Other"}}), unique=True, ids="one-")
    assert said(again, "operation/result/status") == "failure"
    assert "already processed" in said(again, "operation/result/errormessage/error/description2")
    assert gateway.rows("VENDOR", "RECORDNO", _named("V-9")) == []


def test_a_third_call_of_a_company_at_once_is_too_many(gateway: Gateway) -> None:
    client = gateway.intacct.client
    face = gateway.intacct.world.faces["sage_intacct"]
    limits = face.gateway_limits  # type: ignore[attr-defined]
    for _ in range(2):
        assert limits.enter(gateway.intacct.company, "") is None
    response = posted(client, f"<sessionid>{gateway.session}</sessionid>", functions(SETUP))
    root = parsed(response)
    assert response.status_code == 429
    assert said(root, "errormessage/error/correction") == "Please Try Again Later"
    assert "Too many operations" in said(root, "errormessage/error/description2")
    limits.leave(gateway.intacct.company, "")
    assert gateway.done(SETUP) is not None


def test_a_session_works_in_the_entity_of_its_sign_in(intacct: Intacct) -> None:
    inside = opened(intacct, "200")
    root = inside.ask(VENDOR)
    assert said(root, "operation/authentication/locationid") == "200"
    assert inside.rows("VENDOR", "MEGAENTITYID", _named("V-7")) == [{"MEGAENTITYID": "200"}]
    assert opened(intacct, "100").rows("VENDOR", "RECORDNO", _named("V-7")) == []
    assert len(opened(intacct).rows("VENDOR", "RECORDNO", _named("V-7"))) == 1


def test_calls_at_once_do_not_disturb_each_other(gateway: Gateway) -> None:
    keys: list[str] = []
    threads = [threading.Thread(target=lambda name=name: keys.append(gateway.made("VENDOR", VENDORID=name, NAME=name)))
               for name in ("A", "B")]  # fmt: skip
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(keys)) == 2


def test_support_ids_and_the_telling_error_come_first(gateway: Gateway) -> None:
    gateway.done(VENDOR)
    root = gateway.ask(VENDOR)
    told = [(each.findtext("errorno"), each.findtext("description2")) for each in root.iter("error")]
    assert told[0][0] == "BL34000061"
    assert "already exists" in str(told[0][1])
    assert str(told[1][1]).startswith("Could not create Vendor record.")
    assert ElementTree.tostring(root).count(b"[Support ID: ") == 2


def test_a_session_may_be_ended_by_a_fault(gateway: Gateway) -> None:
    client = gateway.intacct.client
    order = {"ledger": "sage_intacct", "path": "xmlgw", "action": "revoke_token", "times": 1}
    assert client.post("/_control/faults", json=order).status_code in (200, 201)
    for _ in range(2):
        response = posted(client, f"<sessionid>{gateway.session}</sessionid>", functions(SETUP))
        assert said(parsed(response), "errormessage/error/errorno") == "invalidRequest"
    assert opened(gateway.intacct).done(SETUP) is not None


def test_the_log_of_calls_names_the_company_and_what_kind_of_call_it_was(gateway: Gateway) -> None:
    gateway.done(SETUP)
    gateway.done(VENDOR)
    calls = [each for each in gateway.intacct.world.calls.since(None) if each["path"] == ADDRESS]
    assert [each["kind"] for each in calls] == ["oauth", "read", "write"]
    assert {each["org"] for each in calls} == {gateway.intacct.company}


def test_errors_tell_more_when_one_asks_for_that(gateway: Gateway) -> None:
    block = control().replace("<dtdversion>", "<showadditionalerrorinfo>true</showadditionalerrorinfo><dtdversion>")
    broken = element("create", {"VENDOR": {"VENDORID": "V100", "NAME": "Again"}})
    proof = f"<sessionid>{gateway.session}</sessionid>"
    root = parsed(posted(gateway.intacct.client, proof, functions(broken), block))
    assert said(root, "operation/result/errormessage/error/additionalinfo/errorid") == "BL34000061"
    assert gateway.ask(broken).find("operation/result/errormessage/error/additionalinfo") is None
