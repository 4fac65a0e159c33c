"""User-defined fields are found in lists and in mappings, told in our words, and selected along."""

from typing import Any

import pytest

from integrations.engine.discovery import Discovery, columns, defined
from integrations.engine.messages import Answer, RemoteRequest

SCHEMA = {
    "properties": {
        "tranId": {"title": "Number"},
        "custbody_po": {"title": "PO number", "type": "string"},
        "custbody_due": {"title": "Due", "type": "string", "format": "date"},
        "custbody_region": {"title": "Region", "type": "object"},
    }
}
BY_SCHEMA = Discovery(
    frozenset({"invoices"}), "/catalog/{path}", many=("properties",), name="title", type=("format", "type"),
    types={"string": "text", "date": "date", "object": "choice"}, prefixes=("custbody_",), column="t.{name}",
    choice_columns={"id": "t.{name}", "refName": "DF(t.{name})"},
)  # fmt: skip
BY_LIST = Discovery(
    frozenset({"invoices"}), "/fields", many=("fields",), id="field_id", name="label", type=("kind",),
    types={"dropdown": "choice"}, choices="values", choice_id="id", choice_name="label", read_only="locked",
)  # fmt: skip


class Told:
    """A ledger that answers one question."""

    def __init__(self, body: Any) -> None:
        self.client, self.body, self.asked = self, body, ""

    def places(self, entity: Any) -> dict[str, str]:
        return {"path": "invoice"}

    def needs_json(self, answer: Answer) -> None:
        """It is."""

    def send(self, request: RemoteRequest) -> Answer:
        self.asked = request.path
        return Answer(200, {}, self.body, "")


def test_a_mapping_of_properties_tells_them_by_their_names() -> None:
    ledger: Any = Told(SCHEMA)
    found = defined(ledger, BY_SCHEMA, None)  # type: ignore[arg-type]
    assert ledger.asked == "/catalog/invoice"
    assert [(each.id, each.name, each.type) for each in found] == [
        ("custbody_po", "PO number", "text"),
        ("custbody_due", "Due", "date"),
        ("custbody_region", "Region", "choice"),
    ]
    assert columns(BY_SCHEMA, found) == {
        "custbody_po": "t.custbody_po",
        "custbody_due": "t.custbody_due",
        "custbody_region.id": "t.custbody_region",
        "custbody_region.refName": "DF(t.custbody_region)",
    }


@pytest.mark.parametrize("locked", [True, False])
def test_a_list_tells_choices_and_what_may_be_written(locked: bool) -> None:
    row = {
        "field_id": 5,
        "label": "Region",
        "kind": "dropdown",
        "values": [{"id": 1, "label": "North"}],
        "locked": locked,
    }
    ledger: Any = Told({"fields": [row]})
    (field,) = defined(ledger, BY_LIST, None)  # type: ignore[arg-type]
    choices = [{"id": "1", "name": "North"}]
    wanted = {"id": "5", "name": "Region", "type": "choice", "choices": choices, "writable": not locked}
    assert field.as_dict() == wanted


def test_fields_of_lines_stand_elsewhere_and_are_selected_from_their_own_table() -> None:
    line = {"custcol_job": {"title": "Job", "type": "object"}, "custcol_on": {"title": "On", "format": "date"}}
    body = {"properties": {**SCHEMA["properties"], "item": {"properties": line}}}
    discovery = Discovery(
        frozenset({"bills"}), "/catalog/{path}", many=("properties",), name="title", type=("format", "type"),
        types={"date": "date", "object": "choice"}, prefixes=("custbody_",), column="{table}.{name}",
        date_column="DAY({table}.{name})", choice_columns={"id": "{table}.{name}"},
        line_many=("properties.expense.properties", "properties.item.properties"), line_prefixes=("custcol_",),
    )  # fmt: skip
    ledger: Any = Told(body)
    found = defined(ledger, discovery, None)  # type: ignore[arg-type]
    assert [each.id for each in found if each.is_of_line] == ["custcol_job", "custcol_on"]
    assert columns(discovery, found, table="tl", of_lines=True) == {
        "custcol_job.id": "tl.custcol_job",
        "custcol_on": "DAY(tl.custcol_on)",
    }
    assert columns(discovery, found, table="t")["custbody_due"] == "DAY(t.custbody_due)"
    assert discovery.is_selected("t")
    assert not discovery.is_selected("")
