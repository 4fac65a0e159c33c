"""Duplicate contacts: found without comparing all with all, merged as alias, kept apart, undone; the ledger stays."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from benchmarks import cleansing as benchmark
from integrations.models import Connection, LedgerRecord, Posting
from mappings.cleansing import Party, core_name, find_groups
from mappings.models import ContactAlias, DuplicateGroup
from mappings.services import cleansing
from mappings.services import cleansing_decisions as decisions
from mappings.services.intake import receive_document
from mappings.services.mapping import map_document
from tenants.rls import tenant_scope
from tests.mappings.factories import activated, chart_of, connection_of, record_of, sale

Status = DuplicateGroup.Status


def names(*texts: str, **changes: Any) -> list[set[str]]:
    groups = find_groups([Party(text, text) for text in texts], **changes)
    return [set(group.keys) for group in groups]


# --- pure


def test_one_company_under_its_known_names_is_one_group() -> None:
    assert names("AWS", "Amazon Web Services", "Amazon.com", "Amazonas Reisen") == [
        {"AWS", "Amazon Web Services", "Amazon.com"}
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ACME Ltd.", "Acme"),
        ("Müller & Söhne GmbH", "Mueller und Soehne"),
        ("Яндекс ООО", "Yandex"),
        ("Rossi S.p.A.", "Rossi SpA"),
        ("Kwik Fit (GB) Limited", "Kwik-Fit"),
    ],
)
def test_legal_forms_accents_scripts_and_signs_do_not_matter(first: str, second: str) -> None:
    assert names(first, second) == [{first, second}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Store 12", "Store 14"),
        ("Alpha Systems", "Alpha Solutions"),
        ("Becker Fenster", "Decker Fenster"),
        ("GmbH", "Ltd"),
    ],
)
def test_names_that_only_look_alike_stay_two(first: str, second: str) -> None:
    assert names(first, second) == []


def test_a_tax_number_joins_other_names_and_two_tax_numbers_part_equal_ones() -> None:
    same = [Party("1", "TechCorp", tax_number="DE 811 111 111"), Party("2", "Technik AG", tax_number="DE811111111")]
    assert find_groups(same)[0].is_exact
    assert find_groups([Party("1", "Acme", tax_number="1"), Party("2", "Acme", tax_number="2")]) == []


def test_what_is_kept_apart_is_in_no_group_together_even_through_a_third() -> None:
    groups = names("Acme Ltd", "Acme Inc", "Acme GmbH", apart=[("Acme Inc", "Acme Ltd")])
    assert all(not {"Acme Ltd", "Acme Inc"} <= group for group in groups)
    assert groups


def test_a_name_of_only_a_legal_form_is_still_a_name() -> None:
    assert core_name("Limited") == "limited"
    assert core_name("ACME Ltd. (UK)") == "acme"


@pytest.mark.parametrize("part", ["development", "held_out"])
def test_duplicates_are_found_as_well_as_promised(part: str) -> None:
    found = benchmark.measure(part)
    assert found["precision"] >= benchmark.PRECISION
    assert found["recall"] >= benchmark.RECALL
    assert found["wrong_exact_pairs"] == 0


# --- over the ledger and the sources


def contact(
    connection: Connection, external_id: str, name: str, kind: str = "customer", **unified: Any
) -> LedgerRecord:
    return record_of(connection, "contacts", external_id, name, kind=kind, unified={"contact_type": kind, **unified})


def books(actors: Any, name: str = "Acme Books") -> Connection:
    connection = connection_of(actors.tenant, name)
    chart_of(connection)
    activated(connection, actors)
    contact(connection, "c1", "Blue Bottle Limited", email="hello@bluebottle.example")
    contact(connection, "c2", "Blue Bottle Ltd")
    contact(connection, "c3", "Green Kettle GmbH")
    return connection


def document(connection: Connection, counterparty: str, external_id: str) -> Any:
    body = sale(connection, external_id, counterparty={"name": counterparty})
    made = receive_document(connection=connection, body=body).document
    map_document(connection.tenant_id, made.pk)
    made.refresh_from_db()
    return made


def group_of(connection: Connection) -> DuplicateGroup:
    cleansing.find_duplicates(connection)
    return DuplicateGroup.objects.get(connection=connection)


@pytest.mark.django_db
def test_names_of_documents_and_contacts_of_the_ledger_make_one_group(in_acme: Any) -> None:
    connection = books(in_acme)
    document(connection, "blue bottle", "o-1")
    document(connection, "Blue Bottle Ltd", "o-2")
    group = group_of(connection)
    assert [(each["origin"], each["name"], each["documents"]) for each in group.members] == [
        ("ledger", "Blue Bottle Ltd", 1),
        ("ledger", "Blue Bottle Limited", 0),
        ("source", "blue bottle", 1),
    ]
    assert group.is_exact
    assert decisions.first_choice(group) == "c2"


@pytest.mark.django_db
def test_documents_use_the_chosen_contact_after_merging_and_no_contact_is_created(in_acme: Any) -> None:
    connection = books(in_acme)
    document(connection, "Bluebottle", "o-1")
    decisions.merge(group=group_of(connection), chosen="c1", by=in_acme.editor)
    Posting.objects.all()
    made = document(connection, "BLUEBOTTLE", "o-2")
    posting = Posting.objects.get(origin_id=made.pk, resource="invoices")
    assert posting.body["contact"]["id"] == "c1"
    assert "stands for it" in next(each["rule"] for each in made.trace if each["field"] == "contact")
    assert LedgerRecord.objects.filter(resource="contacts", deleted_at=None).count() == 3


@pytest.mark.django_db
def test_undoing_brings_the_group_back_and_documents_use_their_own_name_again(in_acme: Any) -> None:
    connection = books(in_acme)
    group = group_of(connection)
    decisions.merge(group=group, chosen="c1", by=in_acme.editor)
    assert ContactAlias.objects.get().name == "blue bottle ltd"
    decisions.undo(group=group, by=in_acme.approver)
    made = document(connection, "Blue Bottle Ltd", "o-1")
    assert Posting.objects.get(origin_id=made.pk, resource="invoices").body["contact"]["id"] == "c2"
    group.refresh_from_db()
    assert group.status == Status.OPEN


@pytest.mark.django_db
def test_what_is_kept_apart_is_never_proposed_again_until_undone(in_acme: Any) -> None:
    connection = books(in_acme)
    group = group_of(connection)
    decisions.keep_apart(group=group, by=in_acme.editor)
    assert cleansing.find_duplicates(connection) == 0
    document(connection, "BlueBottle", "o-1")
    cleansing.find_duplicates(connection)
    assert not any({"l:c1", "l:c2"} <= {each["key"] for each in row.members} for row in DuplicateGroup.objects.open())
    decisions.undo(group=group, by=in_acme.editor)
    assert cleansing.find_duplicates(connection) >= 1


@pytest.mark.django_db
def test_a_merged_group_is_not_proposed_again(in_acme: Any) -> None:
    connection = books(in_acme)
    decisions.merge(group=group_of(connection), chosen="c2", by=in_acme.editor)
    assert cleansing.find_duplicates(connection) == 0


@pytest.mark.django_db
def test_members_that_are_not_ticked_are_kept_apart(in_acme: Any) -> None:
    connection = books(in_acme)
    document(connection, "Bluebottle", "o-1")
    group = group_of(connection)
    decisions.merge(group=group, chosen="c1", by=in_acme.editor, keys=["l:c1", "s:bluebottle"])
    assert [alias.name for alias in ContactAlias.objects.all()] == ["bluebottle"]
    assert cleansing.find_duplicates(connection) == 0


@pytest.mark.django_db
def test_a_contact_that_is_not_there_or_of_another_kind_cannot_stay(in_acme: Any) -> None:
    connection = books(in_acme)
    contact(connection, "v1", "Blue Bottle", kind="vendor")
    group = group_of(connection)
    for chosen in ("nobody", "v1", ""):
        with pytest.raises(ValidationError, match="active contact"):
            decisions.merge(group=group, chosen=chosen, by=in_acme.editor)
    assert not ContactAlias.objects.exists()


@pytest.mark.django_db
def test_two_who_decide_at_once_decide_once(in_acme: Any) -> None:
    group = group_of(books(in_acme))
    decisions.keep_apart(group=group, by=in_acme.editor)
    with pytest.raises(ValidationError, match="already"):
        decisions.merge(group=group, chosen="c1", by=in_acme.owner)


@pytest.mark.django_db
def test_a_group_that_is_not_found_any_more_goes(in_acme: Any) -> None:
    connection = books(in_acme)
    group = group_of(connection)
    LedgerRecord.objects.filter(external_id="c2").update(is_active=False)
    assert cleansing.find_duplicates(connection) == 0
    group.refresh_from_db()
    assert group.status == Status.GONE


@pytest.mark.django_db
def test_exact_ones_merge_together_and_leave_the_others(in_acme: Any) -> None:
    connection = books(in_acme)
    contact(connection, "c8", "Kaufmann Elektro")
    contact(connection, "c9", "Kaufman Elektro")
    cleansing.find_duplicates(connection)
    assert decisions.merge_exact(connection=connection, by=in_acme.editor) == 1
    assert DuplicateGroup.objects.open().count() == 1


# --- pages

LIST = "admin:mappings_duplicategroup_changelist"


def found(actors: Any) -> DuplicateGroup:
    with tenant_scope(actors.tenant.pk):
        return group_of(books(actors, f"{actors.tenant.slug} books"))


@pytest.mark.django_db
def test_an_editor_merges_on_the_page_and_undoes_it(acme: Any) -> None:
    group = found(acme)
    client = acme.client("editor")
    shown = client.get(reverse(LIST)).content.decode()
    assert "Blue Bottle Limited" in shown
    assert "Keep apart" in shown
    client.post(
        reverse("admin:mappings_duplicategroup_merge", args=[group.pk]), {"chosen": "c1", "key": ["l:c1", "l:c2"]}
    )
    assert "Undo" in client.get(reverse(LIST), {"tab": "merged"}).content.decode()
    client.post(reverse("admin:mappings_duplicategroup_undo", args=[group.pk]))
    with tenant_scope(acme.tenant.pk):
        group.refresh_from_db()
        assert group.status == Status.OPEN
        assert not ContactAlias.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["merge", "apart", "undo"])
def test_an_auditor_sees_the_groups_and_decides_nothing(acme: Any, word: str) -> None:
    group = found(acme)
    client = acme.client("auditor")
    assert "Keep apart" not in client.get(reverse(LIST)).content.decode().replace("Kept apart", "")
    assert client.post(reverse(f"admin:mappings_duplicategroup_{word}", args=[group.pk])).status_code == 403


@pytest.mark.django_db
def test_another_tenant_sees_and_decides_nothing(acme: Any, rival: Any) -> None:
    group = found(acme)
    client = rival.client("owner")
    assert "Blue Bottle" not in client.get(reverse(LIST)).content.decode()
    assert client.get(reverse(LIST), {"connection": str(group.connection_id)}).status_code == 404
    for word in ("merge", "apart"):
        client.post(reverse(f"admin:mappings_duplicategroup_{word}", args=[group.pk]), {"chosen": "c1"})
    for word in ("exact", "search"):
        url = reverse(f"admin:mappings_duplicategroup_{word}", args=[group.connection_id])
        assert client.post(url).status_code == 404
    with tenant_scope(acme.tenant.pk):
        group.refresh_from_db()
        assert group.status == Status.OPEN


@pytest.mark.django_db
def test_without_a_connection_and_before_the_first_look_the_page_says_what_to_do(acme: Any) -> None:
    client = acme.client("editor")
    assert "Connect a ledger first" in client.get(reverse(LIST)).content.decode()
    with tenant_scope(acme.tenant.pk):
        connection_of(acme.tenant)
    assert "Not compared yet" in client.get(reverse(LIST)).content.decode()


@pytest.mark.django_db
def test_an_alias_of_one_tenant_means_nothing_for_another(acme: Any, rival: Any) -> None:
    group = found(acme)
    with tenant_scope(acme.tenant.pk):
        decisions.merge(group=group, chosen="c1", by=acme.editor)
    with tenant_scope(rival.tenant.pk):
        connection = books(rival, "rival books")
        made = document(connection, "Blue Bottle Ltd", "o-1")
        assert Posting.objects.get(origin_id=made.pk, resource="invoices").body["contact"]["id"] == "c2"
