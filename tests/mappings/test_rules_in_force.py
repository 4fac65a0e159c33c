"""Rules on real documents: conditions, defaults and dates choose the account; versions hold from the date they say."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, SourceDocument, ValueMapping
from mappings.services import decisions, drafts
from mappings.services.differences import differences
from mappings.services.impact import impact_of
from mappings.services.targets import get_target
from mappings.services.versions import VersionError, Word, set_for
from tests.conftest import Actors
from tests.mappings.factories import WORDS, activated, chart_of, connection_of, drafted, received

GERMAN = Word("category", "sales", "Consulting", (("country", "DE"),))
ANY = Word("category", "sales", "")
DE = {"name": "Blau GmbH", "country": "DE"}


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def account(document: SourceDocument) -> dict[str, Any]:
    """The reason for the first line's account."""
    found: dict[str, Any] = next(each for each in document.trace if each["field"] == "account")
    return found


def test_the_more_exact_rule_decides_and_the_document_keeps_why_the_others_did_not(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme, {**WORDS, GERMAN: "4"})
    german = received(connection, external_id="de", counterparty=DE)
    other = received(connection, external_id="gb")
    assert (account(german)["target_id"], account(other)["target_id"]) == ("4", "3")
    assert "with country DE" in account(german)["rule"]
    assert account(german)["alternatives"] == [
        {"target": "4000 Sales of services", "lost_because": "less exact: it holds for category “Consulting”"}
    ]
    assert account(other)["alternatives"] == [
        {"target": "4100 Other sales", "lost_because": "holds for country DE, this document names none"}
    ]


def test_a_default_takes_words_that_nobody_named(connection: Connection, acme: Actors) -> None:
    lines = [{"category": "Never seen", "tax_code": "VAT20", "amount": "100.00"}]
    waiting = received(connection, external_id="before", lines=lines)
    assert waiting.status == "waiting"
    draft = drafted(connection, acme.editor, {ANY: "4", Word("tax_code", "sales", "VAT20"): "20"})
    assert impact_of(draft).goes == 1
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Whatever else")
    decisions.activate(mapping_set=draft, by=acme.approver)
    found = received(connection, external_id="after", lines=lines)
    assert (found.status, account(found)["target_id"]) == ("mapped", "4")
    assert account(found)["rule"] == "on sales, any category is mapped to it"


def test_what_a_version_sets_free_counts_documents_that_only_rules_with_conditions_name(
    connection: Connection, acme: Actors
) -> None:
    for number, party in enumerate((DE, DE, {"name": "Rouge SARL", "country": "FR"})):
        received(connection, external_id=f"order-{number}", counterparty=party)
    draft = drafted(connection, acme.editor, {GERMAN: "4", Word("tax_code", "sales", "VAT20"): "20"})
    impact = impact_of(draft)
    assert (impact.goes, impact.money, impact.stays, impact.unread) == (2, "240.00 GBP", 1, 0)
    later = Word("category", "sales", "Consulting", (("country", "FR"),), effective_from=date(2026, 12, 1))
    drafted(connection, acme.editor, {later: "4"})
    assert impact_of(draft) == impact
    few = impact_of(draft, most_read=1)
    assert (few.goes, few.stays, few.unread) == (1, 2, 2)
    drafted(connection, acme.editor, {ANY: "4"})
    assert impact_of(draft).goes == 3


def test_a_rule_that_leads_to_a_record_which_cannot_be_used_sets_nothing_free(
    connection: Connection, acme: Actors
) -> None:
    received(connection, counterparty=DE)
    draft = drafted(connection, acme.editor, {**WORDS, ANY: "4", GERMAN: "4"})
    assert impact_of(draft).goes == 1
    LedgerRecord.objects.filter(resource="accounts", external_id="3").update(is_active=False)
    assert impact_of(draft).goes == 1
    LedgerRecord.objects.filter(resource="accounts", external_id="4").update(is_active=False)
    impact = impact_of(draft)
    assert (impact.goes, impact.stays) == (0, 1)
    LedgerRecord.objects.filter(resource="accounts", external_id="4").update(is_active=True)
    drafted(connection, acme.editor, {}).values.exclude(conditions={}).delete()
    assert impact_of(draft).goes == 0


def test_a_rule_holds_for_documents_dated_from_its_day(connection: Connection, acme: Actors) -> None:
    later = Word("category", "sales", "Consulting", effective_from=date(2026, 12, 1))
    activated(connection, acme, {**WORDS, later: "4"})
    before = received(connection, external_id="nov", issued_on="2026-11-30")
    after = received(connection, external_id="dec", issued_on="2026-12-01")
    assert (account(before)["target_id"], account(after)["target_id"]) == ("3", "4")


def test_a_rule_that_could_tie_with_another_is_refused_and_both_are_named(connection: Connection, acme: Actors) -> None:
    euro = Word("category", "sales", "Consulting", (("currency", "EUR"),))
    with pytest.raises(VersionError) as refused:
        drafted(connection, acme.editor, {GERMAN: "3", euro: "4"})
    said = refused.value.messages[0]
    assert "category “Consulting” with country DE (4000 Sales of services)" in said
    assert "category “Consulting” with currency EUR (4100 Other sales)" in said
    drafted(connection, acme.editor, {GERMAN: "4"})
    assert ValueMapping.objects.get().target_external_id == "4"


def test_rules_that_came_another_way_and_could_tie_keep_a_version_from_being_submitted(
    connection: Connection, acme: Actors
) -> None:
    draft = drafted(connection, acme.editor, {GERMAN: "3"})
    row: dict[str, Any] = {**ValueMapping.objects.values().get()}
    del row["id"]
    ValueMapping.objects.create(**row | {"conditions": {"currency": "EUR"}})
    with pytest.raises(VersionError, match="could win equally"):
        decisions.submit(mapping_set=draft, by=acme.editor, comment="Both")


def test_the_database_keeps_one_target_for_the_same_question(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor, {GERMAN: "3"})
    row: dict[str, Any] = {**ValueMapping.objects.values().get()}
    del row["id"]
    with pytest.raises(IntegrityError, match="one_target_per_rule"), transaction.atomic():
        ValueMapping.objects.create(**row)


def test_what_cannot_be_asked_is_refused_in_words(connection: Connection, acme: Actors) -> None:
    with pytest.raises(VersionError, match="“colour” cannot be a condition here"):
        drafted(connection, acme.editor, {Word("category", "sales", "Consulting", (("colour", "red"),)): "3"})


def test_conditions_are_compared_whatever_the_case_they_were_written_in(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor, {Word("category", "sales", "Consulting", (("country", " de "),)): "3"})
    drafted(connection, acme.editor, {GERMAN: "4"})
    assert ValueMapping.objects.get().target_external_id == "4"


def test_the_next_draft_copies_rules_whole_and_differences_are_rule_by_rule(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme, {**WORDS, GERMAN: "4"})
    draft = drafted(connection, acme.editor, {GERMAN: "3"})
    (change,) = [each for each in differences(draft) if each.is_change]
    assert (change.word, change.what) == (GERMAN, "changed")
    drafts.set_value(draft=draft, word=GERMAN, record=None, by=acme.editor)
    assert [each.what for each in differences(draft) if each.is_change] == ["removed"]


def test_a_version_from_a_date_leaves_earlier_documents_to_the_one_before(connection: Connection, acme: Actors) -> None:
    first = activated(connection, acme)
    second = drafted(connection, acme.editor, {Word("category", "sales", "Consulting"): "4"})
    decisions.submit(mapping_set=second, by=acme.editor, comment="From December")
    decisions.activate(mapping_set=second, by=acme.approver, holds_from=date(2026, 12, 1))
    before = received(connection, external_id="nov", issued_on="2026-11-30")
    after = received(connection, external_id="dec", issued_on="2026-12-01")
    assert (before.mapping_set, account(before)["target_id"]) == (first, "3")
    assert (after.mapping_set, account(after)["target_id"]) == (second, "4")
    assert account(before)["alternatives"] == [
        {"target": "4100 Other sales", "lost_because": "is meant from version 2 on, for later documents"}
    ]
    assert account(after)["alternatives"][0]["lost_because"] == "was meant until version 1 was replaced"
    first.refresh_from_db()
    again, _ = decisions.roll_back(mapping_set=first, by=acme.approver, comment="Not at all")
    assert {set_for(connection, date(year, 12, 1)) for year in (2020, 2030)} == {again}


def test_the_first_version_cannot_hold_from_a_date(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor)
    decisions.submit(mapping_set=draft, by=acme.editor, comment="First")
    with pytest.raises(VersionError, match="activate this one at once"):
        decisions.activate(mapping_set=draft, by=acme.approver, holds_from=date(2026, 12, 1))
    assert MappingSet.objects.get().status == "submitted"


def test_another_side_or_subject_that_does_not_fit_is_refused_for_conditional_rules_too(
    connection: Connection, acme: Actors
) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    travel = get_target(connection=connection, subject="category", external_id="5")
    with pytest.raises(VersionError, match="a sale needs an income account"):
        drafts.set_value(draft=draft, word=GERMAN, record=travel, by=acme.editor)
