"""Decisions about a version: submit, withdraw, approve, send back, roll back. Nobody decides about their own change."""

from datetime import date

from django.utils import timezone

from integrations.models import Connection
from mappings.models import MappingSet, SourceDocument
from mappings.services.differences import differences, tied_rules, unfit_values
from mappings.services.drafts import in_conflict
from mappings.services.versions import VersionError, copy_set, locked, remember_editor, serialise
from tenants.models import User


def submit(*, mapping_set: MappingSet, by: User, comment: str) -> MappingSet:
    """Hand the draft to an approver; refused without changes, or with targets that cannot be used."""
    draft = locked(mapping_set, MappingSet.Status.DRAFT, "Only a draft can be submitted.")
    if not comment.strip():
        raise VersionError("Say in a sentence what changed and why; the approver reads it.")
    if not any(each.is_change for each in differences(draft)):
        raise VersionError("Nothing differs from the active version.")
    if unfit := unfit_values(draft):
        names = ", ".join(f"{row.words} ({why})" for row, why in unfit[:5])
        raise VersionError(f"These rules point at records that cannot be used: {names}.")
    if ties := tied_rules(draft):
        raise VersionError(in_conflict(*ties[0]))
    remember_editor(draft, by)
    draft.status, draft.submitted_by, draft.submitted_at = MappingSet.Status.SUBMITTED, by, timezone.now()
    draft.submitted_comment = comment.strip()
    draft.save()
    return draft


def withdraw(*, mapping_set: MappingSet, by: User) -> MappingSet:
    """Take a submitted version back to go on editing it."""
    found = locked(mapping_set, MappingSet.Status.SUBMITTED, "Only a submitted version can be withdrawn.")
    if by.pk not in found.editors:
        raise VersionError("Only somebody who worked on this version can withdraw it; an approver sends it back.")
    found.status, found.submitted_by, found.submitted_at = MappingSet.Status.DRAFT, None, None
    found.save()
    return found


def activate(*, mapping_set: MappingSet, by: User, comment: str = "", holds_from: date | None = None) -> int:
    """Approve a submitted version and make it the active one; returns how many waiting documents go to be mapped.

    With `holds_from` documents dated before keep the version that was active until now, whenever they arrive.
    """
    found = locked(mapping_set, MappingSet.Status.SUBMITTED, "Only a submitted version can be approved.")
    _refuse_own(found, by)
    return _make_active(found, by=by, comment=comment, holds_from=holds_from)


def reject(*, mapping_set: MappingSet, by: User, comment: str) -> MappingSet:
    """Send a submitted version back with a reason; the work goes on in a new draft, which is returned."""
    found = locked(mapping_set, MappingSet.Status.SUBMITTED, "Only a submitted version can be sent back.")
    _refuse_own(found, by)
    if not comment.strip():
        raise VersionError("Say what should be different; the editor reads it.")
    found.status, found.rejected_by, found.rejected_at = MappingSet.Status.REJECTED, by, timezone.now()
    found.decision_comment = comment.strip()
    found.save()
    author = found.submitted_by or by
    return copy_set(found.connection, source=found, by=author, editors=found.editors)


def roll_back(
    *, mapping_set: MappingSet, by: User, comment: str, holds_from: date | None = None
) -> tuple[MappingSet, int]:
    """Make an earlier, once approved version the active one again, as a new version.

    Its content was drafted and submitted by others, whose names stay; the person who rolls back approves it anew.
    """
    serialise(mapping_set.connection)
    old = MappingSet.objects.for_tenant(mapping_set.tenant_id).get(pk=mapping_set.pk)
    if old.status != MappingSet.Status.SUPERSEDED:
        raise VersionError("Only a version that was active before can be rolled back to.")
    if not comment.strip():
        raise VersionError("Say why; it stays in the history.")
    _refuse_own(old, by)
    again = copy_set(old.connection, source=old, by=by, editors=old.editors, status=MappingSet.Status.PREPARING)
    again.submitted_by, again.submitted_at = old.submitted_by, old.submitted_at
    again.submitted_comment = f"Version {old.version} again: {old.submitted_comment}"
    return again, _make_active(again, by=by, comment=comment, holds_from=holds_from)


def release_waiting(connection: Connection) -> int:
    """Let documents that wait for a mapping or the ledger be looked at again, in the order they came."""
    waiting = SourceDocument.objects.for_tenant(connection.tenant_id).waiting().filter(connection=connection)
    return waiting.update(status=SourceDocument.Status.RECEIVED, waits_for=SourceDocument.WaitsFor.NOTHING)


def _make_active(found: MappingSet, *, by: User, comment: str, holds_from: date | None) -> int:
    active = MappingSet.objects.for_tenant(found.tenant_id).active().filter(connection=found.connection)
    if not active.update(status=MappingSet.Status.SUPERSEDED) and holds_from is not None:
        raise VersionError(
            "No version was active before, so documents dated earlier would wait for ever: activate this one at once."
        )
    found.status, found.approved_by, found.approved_at = MappingSet.Status.ACTIVE, by, timezone.now()
    found.decision_comment, found.holds_from = comment.strip(), holds_from
    found.save()
    return release_waiting(found.connection)


def _refuse_own(found: MappingSet, by: User) -> None:
    if by.pk in found.editors or by.pk == found.submitted_by_id:
        raise VersionError(
            "Nobody approves their own change: another person with the right must decide on this version."
        )
