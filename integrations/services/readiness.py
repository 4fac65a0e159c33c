"""Is a posting ready to leave? What can be known before the ledger is asked is said before, with its remedy."""

from datetime import timedelta
from typing import Any

from django.db.models import Q

from integrations.engine.errors import RejectedError
from integrations.models import Connection, LedgerRecord, Posting
from integrations.services import closing, policies, sums, taxing
from integrations.services.ordering import predecessor
from integrations.services.references import placeholders, references, resolved

_AFTER_DEPENDENCY = timedelta(seconds=30)
_AFTER_CONNECTION = timedelta(hours=1)
# What to do about a posting that others wait for, by its state; they go by themselves once it is posted.
_MOVING = ("Nothing to do: this one follows by itself.", _AFTER_DEPENDENCY)
_STUCK: dict[str, tuple[str, timedelta]] = {
    Posting.Status.REJECTED: ("It was refused: correct and replay that one, or cancel this one.", _AFTER_CONNECTION),
    Posting.Status.CANCELLED: ("It was cancelled: cancel this one too, or ask for both again.", _AFTER_CONNECTION),
    Posting.Status.HELD: ("It waits for a decision: open that one and answer its question.", _AFTER_CONNECTION),
    Posting.Status.RESTING: ("Its tries are used up: remove the cause and replay that one.", _AFTER_CONNECTION),
    Posting.Status.UNKNOWN: ("Nothing to do: what became of that one is being looked up.", _AFTER_DEPENDENCY),
}


class NotYetError(Exception):
    """The posting has to wait for something else, in words; look again after `wait`."""

    def __init__(self, message: str, remedy: str, *, wait: timedelta, first: Posting | None = None) -> None:
        super().__init__(message)
        self.wait = wait
        self.error = {"code": "waiting", "message": message, "remedy": remedy, "who_can_fix": "nobody, it passes"}
        if first is not None:
            # What it waits for wakes it when it is done.
            self.error["waits_for"] = str(first.pk)


def callable_now(connection: Connection) -> None:
    """Raise NotYetError unless calls may be made on the connection now."""
    if connection.status != Connection.Status.ACTIVE:
        raise NotYetError(
            f"The connection is not active: {connection.get_status_display().lower()}.",
            "Resume or reconnect it: the posting then goes by itself.",
            wait=_AFTER_CONNECTION,
        )


def ready_body(posting: Posting) -> dict[str, Any]:
    """The body with references to other postings replaced by the ids the ledger gave; inside the tenant's scope.

    NotYetError while something has to come first; RejectedError, with a remedy, when the ledger would certainly refuse:
    `closing.PeriodClosedError` where the connection's policy for closed periods has the next word.
    """
    _turn_has_come(posting)
    body: dict[str, Any] = resolved(posting.body, _external_ids(posting))
    if posting.connection.is_read_only:
        raise RejectedError(
            "This connection is read only: nothing may be written to this ledger.",
            code="read_only",
            remedy="Allow postings on the connection, then replay this one.",
            who_can_fix="owner",
        )
    policies.check_posting(posting)
    if posting.operation == Posting.Operation.CREATE:
        sums.check(posting.resource, body)
        taxing.check(posting.connection, posting.resource, body)
        _currency_is_known(posting.connection, body)
        _references_are_usable(posting, body)
    closing.check(posting, body)
    return body


def _turn_has_come(posting: Posting) -> None:
    """Raise NotYetError, in words, while another posting has to come first."""
    first = posting.depends_on
    if first is not None and first.status != Posting.Status.POSTED:
        raise _after(first, "Another posting must come first")
    earlier = predecessor(posting)
    if earlier is not None:
        raise _after(earlier, "An earlier posting changes a record that this one names")


def _after(first: Posting, why: str) -> NotYetError:
    remedy, wait = _STUCK.get(first.status, _MOVING)
    return NotYetError(f"{why}: {first}.", remedy, wait=wait, first=first)


def _external_ids(posting: Posting) -> dict[str, str]:
    wanted = set(placeholders(posting.body))
    if not wanted:
        return {}
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(pk__in=wanted, status=Posting.Status.POSTED)
    found = {str(pk): external_id for pk, external_id in rows.values_list("pk", "external_id")}
    if missing := wanted - set(found):
        named = list(Posting.objects.for_tenant(posting.tenant_id).filter(pk__in=missing).order_by("id")[:1])
        if named:
            raise _after(named[0], "A posting that this one names must come first")
        raise NotYetError(
            f"{len(missing)} posting(s) that this one refers to do not exist.",
            "Cancel this one, and ask for it again with what it needs.",
            wait=_AFTER_CONNECTION,
        )
    return found


def _references_are_usable(posting: Posting, body: dict[str, Any]) -> None:
    wanted = {(resource, external_id) for resource, external_id, _ in references(body)}
    if not wanted:
        return
    which = Q()
    for resource in {resource for resource, _ in wanted}:
        ids = [external_id for name, external_id in wanted if name == resource]
        which |= Q(resource=resource, external_id__in=ids)
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(which, connection_id=posting.connection_id)
    # Customers and vendors share the id space of contacts in some ledgers: one live row of an id is enough.
    live = set(rows.filter(deleted_at=None, is_active=True).values_list("resource", "external_id"))
    for row in rows.exclude(deleted_at=None, is_active=True):
        if (row.resource, row.external_id) not in live:
            gone = "was deleted" if row.deleted_at else "is inactive"
            raise RejectedError(
                f"{row.get_resource_display()}: {row} {gone} in the ledger.",
                code="invalid_reference",
                remedy="Choose another one in the mapping, or make it active in the ledger and sync; then replay.",
                who_can_fix="finance editor",
            )


def _currency_is_known(connection: Connection, body: dict[str, Any]) -> None:
    """Raise RejectedError for a currency that the organisation does not have, as far as the mirror knows them."""
    currency = str(body.get("currency") or "")
    if not currency or currency == connection.currency:
        return
    codes = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "currencies").filter(is_active=True)
    known = {str(unified.get("code") or "") for unified in codes.values_list("unified", flat=True)} - {""}
    if known and currency not in known:
        listed = ", ".join(sorted({*known, connection.currency}))
        raise RejectedError(
            f"The ledger does not have the currency {currency}; it has {listed}.",
            code="currency_not_enabled",
            remedy=f"Add {currency} to the currencies in the ledger and sync, or correct the document; then replay.",
            who_can_fix="administrator of the ledger",
        )
