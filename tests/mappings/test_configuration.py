"""A connection's configuration to files and back: drafts only, all of it or nothing, every fault with its line."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from integrations.models import Connection, FieldOverride
from integrations.services import overrides, policies
from mappings.models import MappingSet, ValueMapping
from mappings.services import decisions, drafts
from mappings.services.configuration import exported, imported, planned
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection with a chart, an active version, an override and a wish."""
    with tenant_scope(acme.tenant.pk):
        made = make_connection(acme.tenant, name="Acme Trading")
        for number, (code, name, kind) in enumerate(
            [("4000", "Sales", "income"), ("4010", "Online sales", "income"), ("6000", "Rent", "expense")]
        ):
            make_record(
                made, "accounts", name=name, number=code, kind=kind, external_id=str(number),
                unified={"external_id": str(number), "code": code, "name": name, "type": kind},
            )  # fmt: skip
        _activate(made, acme, {"Shirts": "0", "Hats": "1"})
        row = overrides.draft(
            connection=made, resource="invoices", direction="read", target="memo",
            expression="PrivateNote &\n  '!'", by=acme.editor,
        )  # fmt: skip
        overrides.submit(row=row, by=acme.editor, reason="We shout.")
        overrides.approve(row=row, by=acme.approver)
        policies.set_policy(connection=made, resource="bills", direction="read")
    return made


def _activate(connection: Connection, acme: Actors, chosen: dict[str, str]) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    for value, key in chosen.items():
        record = connection.records.get(resource="accounts", external_id=key)
        drafts.set_value(draft=draft, word=Word("category", "sales", value), record=record, by=acme.editor)
    decisions.submit(mapping_set=draft, by=acme.editor, comment="First.")
    decisions.activate(mapping_set=draft, by=acme.approver)


def test_the_files_are_readable_and_say_codes_and_names(books: Connection) -> None:
    with tenant_scope(books.tenant_id):
        files = exported(books)
    assert "      code: '4010'\n      name: Online sales\n" in files["mappings.yaml"]
    assert files["mappings.yaml"].index("Hats") < files["mappings.yaml"].index("Shirts")
    assert "expression: |-\n      PrivateNote &\n        '!'\n" in files["overrides.yaml"]
    assert "  bills:\n    direction: read\n" in files["connection.yaml"]


def test_what_goes_out_comes_in_as_no_change(books: Connection) -> None:
    with tenant_scope(books.tenant_id):
        plan = planned(books, exported(books))
    assert (plan.faults, plan.changes, plan.notes) == ([], [], [])


def test_an_import_makes_drafts_and_exporting_what_was_approved_gives_the_same_files(
    books: Connection, acme: Actors
) -> None:
    with tenant_scope(books.tenant_id):
        files = exported(books)
        other = make_connection(acme.tenant, name="Acme Retail")
        for row in books.records.filter(resource="accounts"):
            make_record(
                other, "accounts", name=row.name, number=row.number, kind=row.kind, external_id=f"x{row.external_id}",
                unified={**row.unified, "external_id": f"x{row.external_id}"},
            )  # fmt: skip
        plan = planned(other, files)
        assert plan.faults == []
        made = imported(plan, by=acme.editor)
        assert made.mapping_set is not None
        assert made.mapping_set.status == MappingSet.Status.DRAFT
        assert [row.status for row in made.overrides] == [FieldOverride.Status.DRAFT]
        assert not MappingSet.objects.active().filter(connection=other).exists()
        decisions.submit(mapping_set=made.mapping_set, by=acme.editor, comment="Copied.")
        decisions.activate(mapping_set=made.mapping_set, by=acme.approver)
        for drafted in made.overrides:
            overrides.submit(row=drafted, by=acme.editor, reason="We shout.")
            overrides.approve(row=drafted, by=acme.approver)
        again = exported(other)
    assert again["mappings.yaml"] == files["mappings.yaml"]
    assert again["overrides.yaml"] == files["overrides.yaml"]


CHANGED = """format: 1
mappings:
  - {subject: category, side: sales, value: Shirts, target: {code: '4010', name: Online sales}}
  - {subject: category, side: sales, value: Shoes, target: {code: '4000'}}
"""


def test_changes_are_told_before_and_after(books: Connection) -> None:
    with tenant_scope(books.tenant_id):
        plan = planned(books, {"mappings.yaml": CHANGED})
    told = {each.what.split("“")[1].split("”")[0]: (each.before, each.after) for each in plan.changes}
    assert told == {
        "Hats": ("4010 Online sales", "nothing"),
        "Shirts": ("4000 Sales", "4010 Online sales"),
        "Shoes": ("nothing", "4000 Sales"),
    }


BROKEN = {
    "connection.yaml": "format: 1\nledger: xero\norganisation: x\npolicies: {tax_tolerance: much, sync_minutes: 0}\n"
    "resources: {unicorns: {direction: read}}\n",
    "mappings.yaml": "format: 1\nmappings:\n"
    "  - {subject: category, side: sales, value: A, target: {code: '9999'}}\n"
    "  - {subject: category, side: sales, value: B, target: {code: '6000', name: Rent}}\n"
    "  - {subject: colour, side: sales, value: C, target: {code: '4000'}}\n"
    "  - {subject: category, side: sales, value: A, target: {code: '4000'}}\n",
    "overrides.yaml": "format: 1\noverrides:\n"
    "  - {resource: invoices, direction: read, field: total, expression: Amt}\n"
    "  - {resource: invoices, direction: read, field: due_on, expression: $eval(Amt)}\n",
    "surprise.yaml": "x",
}


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_imported(books: Connection, acme: Actors) -> None:
    with tenant_scope(books.tenant_id):
        plan = planned(books, BROKEN)
        told = [str(fault) for fault in plan.faults]
        for expected in (
            "connection.yaml, line 2: ledger: these files are for xero",
            "connection.yaml, line 4: tax_tolerance: 'much'",
            "connection.yaml, line 4: sync_minutes: '0'",
            "connection.yaml, line 5: unicorns",
            "mappings.yaml, line 3: the ledger has no record “9999”",
            "mappings.yaml, line 4: 6000 Rent cannot be used for category “B”: a sale needs an income account",
            "mappings.yaml, line 5: subject: 'colour'",
            "overrides.yaml, line 3: total is the ledger's word",
            "overrides.yaml, line 4: line 1, column 5: $eval cannot be used",
            "surprise.yaml: is no such file",
        ):
            assert any(expected in line for line in told), (expected, told)
        before = (MappingSet.objects.count(), FieldOverride.objects.count(), ValueMapping.objects.count())
        with pytest.raises(ValidationError):
            imported(plan, by=acme.editor)
        assert (MappingSet.objects.count(), FieldOverride.objects.count(), ValueMapping.objects.count()) == before


RULES = """format: 1
mappings:
  - {subject: category, side: sales, target: {code: '4000', name: Sales}}
  - {subject: category, side: sales, value: Shirts, conditions: {country: de, currency: EUR}, target: {code: '4010'}}
  - {subject: category, side: sales, value: Shirts, from: 2026-12-01, target: {code: '4010'}}
  - {subject: category, side: sales, value: Shirts, target: {code: '4000'}}
"""


def test_rules_go_out_and_come_back_with_their_conditions_and_dates(books: Connection, acme: Actors) -> None:
    with tenant_scope(books.tenant_id):
        made = imported(planned(books, {"mappings.yaml": RULES}), by=acme.editor).mapping_set
        assert made is not None
        decisions.submit(mapping_set=made, by=acme.editor, comment="Rules.")
        decisions.activate(mapping_set=made, by=acme.approver)
        files = exported(books)
        plan = planned(books, files)
    assert (plan.faults, plan.changes) == ([], [])
    text = files["mappings.yaml"]
    assert "    conditions:\n      country: DE\n      currency: EUR\n" in text
    assert "    from: '2026-12-01'\n" in text
    assert "    side: sales\n    target:\n      code: '4000'\n" in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{subject: category, side: sales, value: A, conditions: {colour: red}, target: {code: '4000'}}", "condition"),
        ("{subject: category, side: sales, value: A, from: soon, target: {code: '4000'}}", "'soon' is no day"),
        (
            "{subject: category, side: sales, value: A, conditions: {country: DE}, target: {code: '4000'}}\n"
            "  - {subject: category, side: sales, value: A, conditions: {currency: EUR}, target: {code: '4010'}}",
            "could win equally",
        ),
        (
            "{subject: category, side: sales, value: A, conditions: {country: DE}, target: {code: '4000'}}\n"
            "  - {subject: category, side: sales, value: A, conditions: {country: de}, target: {code: '4010'}}",
            "just this already",
        ),
    ],
)
def test_rules_that_cannot_be_are_told_with_their_line(books: Connection, line: str, told: str) -> None:
    with tenant_scope(books.tenant_id):
        faults = planned(books, {"mappings.yaml": f"format: 1\nmappings:\n  - {line}\n"}).faults
    assert [told in fault.text and fault.line in (3, 4) for fault in faults] == [True]


def test_somebodys_draft_is_replaced_only_on_purpose(books: Connection, acme: Actors) -> None:
    with tenant_scope(books.tenant_id):
        drafts.ensure_draft(connection=books, by=acme.owner)
        with pytest.raises(ValidationError, match="is a draft already"):
            imported(planned(books, {"mappings.yaml": CHANGED}), by=acme.editor)
        made = imported(planned(books, {"mappings.yaml": CHANGED}), by=acme.editor, replaces_draft=True).mapping_set
        assert made is not None
        assert sorted(made.values.values_list("value", flat=True)) == ["Shirts", "Shoes"]
        decisions.submit(mapping_set=made, by=acme.editor, comment="Files.")
        with pytest.raises(ValidationError, match="own change"):
            decisions.activate(mapping_set=made, by=acme.editor)


def test_wishes_are_compared_and_set_only_when_asked_for(books: Connection, acme: Actors) -> None:
    text = "format: 1\nledger: quickbooks\norganisation: other\npolicies: {read_only: true}\n"
    with tenant_scope(books.tenant_id):
        plan = planned(books, {"connection.yaml": text})
        assert {each.what for each in plan.changes} == {"read only", "Bills"}
        assert plan.notes
        imported(plan, by=acme.owner)
        assert not Connection.objects.get(pk=books.pk).is_read_only
        imported(plan, by=acme.owner, with_policies=True)
        assert Connection.objects.get(pk=books.pk).is_read_only
        assert policies.of(books, "bills").direction == "both"


def _run(*arguments: Any) -> dict[str, Any]:
    out = StringIO()
    call_command(*map(str, arguments), "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_the_commands_write_and_read_a_folder(books: Connection, acme: Actors, tmp_path: Path) -> None:
    found = _run("config_export", books.pk, "--out", tmp_path / "acme")
    assert sorted(found["files"]) == ["connection.yaml", "mappings.yaml", "overrides.yaml"]
    assert _run("config_import", books.pk, tmp_path / "acme", "--dry-run")["changes"] == []
    (tmp_path / "acme" / "mappings.yaml").write_text(CHANGED)
    assert len(_run("config_import", books.pk, tmp_path / "acme", "--dry-run")["changes"]) == 3
    with pytest.raises(CommandError, match="who drafts"):
        _run("config_import", books.pk, tmp_path / "acme")
    with pytest.raises(CommandError, match="may not"):
        _run("config_import", books.pk, tmp_path / "acme", "--as", "auditor@acme.test")
    _run("config_import", books.pk, tmp_path / "acme", "--as", "editor@acme.test")
    with tenant_scope(books.tenant_id):
        assert MappingSet.objects.open().get().values.count() == 2
    (tmp_path / "acme" / "mappings.yaml").write_text("format: 7\n")
    with pytest.raises(CommandError, match="line 1"):
        _run("config_import", books.pk, tmp_path / "acme", "--dry-run")


def test_another_tenants_records_are_unknown(books: Connection, acme: Actors, rival: Actors) -> None:
    with tenant_scope(books.tenant_id):
        files = exported(books)
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant)
        plan = planned(theirs, {"mappings.yaml": files["mappings.yaml"]})
        assert len(plan.faults) == 2
        assert all("the ledger has no record" in str(fault) for fault in plan.faults)
