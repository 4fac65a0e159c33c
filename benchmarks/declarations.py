"""How fast a declaration turns QuickBooks invoices into unified records and back, against the same done by hand.

`python benchmarks/declarations.py [--records 5000] [--json]`: best of five interleaved rounds, five-line invoices, from
decoded JSON. The hand-written functions below do exactly what `invoices.yaml` says; the results are compared first.
With the extra `benchmarks` installed the reading is also done in JSONata (without exact money and dates, which it
does not have: the comparison is in its favour).
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from integrations.engine import jsontext, manifest
from integrations.engine.converters import Context

LINES = 5
CONTEXT = Context(values={"org": "1", "home_currency": "USD", "country": "US"})


def invoice(number: int) -> dict[str, Any]:
    """An invoice as QuickBooks sends it."""
    lines = [
        {
            "Id": str(place + 1),
            "LineNum": place + 1,
            "Description": f"Work {place}",
            "Amount": Decimal("31.50"),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": str(place + 1), "name": "Services"},
                "UnitPrice": Decimal("10.50"),
                "Qty": 3,
                "ItemAccountRef": {"value": "1", "name": "Services"},
                "ClassRef": {"value": "5000000000000007280", "name": "North"},
                "TaxCodeRef": {"value": "NON"},
            },
        }
        for place in range(LINES)
    ]
    total = Decimal("31.50") * LINES
    return {
        "Id": str(number),
        "SyncToken": "0",
        "MetaData": {"CreateTime": "2026-05-05T02:08:55-07:00", "LastUpdatedTime": "2026-05-05T02:08:55-07:00"},
        "CustomField": [],
        "DocNumber": f"INV-{number}",
        "TxnDate": "2026-01-15",
        "DueDate": "2026-02-14",
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "LinkedTxn": [{"TxnId": "86", "TxnType": "Payment"}],
        "Line": [*lines, {"Amount": total, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
        "TxnTaxDetail": {"TotalTax": 0},
        "CustomerRef": {"value": "1", "name": "Amy"},
        "BillAddr": {"Id": "2", "Line1": "1 High St", "City": "Bayshore", "PostalCode": "94326"},
        "BillEmail": {"Address": "amy@example.com"},
        "SalesTermRef": {"value": "3", "name": "Net 30"},
        "TotalAmt": total,
        "Balance": Decimal("20.00"),
    }


def _reference(value: Any) -> Any:
    return {"id": value["value"], "name": value.get("name")} if value else None


def _amount(value: Any) -> Any:
    return None if value is None else Decimal(value)


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value).astimezone(UTC) if value else None


def _line_by_hand(line: dict[str, Any]) -> dict[str, Any]:
    detail = line["SalesItemLineDetail"]
    place = detail.get("ClassRef")
    return {
        "id": line.get("Id"),
        "description": line.get("Description"),
        "amount": _amount(line.get("Amount")),
        "item": _reference(detail.get("ItemRef")),
        "account": _reference(detail.get("ItemAccountRef")),
        "quantity": _amount(detail.get("Qty")),
        "unit_price": _amount(detail.get("UnitPrice")),
        "tax_rate": _reference(detail.get("TaxCodeRef")),
        "gross_amount": _amount(detail.get("TaxInclusiveAmt")),
        "dimensions": [{"type": "class", "id": place["value"], "name": place.get("name")}] if place else [],
    }


def _address_by_hand(value: Any) -> Any:
    if not value:
        return None
    keys = {"line1": "Line1", "line2": "Line2", "city": "City", "region": "CountrySubDivisionCode",
            "postal_code": "PostalCode", "country": "Country"}  # fmt: skip
    return {ours: value.get(theirs) for ours, theirs in keys.items()}


def _status_by_hand(remote: dict[str, Any]) -> str:
    total, balance = remote["TotalAmt"], remote["Balance"]
    if (remote.get("PrivateNote") or "").startswith("Voided") and total == 0:
        return "void"
    if balance == 0:
        return "paid"
    return "partially_paid" if balance < total else "open"


def read_by_hand(remote: dict[str, Any]) -> dict[str, Any]:
    """The unified invoice, written out."""
    meta, tax = remote.get("MetaData") or {}, remote.get("TxnTaxDetail") or {}
    contact = _reference(remote.get("CustomerRef"))
    department = remote.get("DepartmentRef")
    return {
        "external_id": remote.get("Id"),
        "version": remote.get("SyncToken"),
        "created_at": _moment(meta.get("CreateTime")),
        "modified_at": _moment(meta.get("LastUpdatedTime")),
        "number": remote.get("DocNumber"),
        "issued_on": date.fromisoformat(remote["TxnDate"]),
        "currency": (remote.get("CurrencyRef") or {}).get("value") or "USD",
        "exchange_rate": _amount(remote.get("ExchangeRate")),
        "memo": remote.get("PrivateNote"),
        "total": _amount(remote.get("TotalAmt")),
        "dimensions": [{"type": "department", "id": department["value"]}] if department else [],
        "custom_fields": list(remote.get("CustomField") or []),
        "links": [{"type": item["TxnType"].lower(), "id": item["TxnId"]} for item in remote.get("LinkedTxn") or []],
        "tax_mode": "exclusive",
        "subtotal": Decimal(remote["TotalAmt"]) - Decimal(tax.get("TotalTax") or 0),
        "tax_total": Decimal(tax.get("TotalTax") or 0),
        "balance": _amount(remote.get("Balance")),
        "status": _status_by_hand(remote),
        "lines": [_line_by_hand(line) for line in remote["Line"] if line["DetailType"] == "SalesItemLineDetail"],
        "contact": {**contact, "type": "customer"} if contact else None,
        "due_on": date.fromisoformat(remote["DueDate"]) if remote.get("DueDate") else None,
        "payment_terms": _reference(remote.get("SalesTermRef")),
        "email": (remote.get("BillEmail") or {}).get("Address"),
        "billing_address": _address_by_hand(remote.get("BillAddr")),
        "shipping_address": _address_by_hand(remote.get("ShipAddr")),
        "remote_type": "Invoice",
    }


def write_by_hand(unified: dict[str, Any]) -> dict[str, Any]:
    """The body of a creation, written out."""
    return {
        "DocNumber": unified["number"],
        "TxnDate": unified["issued_on"].isoformat(),
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Description": line["description"],
                "Amount": line["amount"],
                "SalesItemLineDetail": {
                    "ItemRef": {"value": line["item"]["id"]},
                    "Qty": line["quantity"],
                    "UnitPrice": line["unit_price"],
                },
            }
            for line in unified["lines"]
        ],
        "CustomerRef": {"value": unified["contact"]["id"]},
        "DueDate": unified["due_on"].isoformat(),
    }


JSONATA = """
{ "external_id": Id, "version": SyncToken, "created_at": MetaData.CreateTime, "modified_at": MetaData.LastUpdatedTime,
  "number": DocNumber, "issued_on": TxnDate, "currency": CurrencyRef.value ? CurrencyRef.value : "USD",
  "exchange_rate": ExchangeRate, "memo": PrivateNote, "total": TotalAmt,
  "dimensions": DepartmentRef ? [{"type": "department", "id": DepartmentRef.value}] : [], "custom_fields": CustomField,
  "links": LinkedTxn.{"type": $lowercase(TxnType), "id": TxnId}, "tax_mode": "exclusive",
  "subtotal": TotalAmt - TxnTaxDetail.TotalTax, "tax_total": TxnTaxDetail.TotalTax, "balance": Balance,
  "status": Balance = 0 ? "paid" : Balance < TotalAmt ? "partially_paid" : "open",
  "lines": Line[DetailType = "SalesItemLineDetail"].{
    "id": Id, "description": Description, "amount": Amount,
    "item": {"id": SalesItemLineDetail.ItemRef.value, "name": SalesItemLineDetail.ItemRef.name},
    "account": {"id": SalesItemLineDetail.ItemAccountRef.value, "name": SalesItemLineDetail.ItemAccountRef.name},
    "quantity": SalesItemLineDetail.Qty, "unit_price": SalesItemLineDetail.UnitPrice,
    "tax_rate": {"id": SalesItemLineDetail.TaxCodeRef.value}, "gross_amount": SalesItemLineDetail.TaxInclusiveAmt,
    "dimensions": [{"type": "class", "id": SalesItemLineDetail.ClassRef.value}] },
  "contact": {"id": CustomerRef.value, "name": CustomerRef.name, "type": "customer"}, "due_on": DueDate,
  "payment_terms": {"id": SalesTermRef.value, "name": SalesTermRef.name}, "email": BillEmail.Address,
  "billing_address": {"line1": BillAddr.Line1, "city": BillAddr.City, "postal_code": BillAddr.PostalCode},
  "remote_type": "Invoice" }
"""


def _jsonata_rate(remote: list[dict[str, Any]]) -> float | None:
    """Records a second read by an expression; None where the extra `benchmarks` is not installed."""
    try:
        from jsonata import Jsonata
    except ImportError:
        return None
    # It knows floats only.
    plain = [json.loads(json.dumps(item, default=float)) for item in remote]
    expression = Jsonata(JSONATA)
    found = expression.evaluate(plain[0])
    assert found["status"] == read_by_hand(remote[0])["status"]
    assert len(found["lines"]) == LINES
    return _rate(expression.evaluate, plain)


def _rate(work: Callable[[Any], Any], items: list[Any]) -> float:
    began = time.process_time()
    for item in items:
        work(item)
    return len(items) / (time.process_time() - began)


def _best(pair: tuple[Callable[[Any], Any], Callable[[Any], Any]], items: list[Any]) -> tuple[float, float]:
    """The best rate of each of two ways, in rounds that take turns, so that neighbours disturb both alike."""
    rounds = [(_rate(pair[0], items), _rate(pair[1], items)) for _ in range(5)]
    return max(first for first, _ in rounds), max(second for _, second in rounds)


def measure(records: int) -> dict[str, float]:
    """Records a second (CPU time) each way and by hand, and the ratios; raises AssertionError when results differ."""
    resource = manifest.load("quickbooks").resources["invoices"]
    remote = [invoice(number) for number in range(records)]
    unified = [
        {
            "number": item["DocNumber"],
            "contact": {"id": "1"},
            "issued_on": date(2026, 1, 15),
            "due_on": date(2026, 2, 14),
            "lines": [
                {"item": {"id": "1"}, "quantity": Decimal(3), "unit_price": Decimal("10.50"),
                 "amount": Decimal("31.50"), "description": "Work"} for _ in range(LINES)
            ],
        }
        for item in remote
    ]  # fmt: skip

    def read(item: dict[str, Any]) -> Any:
        return resource.read(item, "Invoice", CONTEXT)

    def write(item: dict[str, Any]) -> Any:
        return resource.write(item, "create", CONTEXT).body

    assert read(remote[0]) == read_by_hand(remote[0])
    assert write(unified[0]) == write_by_hand(unified[0])
    reading, reading_by_hand = _best((read, read_by_hand), remote)
    writing, writing_by_hand = _best((write, write_by_hand), unified)
    jsonata = _jsonata_rate(remote[:200])
    page = jsontext.dumps({"QueryResponse": {"Invoice": remote[:1000]}})
    pages = [page] * 3
    return {
        "read_per_second": round(reading),
        "read_by_hand_per_second": round(reading_by_hand),
        "read_ratio": round(reading / reading_by_hand, 3),
        **(
            {}
            if jsonata is None
            else {"read_by_jsonata_per_second": round(jsonata), "read_times_jsonata": round(reading / jsonata, 1)}
        ),
        "write_per_second": round(writing),
        "write_by_hand_per_second": round(writing_by_hand),
        "write_ratio": round(writing / writing_by_hand, 3),
        "exact_json_per_second": round(_rate(jsontext.loads, pages) * min(records, 1000)),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.records)
    if "read_by_jsonata_per_second" not in found:
        print("Without JSONata: install the extra `benchmarks` for that comparison.", file=sys.stderr)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name.replace('_', ' '):28} {value:>12,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
