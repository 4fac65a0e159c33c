"""A bill against its purchase order: the vendor's, open, and not billed beyond its total."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from integrations.models import Connection, LedgerRecord
from mappings.models import SourceDocument
from mappings.transform import Document, Problem, Trace
from mappings.transform.money import quantum_of, text_of

_NONE = Decimal(0)
_NOT_BILLED = (SourceDocument.Status.REFUSED, SourceDocument.Status.LEFT_OUT)


@dataclass(frozen=True)
class Match:
    """What was found, and what stands in the way."""

    trace: tuple[Trace, ...] = ()
    problems: tuple[Problem, ...] = ()


def match_order(connection: Connection, source: Document, document_id: UUID) -> Match:
    """Compare a purchase with the order it names; nothing for a document that names none."""
    if not source.purchase_order:
        return Match()
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "purchase_orders")
    order = rows.filter(number=source.purchase_order, deleted_at=None).first()
    if order is None:
        return _problem("order_missing", f"The ledger has no purchase order {source.purchase_order}.")
    vendor = str((order.unified.get("contact") or {}).get("name") or "")
    if vendor and vendor.casefold() != source.counterparty.casefold():
        return _problem("order_of_another", f"Purchase order {source.purchase_order} is {vendor}'s.")
    if order.unified.get("status") in ("void", "closed"):
        return _problem("order_closed", f"Purchase order {source.purchase_order} is {order.unified['status']}.")
    return _within(connection, source, document_id, order)


def _within(connection: Connection, source: Document, document_id: UUID, order: LedgerRecord) -> Match:
    ordered = Decimal(str(order.unified.get("total") or 0))
    others = SourceDocument.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, kind=source.kind, body__purchase_order=source.purchase_order
    )
    # Whoever came first has the order; those behind it do not count before they are on their way.
    before = Q(pk__lt=document_id) | Q(status=SourceDocument.Status.MAPPED)
    others = others.filter(before).exclude(pk=document_id).exclude(status__in=_NOT_BILLED)
    billed = (others.aggregate(sum=Sum("total"))["sum"] or _NONE) + source.total
    over = billed - ordered
    money = source.currency
    if over > quantum_of(money):
        return _problem(
            "order_exceeded",
            f"With this bill {text_of(billed, money)} are billed of purchase order {source.purchase_order}, "
            f"which is for {text_of(ordered, money)}: {text_of(over, money)} too much.",
        )
    rule = f"the vendor's open order; {text_of(billed, money)} of {text_of(ordered, money)} are billed with this"
    number = source.purchase_order
    return Match((Trace("document", "purchase order", number, number, order.external_id, rule, 0),))


def _problem(code: str, text: str) -> Match:
    remedy = "Correct the order in the ledger and sync: the bill then goes by itself. Or send it without the order."
    return Match(problems=(Problem(code=code, text=text, remedy=remedy, cause="ledger"),))
