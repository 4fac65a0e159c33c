"""The offline form: a directory of statement and ledger files in, proposals as plain values out. Reads through
given texts only."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from .history import settle
from .model import Account, Approved, BankLine, Context, FxRate, LedgerEntry, Processor, Proposal, Tolerances


class FileProblem(ValueError):
    """A file that cannot be read as what it should be; says which, where and why."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to match: lines still open, entries as they stand, and the tenant's context."""

    lines: tuple[BankLine, ...]
    entries: tuple[LedgerEntry, ...]
    context: Context


def read_job(files: Mapping[str, str]) -> Job:
    """Build a job from file texts by name: `bank_transactions.csv` and `ledger_entries.csv`, optional
    `fx_rates.csv`, `context.json`, `history.json`.

    Lines approved in the history are left out, and what they paid is taken off the entries. Raises FileProblem.
    """
    for name in ("bank_transactions.csv", "ledger_entries.csv"):
        if name not in files:
            raise FileProblem(f"{name} is missing")
    lines = [_line(r, at) for at, r in _rows(files, "bank_transactions.csv")]
    entries = [_entry(r, at) for at, r in _rows(files, "ledger_entries.csv")]
    context = read_context(files.get("context.json", "{}"))
    rates = tuple(_rate(r, at) for at, r in _rows(files, "fx_rates.csv")) if "fx_rates.csv" in files else ()
    history = _history(files.get("history.json", '{"groups": []}'), lines, entries)
    used = {x.id for match in history for x in match.lines}
    return Job(
        tuple(x for x in lines if x.id not in used),
        tuple(settle(entries, history)),
        replace(context, fx_rates=rates, history=tuple(history)),
    )


def read_context(text: str) -> Context:
    """The tenant's own name, accounts, processors and tolerances from JSON; every key is optional."""
    data = _json(text, "context.json")
    limits = data.get("tolerances", {})
    defaults = Tolerances()
    return Context(
        own_names=tuple(n for n in (data.get("own_company"), *data.get("own_names", ())) if n),
        home_currency=str(data.get("home_currency", "")),
        accounts=tuple(
            Account(str(a["id"]), str(a.get("currency", "")), str(a.get("type", "current")))
            for a in data.get("accounts", ())
        ),
        processors=tuple(_processor(p) for p in data.get("processors", ())),
        tolerances=Tolerances(
            short_max_abs=_setting(limits, "short_payment_max_abs", defaults.short_max_abs),
            short_max_pct=_setting(limits, "short_payment_max_pct", defaults.short_max_pct),
            rounding_abs=_setting(limits, "rounding_abs", defaults.rounding_abs),
            over_max_pct=_setting(limits, "over_payment_max_pct", defaults.over_max_pct),
            fx_max_pct=_setting(limits, "fx_max_pct", defaults.fx_max_pct),
        ),
    )


def write_proposals(proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """Proposals as JSON-friendly values: confidence a number, money as text."""
    return [
        {
            "bank": list(p.bank_ids),
            "ledger": list(p.ledger_ids),
            "confidence": p.confidence,
            "kind": p.kind,
            "difference": str(p.difference),
            "reasons": [{"code": r.code, "text": r.text, "weight": r.weight} for r in p.reasons],
            "alternatives": [{"ledger": list(a.ledger_ids), "confidence": a.confidence} for a in p.alternatives],
        }
        for p in proposals
    ]


def _rows(files: Mapping[str, str], name: str) -> list[tuple[str, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(files[name].removeprefix("\ufeff")))
    return [
        (f"{name}, line {at}", {k: (v or "") for k, v in row.items() if k}) for at, row in enumerate(reader, start=2)
    ]


def _line(row: dict[str, str], at: str) -> BankLine:
    try:
        return BankLine(
            id=row["id"],
            account_id=row["account_id"],
            on=date.fromisoformat(row["date"]),
            amount=_amount(row["amount"]),
            currency=row["currency"],
            description=row.get("description", ""),
            counterparty=row.get("counterparty", ""),
            reference=row.get("reference", ""),
        )
    except (KeyError, ValueError) as problem:
        raise FileProblem(f"{at}: {problem}") from problem


def _entry(row: dict[str, str], at: str) -> LedgerEntry:
    try:
        due = row.get("due_date", "")
        return LedgerEntry(
            id=row["id"],
            kind=row["kind"],
            on=date.fromisoformat(row["date"]),
            due_on=date.fromisoformat(due) if due else None,
            amount=_amount(row["amount"]),
            open_amount=_amount(row["open_amount"]),
            currency=row["currency"],
            contact_name=row.get("contact_name", ""),
            number=row.get("number", ""),
            reference=row.get("reference", ""),
            memo=row.get("memo", ""),
        )
    except (KeyError, ValueError) as problem:
        raise FileProblem(f"{at}: {problem}") from problem


def _rate(row: dict[str, str], at: str) -> FxRate:
    try:
        return FxRate(date.fromisoformat(row["date"]), row["currency"], _amount(row["per_eur"]))
    except (KeyError, ValueError) as problem:
        raise FileProblem(f"{at}: {problem}") from problem


def _amount(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError as problem:
        raise ValueError(f"“{text}” is not an amount") from problem
    if not value.is_finite():
        raise ValueError(f"“{text}” is not an amount")
    return value


def _setting(limits: Mapping[str, Any], key: str, default: Decimal) -> Decimal:
    return Decimal(str(limits[key])) if key in limits else default


def _processor(data: Mapping[str, Any]) -> Processor:
    name = str(data.get("ledger_contact") or data["key"])
    return Processor(
        str(data["key"]), name, *(Decimal(str(data.get(k, "0"))) for k in ("percent", "fixed", "dispute_fee"))
    )


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_float=Decimal)
    except ValueError as problem:
        raise FileProblem(f"{name}: {problem}") from problem
    if not isinstance(data, dict):
        raise FileProblem(f"{name}: expected an object")
    return data


def _history(text: str, lines: Sequence[BankLine], entries: Sequence[LedgerEntry]) -> list[Approved]:
    by_line, by_entry = {x.id: x for x in lines}, {e.id: e for e in entries}
    groups = _json(text, "history.json").get("groups", [])
    return [
        Approved(
            tuple(by_line[i] for i in g.get("bank", ()) if i in by_line),
            tuple(by_entry[i] for i in g.get("ledger", ()) if i in by_entry),
        )
        for g in groups
    ]
