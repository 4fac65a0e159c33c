"""How a connection's ledger books, from its manifest, its accounts as the mirror has them, and the posting rules."""

from decimal import Decimal
from typing import Any

from integrations.engine.declarations import Connector
from integrations.models import Connection, LedgerRecord
from integrations.services.connectors import connector_of
from mappings.models import PostingRule
from mappings.services.targets import target_of
from mappings.transform.model import Target
from mappings.transform.money import text_of
from mappings.transform.practice import Practice

_RECEIVABLE, _BANK = "accounts_receivable", "bank"


def practice_of(connection: Connection, kind: str) -> Practice:
    """What the transformation needs to know of a ledger for one kind of document; three queries at most."""
    connector = connector_of(connection)
    books, rule = connector.bookkeeping, rule_of(connection, kind)
    resources = connector.resources
    return Practice(
        tax_rounding=books.tax_rounding,
        inclusive_lines=books.inclusive_lines,
        allocates=frozenset(name for name, each in resources.items() if _knows(each, "allocate")),
        credits_by_payment=books.credits_applied_by == "payment",
        settles_one=books.payment_settles == "one",
        keeps_rest=books.payment_rest == "kept",
        refunds_by=books.refunds_by,
        payouts_by=books.payouts_by,
        overpayment=rule.overpayment if rule else PostingRule.Overpayment.KEEP,
        tolerance=rule.tolerance if rule else 1,
        must_map=frozenset(rule.must_map) if rule else frozenset(),
        items_decide="invoice_lines_name_items" in connector.traits,
        items_are=books.items_are,
        document_dimensions=frozenset(books.document_dimensions),
        priced_lines=books.lines_say == "price",
        takes_gross=books.taxed_amounts == "both",
        untaxed=books.untaxed,
        paid_from_bank=books.paid_from_bank,
        journals_name=books.journals_name,
        needs_due_day=books.due_day == "needed",
        unapplied=_unapplied(connector),
        no_dimensions=connector.missing.get("tracking_categories", ""),
        home=connection.currency,
        receivable=_account(connection, _RECEIVABLE) if kind == "refund" else None,
        bank=_account(connection, _BANK) if kind == "credit" else None,
    )


def rule_of(connection: Connection, kind: str) -> PostingRule | None:
    """The tenant's rule for a kind, else the one for every kind, if there is any."""
    rows = PostingRule.objects.for_tenant(connection.tenant_id).filter(connection=connection, kind__in=[kind, ""])
    return rows.order_by("-kind").first()


def needs_approval(connection: Connection, body: dict[str, Any]) -> str:
    """Why a second person has to look at a document before it is sent, in words; empty when nobody has to."""
    rule = rule_of(connection, body["kind"])
    if rule is None or rule.approve_from is None:
        return ""
    if not rule.approve_from:
        return f"Every {body['kind']} waits for a second person."
    total, currency = abs(Decimal(body["total"])), body["currency"]
    if currency != connection.currency:
        if not body.get("exchange_rate"):
            return f"Its worth in {connection.currency} is not known before the ledger has converted it."
        total *= Decimal(body["exchange_rate"])
    if total < rule.approve_from:
        return ""
    return f"From {text_of(rule.approve_from, connection.currency)} a second person has to agree."


def _unapplied(connector: Connector) -> dict[str, str]:
    """Credits that nothing of the ledger's interface applies to what they correct, with its manifest's reason."""
    if connector.bookkeeping.credits_applied_by == "payment":
        return {}
    reason = connector.missing.get("*.allocate", "the ledger's interface has no call for it.")
    names = [name for name in ("credit_notes", "vendor_credits") if name in connector.resources]
    return {
        name: connector.missing.get(f"{name}.allocate", reason)
        for name in names
        if not _knows(connector.resources[name], "allocate")
    }


def _knows(resource: Any, operation: str) -> bool:
    return any(operation in entity.operations for entity in resource.entities.values())


def _account(connection: Connection, kind: str) -> Target | None:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "accounts")
    found = rows.filter(kind=kind, is_active=True).order_by("id").first()
    return target_of(found) if found else None
