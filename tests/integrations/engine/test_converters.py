"""Every converter, both ways: what is written reads as what was given."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine import jsontext, paths
from integrations.engine.composites import COMPOSITES
from integrations.engine.computed import COMPUTED
from integrations.engine.converters import NOWHERE, Context, FieldProblems, Shape
from integrations.engine.fields import Compiler
from integrations.engine.grammar import GRAMMAR
from integrations.engine.scalars import SCALARS
from integrations.engine.sections import ManifestError, Section

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False)
NAMES = st.text(min_size=1, max_size=30)


def shape(fields: dict[str, Any], shapes: dict[str, Any] | None = None) -> Shape:
    return Compiler(Section(shapes or {}, "test: shapes"), {}).shape(Section.of("shape", {"fields": fields}, "test: x"))


def there_and_back(declared: Any, value: Any) -> Any:
    made = shape({"f": declared})
    sent = jsontext.loads(jsontext.dumps(made.write({"f": value}, NOWHERE)))
    return made.read(sent, NOWHERE)["f"]


@given(AMOUNTS)
def test_money_comes_back_to_the_cent_and_never_through_a_float(amount: Decimal) -> None:
    assert there_and_back({"path": "Amount", "as": "money"}, amount) == amount
    assert there_and_back({"path": "Amount", "as": "money", "negated": True}, amount) == amount
    assert there_and_back({"path": "Amount", "as": "number", "written_as": "text"}, amount) == amount
    assert there_and_back({"path": "T", "as": "money", "negated_unless": {"Credit": True}}, amount) == amount


@given(st.text(min_size=1))
def test_text_stays_text_even_where_it_looks_like_a_number(text: str) -> None:
    assert there_and_back("Name", text) == text
    assert there_and_back("Name", "4000") == "4000"


@given(st.dates(min_value=date(1900, 1, 1)))
def test_book_dates_have_no_zone(day: date) -> None:
    assert there_and_back({"path": "D", "as": "date"}, day) == day
    assert there_and_back({"path": "D", "as": "xero_date", "kind": "date"}, day) == day


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1970 < moment.year < 9000))
def test_moments_come_back_as_the_same_moment_in_utc(moment: datetime) -> None:
    found = there_and_back({"path": "T", "as": "datetime"}, moment)
    assert found == moment.astimezone(UTC)
    assert found.tzinfo is UTC


@given(st.booleans())
def test_flags_survive_any_spelling(value: bool) -> None:
    assert there_and_back({"path": "A", "as": "bool"}, value) is value
    assert there_and_back({"path": "A", "as": "bool", "true": "T", "false": "F", "inverted": True}, value) is value


@given(NAMES, st.sampled_from(["customer", "vendor"]))
def test_references_keep_id_and_kind(identity: str, kind: str) -> None:
    declared = {
        "path": "Entity",
        "as": "ref",
        "id": "EntityRef.value",
        "type": {"path": "Type", "values": {"customer": "Customer", "vendor": "Vendor"}},
    }
    found = there_and_back(declared, {"id": identity, "type": kind})
    assert (found["id"], found["type"]) == (identity, kind)


def test_a_flat_reference_is_a_bare_property() -> None:
    made = shape({"account": {"path": "AccountCode", "as": "ref", "id": "."}})
    assert made.write({"account": {"id": "200"}}, NOWHERE) == {"AccountCode": "200"}
    assert made.read({"AccountCode": "200"}, NOWHERE)["account"]["id"] == "200"


def test_a_reference_may_stand_in_two_columns_of_one_row() -> None:
    made = shape({"contact": {"as": "ref", "id": "entity", "name": "entityname"}})
    assert made.read({"entity": "107", "entityname": "Acme"}, NOWHERE)["contact"] == {"id": "107", "name": "Acme"}


def test_dates_as_xero_writes_them() -> None:
    made = shape({"day": {"path": "D", "as": "xero_date", "kind": "date"}, "at": {"path": "T", "as": "xero_date"}})
    found = made.read({"D": "/Date(1776988800000+0000)/", "T": "/Date(1777031976527)/"}, NOWHERE)
    assert found == {"day": date(2026, 4, 24), "at": datetime(2026, 4, 24, 11, 59, 36, 527000, tzinfo=UTC)}


def test_numbers_may_come_as_text_the_way_suiteql_sends_them() -> None:
    made = shape(
        {
            "total": {"path": "t", "as": "money"},
            "code": "c",
            "is_active": {"path": "i", "as": "bool", "true": "T", "false": "F", "inverted": True},
        }
    )
    assert made.read({"t": "-12.30", "c": "4000", "i": "F"}, NOWHERE) == {
        "total": Decimal("-12.30"),
        "code": "4000",
        "is_active": True,
    }


def test_debit_and_credit_are_one_amount_told_apart_by_a_property() -> None:
    made = shape(
        {
            "debit": {"path": "Amount", "as": "money", "skip_zero": True, "default": 0, "when": {"D.Type": "Debit"}},
            "credit": {"path": "Amount", "as": "money", "skip_zero": True, "default": 0, "when": {"D.Type": "Credit"}},
        }
    )
    assert made.write({"debit": Decimal(5), "credit": Decimal(0)}, NOWHERE) == {"Amount": 5, "D": {"Type": "Debit"}}
    assert made.write({"credit": Decimal(5)}, NOWHERE) == {"Amount": 5, "D": {"Type": "Credit"}}
    assert made.read({"Amount": 5, "D": {"Type": "Credit"}}, NOWHERE) == {"debit": Decimal(0), "credit": Decimal(5)}


def test_alternatives_are_chosen_by_what_the_record_already_says() -> None:
    made = shape(
        {
            "payment_type": {"path": "PayType", "as": "enum", "values": {"check": "Check", "card": "Card"}},
            "account": [
                {"path": "Check.Ref", "as": "ref", "id": "value", "when": {"PayType": "Check"}},
                {"path": "Card.Ref", "as": "ref", "id": "value", "when": {"PayType": "Card"}},
            ],
        }
    )
    card = made.write({"payment_type": "card", "account": {"id": "9"}}, NOWHERE)
    assert card == {"PayType": "Card", "Card": {"Ref": {"value": "9"}}}
    assert made.read(card, NOWHERE)["account"]["id"] == "9"
    assert made.write({"account": {"id": "9"}}, NOWHERE) == {"Check": {"Ref": {"value": "9"}}, "PayType": "Check"}


def test_lines_of_several_kinds_keep_their_order_and_their_kind() -> None:
    made = shape(
        {
            "lines": {
                "path": "Line",
                "as": "lines",
                "discriminator": "DetailType",
                "ignored": ["SubTotal"],
                "kinds": {
                    "Item": {
                        "fields": {"item": "Item", "amount": {"path": "Amount", "as": "money"}},
                        "write_when": {"item": {"present": True}},
                    },
                    "Account": {"fields": {"account": "Account", "amount": {"path": "Amount", "as": "money"}}},
                    "*": {"fields": {"amount": {"path": "Amount", "as": "money"}}},
                },
            }
        }
    )
    lines = [{"account": "7", "amount": Decimal("1.10")}, {"item": "3", "amount": Decimal("2.20")}]
    sent = made.write({"lines": lines}, NOWHERE)
    assert [line["DetailType"] for line in sent["Line"]] == ["Account", "Item"]
    assert made.read(sent, NOWHERE)["lines"] == lines
    strange = {"Line": [{"DetailType": "SubTotal"}, {"DetailType": "New", "Amount": 4}]}
    assert made.read(strange, NOWHERE)["lines"] == [{"amount": Decimal(4)}]


def test_every_problem_of_a_record_is_named_at_once() -> None:
    made = shape(
        {
            "number": {"path": "N", "max": 3},
            "name": {"path": "Name", "required_on": "create"},
            "lines": {
                "path": "L",
                "as": "lines",
                "fields": {"amount": {"path": "A", "as": "money", "required_on": "create"}},
            },
        }
    )
    with pytest.raises(FieldProblems) as caught:
        made.write({"number": "12345", "lines": [{"amount": Decimal(1)}, {}]}, NOWHERE)
    assert [path for path, _ in caught.value.problems] == ["number", "name", "lines.1.amount"]


def test_a_field_that_a_country_does_not_know_is_not_sent_there() -> None:
    made = shape({"mode": {"path": "Mode", "not_in": ["US"]}})
    assert made.write({"mode": "x"}, Context(values={"country": "US"})) == {}
    assert made.write({"mode": "x"}, Context(values={"country": "GB"})) == {"Mode": "x"}


def test_custom_fields_are_written_by_the_type_of_their_value() -> None:
    declared = {
        "path": "CustomField",
        "as": "custom_fields",
        "id": "DefinitionId",
        "name": "Name",
        "values": {"bool": "BooleanValue", "number": "NumberValue", "text": "StringValue"},
        "type_path": "Type",
        "types": {"text": "StringType"},
    }
    fields = [{"id": "1", "name": "Crew", "value": "Blue"}, {"id": "2", "name": None, "value": True}]
    sent = shape({"f": declared}).write({"f": fields}, NOWHERE)
    assert sent["CustomField"][0] == {"DefinitionId": "1", "Name": "Crew", "Type": "StringType", "StringValue": "Blue"}
    assert shape({"f": declared}).read(sent, NOWHERE)["f"] == fields


def test_the_set_of_converters_is_closed_and_each_has_its_grammar() -> None:
    assert {f"as {name}" for name in (*SCALARS, *COMPOSITES, *COMPUTED)} == {
        key for key in GRAMMAR if key.startswith("as ")
    }


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"path": "A", "as": "mony"}, "fields.f.as: 'mony' is unknown, expected one of bool"),
        ({"path": "A", "pth": "B"}, "fields.f: unknown pth, expected as"),
        ({"as": "money"}, "fields.f: path is missing"),
        (7, "fields.f: expected a path or a mapping, got 7 (int)"),
        ({"path": 7}, "fields.f.path: expected a text, got 7 (int)"),
        ({"path": "A", "as": "enum"}, "fields.f: values is missing"),
        ({"path": "A", "read_only": "yes"}, "fields.f.read_only: expected true or false, got 'yes' (str)"),
        ({"path": "A", "when": {"B": {"bigger": 1}}}, "fields.f.when.B: unknown bigger, expected above, below"),
        ({"as": "hook", "hook": "nothing"}, "fields.f.hook: 'nothing' is unknown, expected one of compound_tax_rate"),
        ({"path": "A", "as": "object", "include": "nowhere"}, "shape 'nowhere' is unknown"),
    ],
)
def test_a_mistake_in_a_declaration_says_where_and_what_was_expected(declared: Any, expected: str) -> None:
    with pytest.raises(ManifestError) as caught:
        shape({"f": declared})
    assert expected in str(caught.value)
    assert str(caught.value).startswith("test: ")


@pytest.mark.parametrize("text", [b'{"a": 0.1}', b'{"a": 12345678901234567890.123456789}', b'{"a": 100}'])
def test_json_keeps_every_digit(text: bytes) -> None:
    assert jsontext.dumps(jsontext.loads(text)) == text.replace(b" ", b"")


def test_an_amount_that_is_no_number_is_not_sent() -> None:
    with pytest.raises(TypeError):
        jsontext.dumps({"a": Decimal("NaN")})


def test_paths_make_what_is_missing_and_read_none_where_a_step_is() -> None:
    target: dict[str, Any] = {}
    paths.putter("A.0.B.C")(target, 1)
    assert target == {"A": [{"B": {"C": 1}}]}
    assert paths.getter("A.0.B.C")(target) == 1
    assert paths.getter("A.3.B")(target) is None
    assert paths.getter("A.B.C")({"A": "text"}) is None


def test_a_value_of_the_record_may_be_written_into_every_line() -> None:
    put = paths.putter("lines.*.currency.code")
    record: dict[str, Any] = {"lines": [{"amount": 1}, {"currency": {"rate": 2}}]}
    put(record, "EUR")
    assert record == {"lines": [{"amount": 1, "currency": {"code": "EUR"}}, {"currency": {"rate": 2, "code": "EUR"}}]}
    put({}, "EUR")
    assert paths.getter("lines.*.currency.code")(record) == "EUR"
    assert [paths.getter(f"lines.{place}.amount")(record) for place in (0, -1, -2, -3)] == [1, None, 1, None]
