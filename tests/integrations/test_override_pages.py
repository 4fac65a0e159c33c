"""The pages and the API of overrides: drafted by an editor, tried, decided on by an approver, seen by an auditor."""

from typing import Any

import pytest

from integrations.models import Connection, FieldOverride
from integrations.services import overrides
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record

PAGE = "/admin/integrations/fieldoverride/"
RAW = {"Id": "1", "PrivateNote": "hello <b>", "Line": [{"Amount": 10.5}]}


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's with one invoice."""
    with tenant_scope(acme.tenant.pk):
        made = make_connection(acme.tenant, name="Acme Trading")
        make_record(made, number="N-77", raw=RAW)
    return made


def given(books: Connection, **changes: Any) -> dict[str, Any]:
    values = {"connection": str(books.pk), "resource": "invoices", "direction": "read", "target": "memo"}
    return {**values, "expression": "PrivateNote & '!'", **changes}


def draft(books: Connection, acme: Actors, **changes: Any) -> FieldOverride:
    values = {"resource": "invoices", "direction": "read", "target": "memo", "expression": "PrivateNote", **changes}
    with tenant_scope(books.tenant_id):
        return overrides.draft(connection=books, by=acme.editor, **values)


def state(row: FieldOverride) -> str:
    with tenant_scope(row.tenant_id):
        return str(FieldOverride.objects.get(pk=row.pk).status)


def test_an_empty_list_says_what_overrides_are_for(acme: Actors) -> None:
    text = acme.client("auditor").get(PAGE).content.decode()
    assert "No overrides yet" in text
    assert "Write the first one" not in text


def test_an_editor_tries_an_expression_on_a_real_record_before_keeping_it(acme: Actors, books: Connection) -> None:
    client = acme.client("editor")
    page = client.post(f"{PAGE}add/", given(books, sample="N-77")).content.decode()
    assert "hello &lt;b&gt;!" in page
    assert "&quot;PrivateNote&quot;" in page
    with tenant_scope(books.tenant_id):
        assert not FieldOverride.objects.exists()
    answer = client.post(f"{PAGE}add/", given(books, save="1"), follow=True)
    assert "Kept as a draft" in answer.content.decode()
    with tenant_scope(books.tenant_id):
        assert FieldOverride.objects.get().expression == "PrivateNote & '!'"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"expression": "PrivateNote &"}, "Line 1, column 13"),
        ({"expression": "$eval('1')"}, "$eval cannot be used"),
        ({"target": "total"}, "word alone"),
        ({"target": ""}, "This field is required"),
        ({"connection": "00000000-0000-0000-0000-000000000000"}, "valid choice"),
        ({"sample": "nothing of that name"}, "this is the newest record"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(acme: Actors, books: Connection, changes: dict[str, Any], told: str) -> None:
    page = acme.client("editor").post(f"{PAGE}add/", given(books, **changes)).content.decode()
    assert told in page.replace("&#x27;", "'")


def test_the_whole_way_through_the_pages(acme: Actors, books: Connection) -> None:
    row = draft(books, acme)
    editor, approver = acme.client("editor"), acme.client("approver")
    tried = editor.post(f"{PAGE}{row.pk}/change_text/", {"expression": "$uppercase(PrivateNote)"}, follow=True)
    assert "HELLO" in tried.content.decode()
    assert "Not kept yet" in tried.content.decode()
    editor.post(f"{PAGE}{row.pk}/change_text/", {"expression": "$uppercase(PrivateNote)", "save": "1"})
    editor.post(f"{PAGE}{row.pk}/submit/", {"reason": "We shout."})
    assert state(row) == "submitted"
    assert "We shout." in approver.get(f"{PAGE}{row.pk}/change/").content.decode()
    answer = approver.post(f"{PAGE}{row.pk}/approve/", {"decision": "Fine."}, follow=True)
    assert "1 stored records are read anew" in answer.content.decode()
    assert state(row) == "active"
    approver.post(f"{PAGE}{row.pk}/end/", {"decision": "Enough."})
    assert state(row) == "superseded"
    approver.post(f"{PAGE}{row.pk}/roll_back/", {"decision": "Missed it."})
    with tenant_scope(books.tenant_id):
        assert FieldOverride.objects.active().get().version == 2


def test_sending_back_and_withdrawing(acme: Actors, books: Connection) -> None:
    row = draft(books, acme)
    editor, approver = acme.client("editor"), acme.client("approver")
    editor.post(f"{PAGE}{row.pk}/submit/", {"reason": "Please."})
    editor.post(f"{PAGE}{row.pk}/withdraw/")
    assert state(row) == "draft"
    editor.post(f"{PAGE}{row.pk}/submit/", {"reason": "Please."})
    page = approver.post(f"{PAGE}{row.pk}/send_back/", {"decision": "Not so."}, follow=True).content.decode()
    assert "the work goes on in version 2" in page
    assert "Not so." in page


@pytest.mark.parametrize(
    ("role", "word"),
    [
        ("editor", "approve"),
        ("editor", "end"),
        ("editor", "roll_back"),
        ("approver", "submit"),
        ("approver", "change_text"),
        ("approver", "discard"),
        ("auditor", "submit"),
        ("auditor", "approve"),
        ("support", "approve"),
        ("support", "change_text"),
    ],
)
def test_each_role_does_its_part(acme: Actors, books: Connection, role: str, word: str) -> None:
    row = draft(books, acme)
    assert acme.client(role).post(f"{PAGE}{row.pk}/{word}/", {"reason": "x"}).status_code == 403
    assert acme.client(role).get(f"{PAGE}{row.pk}/change/").status_code == 200
    assert state(row) == "draft"


@pytest.mark.parametrize("role", ["approver", "auditor", "support"])
def test_only_editors_draft(acme: Actors, books: Connection, role: str) -> None:
    assert acme.client(role).get(f"{PAGE}add/").status_code == 403
    assert acme.client(role).post(f"{PAGE}add/", given(books, save="1")).status_code == 403


def test_another_tenant_sees_and_changes_nothing(acme: Actors, rival: Actors, books: Connection) -> None:
    row = draft(books, acme)
    client = rival.client("owner")
    assert "memo" not in client.get(PAGE).content.decode().split("</nav>")[-1].split("No overrides")[0]
    assert client.get(f"{PAGE}{row.pk}/change/").status_code == 302
    for word in ("submit", "approve", "discard", "change_text"):
        assert client.post(f"{PAGE}{row.pk}/{word}/", {"reason": "x", "expression": "1"}).status_code == 302
    assert state(row) == "draft"
    page = client.post(f"{PAGE}add/", given(books)).content.decode()
    assert "hello" not in page
    assert "Acme Trading" not in page


def test_the_trail_says_who_changed_what(acme: Actors, books: Connection) -> None:
    row = draft(books, acme)
    acme.client("editor").post(f"{PAGE}{row.pk}/submit/", {"reason": "We shout."})
    with tenant_scope(books.tenant_id):
        events = row.events.order_by("pgh_id")  # type: ignore[attr-defined]
        assert [event.status for event in events] == ["draft", "submitted"]
        assert events.last().pgh_context["actor"] == "editor@acme.test"
