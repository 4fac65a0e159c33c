"""What is owed by age, worked out of the portal's copy where a ledger's interfaces have no such report.

It is as of the last sync: only what is open now is known, not what was open on an earlier day. Each currency stands by
itself; the age counts from the due date, or from the day of the document.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from integrations.engine.declarations import Connector
from integrations.models import Connection, LedgerRecord
from integrations.unified.report_tree import nested

MADE: Mapping[str, Mapping[str, int]] = {
    "aged_receivables": {"invoices": 1, "credit_notes": -1, "payments": -1},
    "aged_payables": {"bills": 1, "vendor_credits": -1, "bill_payments": -1},
}
"""Report → the resources it is made of, and whether they are owed or take off what is owed."""

BASIS = "the portal's copy, as of the last sync"
_SILENT = ("draft", "void")
_BUCKETS = (("current", "Current", 0), ("1_30", "1–30 days", 30), ("31_60", "31–60", 60), ("61_90", "61–90", 90))
_OLDEST = ("91", "91 and more")
_KEYS = [*(key for key, _, _ in _BUCKETS), _OLDEST[0]]
_COLUMNS = [
    {"key": "label", "title": "Contact", "type": ""},
    *({"key": key, "title": title, "type": "money"} for key, title, _ in _BUCKETS),
    {"key": _OLDEST[0], "title": _OLDEST[1], "type": "money"},
    {"key": "total", "title": "Total", "type": "money"},
]

Amounts = dict[str, Decimal]


def is_made(connector: Connector, name: str) -> bool:
    """Whether the portal makes this report itself for this ledger."""
    return name in MADE and name not in connector.reports and set(MADE[name]) <= set(connector.resources)


def made(connection: Connection, name: str, today: date) -> dict[str, Any]:
    """The report in the unified shape; inside the tenant's scope."""
    by_currency: dict[str, dict[tuple[str, str], Amounts]] = defaultdict(dict)
    for resource, sign in MADE[name].items():
        rows = LedgerRecord.objects.of(connection, resource).open().exclude(status__in=_SILENT)
        for row in rows.only(
            "contact_id_external", "contact_name", "currency", "open_amount", "due_on", "issued_on"
        ).iterator():
            contact = (row.contact_name or row.contact_id_external, row.contact_id_external)
            amounts = by_currency[row.currency or connection.currency].setdefault(
                contact, dict.fromkeys([*_KEYS, "total"], Decimal(0))
            )
            coins = Decimal(1).scaleb(-get_currency_precision(row.currency or connection.currency))
            amount = (sign * (row.open_amount or Decimal(0))).quantize(coins)
            amounts[_bucket(row.due_on or row.issued_on, today)] += amount
            amounts["total"] += amount
    currencies = sorted(by_currency)
    return nested({
        "external_id": name, "name": name.replace("_", " ").capitalize(), "basis": None, "start_on": None,
        "end_on": today, "currency": currencies[0] if len(currencies) == 1 else None, "made_at": None,
        "columns": _COLUMNS, "rows": list(_rows(by_currency)), "is_cut_short": False,
        "note": f"made of {BASIS}",
    })  # fmt: skip


def _bucket(due: date | None, today: date) -> str:
    late = (today - due).days if due else 0
    return next((key for key, _, most in _BUCKETS if late <= most), _OLDEST[0])


def _rows(by_currency: Mapping[str, Mapping[tuple[str, str], Amounts]]) -> Iterable[dict[str, Any]]:
    is_alone = len(by_currency) == 1
    for currency, contacts in sorted(by_currency.items()):
        level, group = (0, "total") if is_alone else (1, None)
        if not is_alone:
            yield _row("section", currency, "", {}, 0, None)
        for (label, key), amounts in sorted(contacts.items()):
            if any(amounts.values()):
                yield _row("data", label, key, amounts, level, None)
        total = {key: sum((each[key] for each in contacts.values()), Decimal(0)) for key in [*_KEYS, "total"]}
        yield _row("summary", f"Total {currency}", "", total, 0, group)


def _row(kind: str, label: str, key: str, values: Mapping[str, Any], level: int, group: str | None) -> dict[str, Any]:
    return {
        "kind": kind, "label": label, "id": key or None, "group": group, "level": level, "values": dict(values),
    }  # fmt: skip
