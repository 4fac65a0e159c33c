"""Suggestions learn from this tenant's versions, connections and documents, forget what is undone, tell nobody."""

from typing import Any

import pytest

from integrations.models import Connection, CrossReference
from mappings.services import decisions
from mappings.services.drafts import ensure_draft, set_value
from mappings.services.learning import knowledge_of
from mappings.services.refusing import Refusal, refuse, refused_of, take_back
from mappings.services.versions import VersionError, Word
from mappings.suggest import Candidate, Suggester
from tenants.rls import tenant_scope
from tests.integrations.factories import make_posting
from tests.mappings.factories import ACCOUNTS, activated, chart_of, connection_of, drafted, record_of

pytestmark = pytest.mark.django_db

COSTS = [Candidate(row[0], row[2], row[1], kind=row[3]) for row in ACCOUNTS if row[3] == "expense"]


def suggested(connection: Connection, word: str, side: str = "purchases") -> str:
    found = Suggester(COSTS, knowledge_of(connection, "category", side)).suggest(word)
    return found.candidate.external_id if found else ""


def bill(connection: Connection, external_id: str, contact: str, description: str, account: str) -> None:
    line = {"description": description, "account": {"id": account, "name": "x"}, "amount": "10"}
    record_of(connection, "bills", external_id, "", remote_type="Bill", contact_name=contact, unified={"lines": [line]})


@pytest.fixture
def connection(in_acme: Any) -> Connection:
    made = connection_of(in_acme.tenant)
    chart_of(made)
    return made


def test_a_value_goes_where_the_version_before_put_it(connection: Connection, in_acme: Any) -> None:
    assert suggested(connection, "Zebra") == ""
    activated(connection, in_acme, {Word("category", "purchases", "Zebra"): "6"})
    assert suggested(connection, "zebra") == "6"


def test_what_the_draft_takes_back_is_forgotten(connection: Connection, in_acme: Any) -> None:
    draft = drafted(connection, in_acme.editor, {Word("category", "purchases", "Zebra"): "6"})
    assert suggested(connection, "Zebra") == "6"
    set_value(draft=draft, word=Word("category", "purchases", "Zebra"), record=None, by=in_acme.editor)
    assert suggested(connection, "Zebra") == ""


def test_another_connection_of_the_tenant_teaches_by_name_of_the_account(connection: Connection, in_acme: Any) -> None:
    second = connection_of(in_acme.tenant, "Second Books")
    record_of(
        second,
        "accounts",
        "900",
        "Travel",
        kind="expense",
        number="6200",
        unified={"code": "6200", "type": "expense", "full_name": "Travel"},
    )
    draft = ensure_draft(connection=second, by=in_acme.editor)
    from mappings.services.targets import get_target

    record = get_target(connection=second, subject="category", external_id="900")
    set_value(draft=draft, word=Word("category", "purchases", "Quokka"), record=record, by=in_acme.editor)
    decisions.submit(mapping_set=draft, by=in_acme.editor, comment="First")
    decisions.activate(mapping_set=draft, by=in_acme.approver)
    assert suggested(connection, "Quokka") == "5"


def test_the_ledger_s_own_bills_tell_where_a_supplier_goes(connection: Connection) -> None:
    for number in range(4):
        bill(connection, f"b{number}", "Kowalski GmbH", "Monthly licence", "6")
    assert suggested(connection, "Kowalski") == "6"
    assert suggested(connection, "Kowalski", side="sales") == ""


def test_what_this_portal_posted_is_no_habit_of_the_ledger(connection: Connection) -> None:
    for number in range(4):
        bill(connection, f"b{number}", "Kowalski GmbH", "Monthly licence", "6")
        made = make_posting(connection, resource="bills", idempotency_key=f"k{number}")
        CrossReference.objects.create(
            tenant_id=connection.tenant_id, connection=connection, local_kind="source_document", local_id=f"d{number}",
            resource="bills", remote_type="Bill", external_id=f"b{number}", posting=made,
        )  # fmt: skip
    assert suggested(connection, "Kowalski") == ""
    bill(connection, "by-hand", "Kowalski GmbH", "Monthly licence", "6")
    assert suggested(connection, "Kowalski") == "6"


def test_a_refused_suggestion_is_not_made_again_until_it_is_taken_back(connection: Connection, in_acme: Any) -> None:
    assert suggested(connection, "Train") == "5"
    no = [Refusal("category", "purchases", "Train", "5")]
    refuse(connection=connection, refusals=no, by=in_acme.editor)
    refuse(connection=connection, refusals=no, by=in_acme.approver)
    assert suggested(connection, "Train") != "5"
    (said,) = refused_of(connection)[("category", "purchases", "Train")]
    assert said.name == "6200 Travel"
    assert take_back(connection=connection, refusals=[Refusal("category", "sales", "Train", "5")]) == 0
    assert take_back(connection=connection, refusals=no) == 1
    assert suggested(connection, "Train") == "5"


def test_only_a_record_of_this_ledger_can_be_refused(connection: Connection, in_acme: Any) -> None:
    with pytest.raises(VersionError, match="not in this ledger"):
        refuse(
            connection=connection, refusals=[Refusal("category", "purchases", "Train", "no-such")], by=in_acme.editor
        )


def test_another_tenant_s_choices_documents_and_refusals_teach_nothing(acme: Any, rival: Any) -> None:
    with tenant_scope(rival.tenant.pk):
        theirs = connection_of(rival.tenant, "Rival Books")
        chart_of(theirs)
        activated(theirs, rival, {Word("category", "purchases", "Zebra"): "6"})
        bill(theirs, "b1", "Kowalski", "Licence", "6")
        refuse(connection=theirs, refusals=[Refusal("category", "purchases", "Train", "5")], by=rival.editor)
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant)
        chart_of(connection)
        knows = knowledge_of(connection, "category", "purchases")
        assert (knows.uses, knows.refused, refused_of(connection)) == ((), (), {})


def test_knowledge_costs_the_same_number_of_queries_however_much_there_is(
    connection: Connection, in_acme: Any, django_assert_max_num_queries: Any
) -> None:
    activated(connection, in_acme, {Word("category", "purchases", f"Value {number}"): "6" for number in range(5)})
    for number in range(5):
        bill(connection, f"b{number}", f"Supplier {number}", "Things", "5")
    with django_assert_max_num_queries(4):
        assert len(knowledge_of(connection, "category", "purchases").uses) > 10
