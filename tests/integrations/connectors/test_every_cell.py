"""Ledger × resource × operation: every cell of the coverage is done once against the simulated ledger.

The cells are read off the manifests: what a connector says it can, it is seen doing here.
"""

from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

import pytest

from integrations.engine import manifest
from integrations.engine.converters import Unified
from integrations.engine.coverage import coverage
from integrations.engine.errors import RejectedError
from integrations.engine.messages import RemoteRequest
from integrations.engine.results import Deletion, Record
from tests.integrations.connectors.simulation import Simulation
from tests.integrations.connectors.test_round_trip import MAKERS, Books, known

CELLS = [
    pytest.param(name, cover.name, operation, id=f"{name}-{cover.name}-{operation}")
    for name in manifest.names()
    for cover in coverage(manifest.load(name))
    if cover.is_there and not cover.name.startswith("reports.")
    for operation in cover.operations
    if operation in {"read", "update", "void", "delete", "allocate", "attach"}
]
REPORTS = [
    pytest.param(name, report, id=f"{name}-{report}")
    for name in manifest.names()
    for report in manifest.load(name).reports
]
_KEYS = count(1)
_CHANGED = ("note", "memo", "description", "notes", "phone", "email", "name", "reference", "number")


@lru_cache(maxsize=16)
def books(name: str) -> Books:
    """One simulated organisation a ledger."""
    return Books(Simulation(name, currencies=["EUR"]))


def made(place: Books, resource: str) -> Record:
    """A new record of a resource."""
    if resource == "attachments":
        return _attached(place)
    if resource not in MAKERS:
        pytest.fail(f"no maker for {resource}: say in test_round_trip.MAKERS how one is made")
    body = known(place, resource, MAKERS[resource](place, _Draws()))  # type: ignore[arg-type]
    written = place.ledger.post(resource, "create", body, key=f"cell-{next(_KEYS)}")
    assert isinstance(written, Record)
    return place.ledger.read(resource, written.external_id, written.remote_type)


def _attached(place: Books) -> Record:
    """A file's own record, where the ledger keeps such."""
    bill = made(place, "bills")
    file = place.ledger.attach(
        "bills", bill.external_id, file_name="note.txt", content_type="text/plain", content=b"x", key=f"{next(_KEYS)}"
    )
    return place.ledger.read("attachments", file.external_id)


class _Draws:
    """Stands for hypothesis' draws with plain values."""

    def draw(self, strategy: Any) -> Any:
        """A text, an amount, a quantity, or the first of a choice."""
        label = repr(strategy)
        if "customer" in label:
            return "customer"
        if "decimals" in label:
            return Decimal("120.50")
        return Decimal(2) if "integers" in label else f"Cell {next(_KEYS)}"


def named(record: Record) -> dict[str, Any]:
    """What names a record in a later write."""
    found = {"external_id": record.external_id, "remote_type": record.remote_type}
    return found | {name: record.unified[name] for name in ("version",) if record.unified.get(name)}


def is_gone(place: Books, resource: str, record: Record) -> bool:
    """Whether the ledger has the record no more."""
    try:
        found = place.ledger.read(resource, record.external_id, record.remote_type)
    except RejectedError as error:
        return error.code == "not_found"
    entity = place.ledger.connector.resources[resource].entities[record.remote_type]
    return entity.gone is not None and entity.gone(found.raw)


def read(place: Books, resource: str) -> None:
    pages = list(place.ledger.pages(resource))
    assert [each.error.message for page in pages for each in page.unreadable] == []
    for record in [record for page in pages for record in page.records][:2]:
        assert record.unified["external_id"]


def update(place: Books, resource: str) -> None:
    record = made(place, resource)
    entity = place.ledger.connector.resources[resource].entities[record.remote_type]
    verb = entity.operations["update"]
    shape = verb.shape or entity.shape
    writable = {
        field.name for field in shape.fields if field.put and (not field.operations or "update" in field.operations)
    }
    name = next(name for name in _CHANGED if name in writable)
    value = "who.else@some.example" if name == "email" else f"Changed {next(_KEYS)}"
    needed = {key: record.unified[key] for key in verb.needs if record.unified.get(key) is not None}
    body = {**needed, **named(record), name: value}
    place.ledger.post(resource, "update", body, key=f"cell-{next(_KEYS)}")
    found = place.ledger.read(resource, record.external_id, record.remote_type)
    assert found.unified[name] == value
    if "lines" in found.unified:
        assert len(found.unified["lines"]) == len(record.unified["lines"])


def void(place: Books, resource: str) -> None:
    record = made(place, resource)
    body: Unified = _with_needs(place, resource, record, "void")
    place.ledger.post(resource, "void", body, key=f"cell-{next(_KEYS)}")
    if not is_gone(place, resource, record):
        found = place.ledger.read(resource, record.external_id, record.remote_type)
        assert found.unified["status"] == "void"


def delete(place: Books, resource: str) -> None:
    record = made(place, resource)
    done = place.ledger.post(
        resource, "delete", _with_needs(place, resource, record, "delete"), key=f"cell-{next(_KEYS)}"
    )
    assert isinstance(done, Deletion) or is_gone(place, resource, record)
    assert is_gone(place, resource, record)


def _with_needs(place: Books, resource: str, record: Record, operation: str) -> dict[str, Any]:
    verb = place.ledger.connector.resources[resource].entities[record.remote_type].operations[operation]
    return {
        **{name: record.unified[name] for name in verb.needs if record.unified.get(name) is not None},
        **named(record),
    }


def allocate(place: Books, resource: str) -> None:
    if resource == "bank_lines":
        _match_line(place)
        return
    side = "bills" if resource in ("vendor_credits", "bill_payments") else "invoices"
    if resource in ("payments", "bill_payments"):
        body = known(place, resource, MAKERS[resource](place, _Draws()))  # type: ignore[arg-type]
        # Some ledgers take no payment that settles nothing.
        body["allocations"][0]["amount"] -= Decimal("10.00")
        written = place.ledger.post(resource, "create", body, key=f"cell-{next(_KEYS)}")
        assert isinstance(written, Record)
        record = place.ledger.read(resource, written.external_id, written.remote_type)
    else:
        record = made(place, resource)
    place.put_in_force(resource, record)
    target = made(place, side)
    place.put_in_force(side, target)
    document = target.external_id
    before = place.ledger.read(side, document).unified["balance"]
    settled = [{"type": side.removesuffix("s"), "id": document, "amount": Decimal("10.00")}]
    # Some ledgers want to know the day, too.
    settled[0]["applied_on"] = "2026-11-04"
    place.ledger.post(
        resource, "allocate", {**_with_needs(place, resource, record, "allocate"), "allocations": settled},
        key=f"cell-{next(_KEYS)}",
    )  # fmt: skip
    assert place.ledger.read(side, document).unified["balance"] == before - Decimal("10.00")


def _match_line(place: Books) -> None:
    """A line of the ledger's own feed is matched with a booked payment, and waits no longer."""
    payment = made(place, "payments").unified
    line = {"date": "2026-11-05", "debit_or_credit": "debit", "amount": str(payment["total"]), "payee": "Acme"}
    body = {"account_id": payment["account"]["id"], "transactions": [line]}
    place.ledger.client.send(RemoteRequest("POST", "/books/v3/bankstatements", body=body))
    waiting = [record for page in place.ledger.pages("bank_lines") for record in page.records][-1]
    assert waiting.unified["amount"] == payment["total"]
    settled = {**named(waiting), "allocations": [{"type": "payment", "id": payment["external_id"]}]}
    assert isinstance(place.ledger.post("bank_lines", "allocate", settled, key=f"cell-{next(_KEYS)}"), Deletion)
    assert is_gone(place, "bank_lines", waiting)


def attach(place: Books, resource: str) -> None:
    record = made(place, resource)
    content = b"%PDF-1.4 a receipt"
    place.ledger.attach(
        resource, record.external_id, file_name="receipt.pdf", content_type="application/pdf", content=content,
        key=f"cell-{next(_KEYS)}",
    )  # fmt: skip
    (file,) = place.ledger.attachments(resource, record.external_id)
    assert file.file_name.endswith("receipt.pdf")
    assert place.ledger.download(resource, record.external_id, file.external_id) == content


DONE = {"read": read, "update": update, "void": void, "delete": delete, "allocate": allocate, "attach": attach}


@pytest.mark.parametrize(("name", "resource", "operation"), CELLS)
def test_a_ledger_does_what_its_coverage_says(name: str, resource: str, operation: str) -> None:
    DONE[operation](books(name), resource)


@pytest.mark.parametrize(("name", "report"), REPORTS)
def test_a_report_is_given_and_adds_up(name: str, report: str) -> None:
    found = books(name).ledger.report(report).unified
    assert found["columns"]
    assert found["checks"]["differences"] == []
    if report in ("profit_and_loss", "balance_sheet", "trial_balance"):
        assert found["rows"]
        assert found["checks"]["made"] > 0
