"""Versions: one draft, one active, nobody approves their own, and nothing decided on changes afterwards."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.services import decisions, drafts
from mappings.services.differences import differences
from mappings.services.targets import get_target
from mappings.services.versions import VersionError, Word, active_set, open_set
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted

CONSULTING = Word("category", "sales", "Consulting")


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def test_an_editor_drafts_and_submits_and_an_approver_activates(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme)
    assert (version.status, version.version) == ("active", 1)
    assert (version.submitted_by, version.approved_by) == (acme.editor, acme.approver)


def test_nobody_approves_what_they_submitted(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.owner)
    decisions.submit(mapping_set=draft, by=acme.owner, comment="Mine")
    with pytest.raises(VersionError, match="Nobody approves their own"):
        decisions.activate(mapping_set=draft, by=acme.owner)


def test_nobody_approves_a_version_that_contains_their_change_though_another_submitted_it(
    connection: Connection, acme: Actors
) -> None:
    drafted(connection, acme.owner, {CONSULTING: "3"})
    draft = drafted(connection, acme.editor, {Word("tax_code", "sales", "VAT20"): "20"})
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Ours")
    with pytest.raises(VersionError, match="Nobody approves their own"):
        decisions.activate(mapping_set=draft, by=acme.owner)


@pytest.mark.parametrize("in_list", [True, False])
def test_the_database_itself_refuses_self_approval(connection: Connection, acme: Actors, in_list: bool) -> None:
    draft = drafted(connection, acme.editor)
    changes = {"editors": [acme.approver.pk]} if in_list else {"submitted_by": acme.approver, "editors": []}
    with pytest.raises(IntegrityError, match="nobody_approves"), transaction.atomic():
        MappingSet.objects.filter(pk=draft.pk).update(approved_by=acme.approver, **changes)


def test_the_database_keeps_one_active_and_one_open_version(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    common = {"tenant": acme.tenant, "connection": connection}
    with pytest.raises(IntegrityError, match="one_active_mapping_set"), transaction.atomic():
        MappingSet.objects.create(**common, version=9, status="active", approved_by=acme.approver)
    drafted(connection, acme.editor, {CONSULTING: "4"})
    with pytest.raises(IntegrityError, match="one_open_mapping_set"), transaction.atomic():
        MappingSet.objects.create(**common, version=9, status="draft")


def test_the_database_refuses_changes_to_a_version_that_is_no_draft(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme)
    rows = ValueMapping.objects.filter(mapping_set=version)
    with pytest.raises(IntegrityError, match="Only a draft can be changed"), transaction.atomic():
        rows.update(target_external_id="4")
    with pytest.raises(IntegrityError, match="Only a draft can be changed"), transaction.atomic():
        rows.delete()


def test_the_next_draft_is_a_copy_and_the_active_version_stays(connection: Connection, acme: Actors) -> None:
    first = activated(connection, acme)
    draft = drafted(connection, acme.editor, {CONSULTING: "4"})
    assert (draft.version, draft.based_on) == (2, first)
    changes = [each for each in differences(draft) if each.is_change]
    assert [(each.word, each.what) for each in changes] == [(CONSULTING, "changed")]
    assert active_set(connection) == first
    assert ValueMapping.objects.get(mapping_set=first, value="Consulting").target_external_id == "3"


def test_a_submitted_version_cannot_be_edited_until_it_is_withdrawn(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor)
    decisions.submit(mapping_set=draft, by=acme.editor, comment="First")
    with pytest.raises(VersionError, match="waits for approval"):
        drafts.ensure_draft(connection=connection, by=acme.editor)
    with pytest.raises(VersionError, match="Only somebody who worked"):
        decisions.withdraw(mapping_set=draft, by=acme.approver)
    decisions.withdraw(mapping_set=draft, by=acme.editor)
    assert drafts.ensure_draft(connection=connection, by=acme.editor).pk == draft.pk


def test_a_version_sent_back_stays_in_history_and_the_work_goes_on_in_a_copy(
    connection: Connection, acme: Actors
) -> None:
    draft = drafted(connection, acme.editor)
    decisions.submit(mapping_set=draft, by=acme.editor, comment="First")
    with pytest.raises(VersionError, match="what should be different"):
        decisions.reject(mapping_set=draft, by=acme.approver, comment=" ")
    onward = decisions.reject(mapping_set=draft, by=acme.approver, comment="4000 is closed")
    draft.refresh_from_db()
    assert (draft.status, draft.decision_comment) == ("rejected", "4000 is closed")
    assert (onward.status, onward.version) == ("draft", 2)
    assert onward.editors == [acme.editor.pk]
    assert ValueMapping.objects.filter(mapping_set=onward).count() == 5


def test_submitting_needs_a_comment_a_change_and_usable_targets(connection: Connection, acme: Actors) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    with pytest.raises(VersionError, match="Nothing differs"):
        decisions.submit(mapping_set=draft, by=acme.editor, comment="Empty")
    drafted(connection, acme.editor)
    with pytest.raises(VersionError, match="what changed and why"):
        decisions.submit(mapping_set=draft, by=acme.editor, comment="")
    record = get_target(connection=connection, subject="category", external_id="3")
    assert record
    record.is_active = False
    record.save()
    with pytest.raises(VersionError, match="inactive in the ledger"):
        decisions.submit(mapping_set=draft, by=acme.editor, comment="First")


def test_rolling_back_makes_the_earlier_content_active_as_a_new_version(connection: Connection, acme: Actors) -> None:
    first = activated(connection, acme)
    activated(connection, acme, {CONSULTING: "4"})
    first.refresh_from_db()
    again, _ = decisions.roll_back(mapping_set=first, by=acme.approver, comment="4100 was wrong")
    assert (again.version, again.status, again.based_on) == (3, "active", first)
    assert ValueMapping.objects.get(mapping_set=again, value="Consulting").target_external_id == "3"
    assert (again.submitted_by, again.approved_by) == (acme.editor, acme.approver)
    assert active_set(connection) == again


def test_rolling_back_leaves_a_draft_alone_and_is_not_for_those_who_wrote_it(
    connection: Connection, acme: Actors
) -> None:
    first = activated(connection, acme)
    activated(connection, acme, {CONSULTING: "4"})
    draft = drafted(connection, acme.editor, {CONSULTING: "3"})
    first.refresh_from_db()
    with pytest.raises(VersionError, match="Nobody approves their own"):
        decisions.roll_back(mapping_set=first, by=acme.editor, comment="Back")
    decisions.roll_back(mapping_set=first, by=acme.approver, comment="Back")
    assert open_set(connection) == draft


def test_only_records_that_fit_are_accepted(connection: Connection, acme: Actors) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    travel = get_target(connection=connection, subject="category", external_id="5")
    with pytest.raises(VersionError, match="a sale needs an income account"):
        drafts.set_value(draft=draft, word=CONSULTING, record=travel, by=acme.editor)


def test_every_change_and_decision_is_in_the_audit_trail(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme)
    events = MappingSet.pgh_event_model.objects  # type: ignore[attr-defined]
    statuses = list(events.filter(pgh_obj_id=version.pk).order_by("pgh_id").values_list("status", flat=True))
    assert statuses[0] == "draft"
    assert statuses[-2:] == ["submitted", "active"]
    assert version.approved_at is not None
    assert timezone.now() >= version.approved_at
