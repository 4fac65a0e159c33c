"""A bill against its purchase order: the vendor's, open, line by line as ordered, and not billed beyond it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from integrations.models import Connection, LedgerRecord, Posting
from integrations.services.connectors import connector_of
from mappings.models import SourceDocument
from mappings.models.documents import ORIGIN
from mappings.services.practice import rule_of
from mappings.transform import Document, Problem, Result, Trace
from mappings.transform.money import quantum_of, text_of
from mappings.transform.ordered import Difference, are_compared, differences

_NONE = Decimal(0)
_NOT_BILLED = (SourceDocument.Status.REFUSED, SourceDocument.Status.LEFT_OUT)
_NOT_THERE = (Posting.Status.CANCELLED, Posting.Status.REJECTED)


@dataclass(frozen=True)
class Match:
    """What was found, what stands in the way, and how the ledger's bill names its order where it can."""

    trace: tuple[Trace, ...] = ()
    problems: tuple[Problem, ...] = ()
    link: dict[str, str] | None = None


def match_order(connection: Connection, source: Document, document_id: UUID, result: Result) -> Match:
    """Compare a purchase with the order it names; nothing for a document that names none.

    `result`: what the mapping made of it, whose lines are compared once it has any.
    """
    if not source.purchase_order:
        return Match()
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "purchase_orders")
    order = rows.filter(number=source.purchase_order, deleted_at=None).first()
    if order is None:
        return _stopped("order_missing", f"The ledger has no purchase order {source.purchase_order}.")
    vendor = str((order.unified.get("contact") or {}).get("name") or "")
    if vendor and vendor.casefold() != source.counterparty.casefold():
        return _stopped("order_of_another", f"Purchase order {source.purchase_order} is {vendor}'s.")
    if order.unified.get("status") in ("void", "closed"):
        return _stopped("order_closed", f"Purchase order {source.purchase_order} is {order.unified['status']}.")
    rule = rule_of(connection, source.kind)
    return _within(connection, source, document_id, order, result, rule.order_tolerance if rule else _NONE)


def _within(
    connection: Connection,
    source: Document,
    document_id: UUID,
    order: LedgerRecord,
    result: Result,
    percent: Decimal,
) -> Match:
    others = _others(connection, source, document_id)
    billed = (others.aggregate(sum=Sum("total"))["sum"] or _NONE) + source.total
    ordered, money, number = Decimal(str(order.unified.get("total") or 0)), source.currency, source.purchase_order
    lines: list[dict[str, Any]] = order.unified.get("lines") or []
    mine = (result.payload or {}).get("lines") or []
    found = [_told(each, number) for each in differences(mine, lines, _lines_of(others), percent)]
    over = billed - ordered
    if over > max(ordered * percent / 100, quantum_of(money)):
        found.append(
            _problem(
                "order_exceeded",
                f"With this bill {text_of(billed, money)} are billed of purchase order {number}, "
                f"which is for {text_of(ordered, money)}: {text_of(over, money)} too much.",
            )
        )
    if found:
        return Match(problems=tuple(found))
    how = "line by line" if are_compared(mine, lines) else "by its total: its lines name no item or account in common"
    rule = f"the vendor's open order, compared {how}; {text_of(billed, money)} of {text_of(ordered, money)} are billed"
    link = {"type": "purchase_order", "id": order.external_id} if _links(connection) else None
    return Match((Trace("document", "purchase order", number, number, order.external_id, rule, 0),), link=link)


def _others(connection: Connection, source: Document, document_id: UUID) -> QuerySet[SourceDocument]:
    others = SourceDocument.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, kind=source.kind, body__purchase_order=source.purchase_order
    )
    # Whoever came first has the order; those behind it do not count before they are on their way.
    before = Q(pk__lt=document_id) | Q(status=SourceDocument.Status.MAPPED)
    return others.filter(before).exclude(pk=document_id).exclude(status__in=_NOT_BILLED)


def _lines_of(others: QuerySet[SourceDocument]) -> Iterator[dict[str, Any]]:
    """The lines of the bills that are written for other documents; one query."""
    bills = Posting.objects.filter(origin_kind=ORIGIN, origin_id__in=others.values("pk"), reverses=None)
    bills = bills.filter(resource="bills", operation=Posting.Operation.CREATE).exclude(status__in=_NOT_THERE)
    for body in bills.values_list("body", flat=True):
        yield from body.get("lines") or []


def _links(connection: Connection) -> bool:
    """Whether a new bill of this ledger can name the order that it bills."""
    entities = connector_of(connection).resources["bills"].entities.values()
    return any(field.name == "links" and field.put is not None for each in entities for field in each.shape.fields)


def _told(found: Difference, number: str) -> Problem:
    if found.code == "missing":
        return _problem("order_line_missing", f"“{found.name}” is not on purchase order {number}.")
    if found.code == "price":
        asked, agreed = _price(found.asked), _price(found.agreed)
        text = f"“{found.name}” costs {asked} on this bill and {agreed} on purchase order {number}."
        return _problem("order_price_differs", text)
    asked, agreed = (f"{each.normalize():f}" for each in (found.asked, found.agreed))
    text = f"With this bill {asked} of “{found.name}” are billed; purchase order {number} is for {agreed}."
    return _problem("order_quantity_exceeded", text)


def _price(price: Decimal) -> str:
    """With two decimals, or as many as it has."""
    return (
        f"{max(price.normalize(), price.quantize(Decimal('0.01')), key=lambda each: -int(each.as_tuple().exponent)):f}"
    )


def _stopped(code: str, text: str) -> Match:
    return Match(problems=(_problem(code, text),))


def _problem(code: str, text: str) -> Problem:
    remedy = (
        "Correct the order in the ledger and sync: the bill then goes by itself. Or allow more in the posting rule of "
        "purchases, or send it without the order."
    )
    return Problem(code=code, text=text, remedy=remedy, cause="ledger")
