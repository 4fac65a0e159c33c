"""The tables of the gateway's names against the records that they speak of."""

import pytest

from integrations.sandbox.sage_intacct import forms, xmlnames, xmlvalues
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import OBJECTS, at
from integrations.sandbox.sage_intacct.properties import has
from integrations.sandbox.sage_intacct.xmlnames import Field
from integrations.sandbox.sage_intacct.xmltables import LINES, MASTERS, TRANSACTIONS, WORDS
from tests.sandbox.sage_intacct.driver import Intacct

_FORMS = ("", "date", "moment", "flag", *WORDS)


def test_every_name_leads_to_something_that_the_objects_show(busy: Intacct) -> None:
    books = Books(busy.world.organisation(busy.id), busy.world.clock)
    astray, seen = {}, 0
    for obj in OBJECTS:
        records = [forms.show(books, obj, each) for each in books.live(obj)]
        lines = [line for each in records for line in each.get(obj.lines_field) or ()]
        for path, shown in ((obj.path, records), (obj.lines, lines)):
            fields = xmlnames.fields(books, path).values() if shown else ()
            wrong = {each.name: each.path for each in fields if not any(_leads(each, one) for one in shown)}
            seen += bool(fields)
            if wrong:
                astray[path] = wrong
    assert seen > 30
    assert not astray


def _leads(field: Field, shown: dict[str, object]) -> bool:
    """Whether the path is there, or what it leads through is null; lines have their owner's times."""
    parts = field.path.split(".")
    above = (".".join(parts[:count]) for count in range(1, len(parts)))
    is_null = any(has(shown, each) and at(shown, each) is None for each in above)
    return has(shown, field.path) or is_null or parts[0] in ("dimensions", "audit")


def test_every_form_is_one_that_values_have() -> None:
    tables = {**MASTERS, **TRANSACTIONS, **LINES}
    spelled = [each for table in tables.values() for each in table.values() if "nsp::" not in each]
    assert {each.partition(":")[2] for each in spelled} <= set(_FORMS)


@pytest.mark.parametrize(("form", "rest", "xml"), [
    ("", "100.00", "100.00"), ("date", "2026-01-31", "01/31/2026"), ("flag", True, "true"), ("flag", False, "false"),
    ("moment", "2026-01-31T08:30:01Z", "01/31/2026 08:30:01"), ("side", "credit", "-1"), ("state", "posted", "Posted"),
    ("method", "printedCheck", "Printed Check"), ("closing", "nonClosingAccount", "non-closing account"),
])  # fmt: skip
def test_values_go_both_ways(form: str, rest: object, xml: str) -> None:
    field = Field("X", "x", form)
    assert xmlvalues.shown(field, rest) == xml
    assert xmlvalues.told(field, xml) == rest


def test_every_word_comes_back() -> None:
    for form, words in WORDS.items():
        # "posted" and "submitted" are both said "Submit": what is sent is the second.
        for rest in words.keys() - ({"posted"} if form == "action" else set()):
            field = Field("X", "x", form)
            assert xmlvalues.told(field, xmlvalues.shown(field, rest).upper()) == rest
