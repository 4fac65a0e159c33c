"""Where ledgers put their errors, as data: lists in lists, headers, success that is no success."""

from typing import Any

import pytest

from integrations.engine import errors, paths
from integrations.engine.manifest_limits import envelope, errors_table
from integrations.engine.messages import Answer
from integrations.engine.sections import Section


def faults_of(declared: dict[str, Any], body: Any, status: int = 400, **headers: str) -> list[tuple[str, str]]:
    found = envelope(Section.of("envelope", declared, "test"))
    return [(fault.code, fault.text) for fault in found.faults(body, status, headers)]


def test_errors_of_each_element_are_found_under_a_star() -> None:
    body = {"Elements": [{"ValidationErrors": [{"Message": "one"}]}, {}, {"ValidationErrors": [{"Message": "two"}]}]}
    declared = {"list": "Elements.*.ValidationErrors", "message": "Message"}
    assert faults_of(declared, body) == [("", "one"), ("", "two")]


def test_the_last_error_of_a_list_may_say_most() -> None:
    body = {
        "details": [{"errorId": "GL-1", "message": "Could not create"}, {"errorId": "GL-2", "message": "Unbalanced"}]
    }
    declared = {"list": "details", "code": "errorId", "message": "message", "last": True}
    assert faults_of(declared, body)[0] == ("GL-2", "Unbalanced")


def test_the_first_path_that_leads_somewhere_counts() -> None:
    body = {"errors": [{"detail": "no", "query": "q"}]}
    found = envelope(Section.of("envelope", {"list": "errors", "message": "detail", "field": ["path", "query"]}, "t"))
    assert found.faults(body, 400, {})[0].field == "q"


def test_success_is_what_the_ledger_calls_success() -> None:
    declared = {"code": "code", "message": "message", "ok": {"path": "code", "value": 0}}
    assert faults_of(declared, {"code": 0, "message": "success"}, 200) == []
    assert faults_of(declared, {"code": 57, "message": "Not allowed"}, 200) == [("57", "Not allowed")]
    assert faults_of(declared, {"rows": []}, 200) == []
    soap = {"list": "*.status.detail", "code": "code", "ok": {"path": "*.status.isSuccess", "value": ["true"]}}
    assert faults_of(soap, {"addResponse": {"status": {"isSuccess": "false", "detail": {"code": "DUP"}}}}, 200) == [
        ("DUP", "")
    ]
    assert faults_of(soap, {"addResponse": {"status": {"isSuccess": "false"}}}, 200) == [("", "")]
    assert faults_of(soap, {"addResponse": {"status": {"isSuccess": "true"}}}, 200) == []


def test_a_refusal_may_say_its_code_in_a_header() -> None:
    declared = {"code_header": "WWW-Authenticate"}
    assert faults_of(declared, None, 401, **{"www-authenticate": "insufficent_scope"}) == [
        ("insufficent_scope", "insufficent_scope")
    ]
    assert faults_of(declared, None, 200, **{"www-authenticate": "x"}) == []
    assert faults_of(declared, None, 401) == []


def test_a_fault_with_status_200_raises_by_the_table() -> None:
    declared = {
        "envelopes": [{"code": "code", "message": "message", "ok": {"path": "code", "value": 0}}],
        "table": [{"code": "45", "error": "rate_limited", "cause": "No more today."}],
    }
    table = errors_table(Section.of("errors", declared, "t"), label="Ledger", wait=60, root=Section({}, "t"))
    with pytest.raises(errors.RateLimited, match="No more today"):
        table.check(Answer(200, {}, {"code": 45, "message": "Exceeded"}, ""), is_write=False)


@pytest.mark.parametrize(
    ("path", "found"), [("a.*.b", [1, 2]), ("a.*.b.*", []), ("a.*", [{"b": 1}, {}, {"b": 2}]), ("", [None]), ("c", [])]
)
def test_a_star_stands_for_each_item(path: str, found: list[Any]) -> None:
    value = {"a": [{"b": 1}, {}, {"b": 2}]}
    assert list(paths.every(path)(value)) == ([value] if path == "" else found)


def test_where_one_is_asked_for_a_star_is_the_first_that_leads_somewhere() -> None:
    assert paths.getter("*.documents")({"code": 0, "message": "success", "bill": {"documents": [1]}}) == [1]
    assert paths.getter("*.nothing")({"bill": {}}) is None
