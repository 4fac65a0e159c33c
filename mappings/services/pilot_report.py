"""The books of two pilot companies held against each other, and against what the preview says of each document."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings.models import SourceDocument
from mappings.services.pilot_replay import OWN, Booked, Label
from mappings.transform.money import rounded, text_of

MOST_ACCOUNTS, MOST_DOCUMENTS, MOST_REFUSALS = 500, 20, 50
BY_ITSELF = "Tax and what the ledger books by itself"
_NONE = Decimal(0)
_GROUPS = ("account", "control", OWN)


@dataclass(frozen=True)
class Played:
    """A document and what became of it in each company; `active` is None where no version is active yet."""

    row: SourceDocument
    draft: Booked
    active: Booked | None


def report_of(played: Sequence[Played], *, currency: str, versions: Mapping[str, Any]) -> dict[str, Any]:
    """JSON; amounts are decimal text in home currency, debits less credits.

    documents, currency, companies {active, draft: {posted, waits, refused, unknown}}, kinds, unlike (how many accounts
    differ), accounts [{name, group, active, draft, change, predicted, documents}] differing ones first, apart [{name,
    company, predicted, books, apart, documents}] where books and preview differ, refusals.
    """
    accounts = _accounts(played, currency)
    return {
        **versions,
        "documents": len(played),
        "currency": currency,
        "companies": {name: _counts(played, name) for name in ("active", "draft")},
        "kinds": _kinds(played),
        "unlike": sum(1 for each in accounts if each["is_unlike"]),
        "accounts": accounts[:MOST_ACCOUNTS],
        "apart": [row for name in ("active", "draft") for row in _apart(played, name, currency)],
        "refusals": _refusals(played),
    }


def sentence(account: Mapping[str, Any], currency: str) -> str:
    """Such as "4010 Other sales: from nothing to 4,310.00 EUR credit, by 12 documents"."""
    before, after = (_side(Decimal(account[name]), currency) for name in ("active", "draft"))
    count = account["behind"]
    return f"{account['name']}: from {before} to {after}, by {count:,} document{'' if count == 1 else 's'}"


def _side(amount: Decimal, currency: str) -> str:
    return f"{text_of(abs(amount), currency)} {'debit' if amount > 0 else 'credit'}" if amount else "nothing"


def _booked(each: Played, company: str) -> Booked | None:
    return each.draft if company == "draft" else each.active


def _counts(played: Iterable[Played], company: str) -> dict[str, int]:
    found = Counter(each.what for one in played if (each := _booked(one, company)) is not None)
    return {what: found[what] for what in ("posted", "waits", "refused", "unknown")}


def _kinds(played: Iterable[Played]) -> list[dict[str, Any]]:
    found: dict[str, Counter[str]] = {}
    for each in played:
        counts = found.setdefault(each.row.get_kind_display(), Counter())
        counts["documents"] += 1
        counts["draft"] += each.draft.what == "posted"
        counts["active"] += each.active is not None and each.active.what == "posted"
    return [
        {"kind": kind, **{name: counts[name] for name in ("documents", "active", "draft")}}
        for kind, counts in sorted(found.items())
    ]


def _accounts(played: Sequence[Played], currency: str) -> list[dict[str, Any]]:
    has_both = any(each.active is not None for each in played)
    labels = {label for each in played for one in (each.draft, each.active) if one is not None for label in one.books}
    found = [_account(label, played, currency, has_both=has_both) for label in labels]
    return sorted(
        found,
        key=lambda row: (not row["is_unlike"], _GROUPS.index(row["group"]), -abs(Decimal(row["change"])), row["name"]),
    )


def _account(label: Label, played: Sequence[Played], currency: str, *, has_both: bool) -> dict[str, Any]:
    rows = [(each, _of(each.active, label), each.draft.books.get(label, _NONE)) for each in played]
    before, after = sum((row[1] for row in rows), _NONE), sum((row[2] for row in rows), _NONE)
    changed = [row for row in rows if row[1] != row[2]] if has_both else []
    changed.sort(key=lambda row: -abs(row[2] - row[1]))
    change = after - before if has_both else _NONE
    predicted = [_predicted_change(each, label) for each in played] if has_both and label[0] != OWN else []
    return {
        "name": label[1],
        "group": label[0],
        "active": _text(before, currency),
        "draft": _text(after, currency),
        "change": _text(change, currency),
        "predicted": None
        if not predicted or None in predicted
        else _text(sum(filter(None, predicted), _NONE), currency),
        # Documents may move and cancel each other out: that is a difference, too.
        "is_unlike": bool(changed),
        "behind": len(changed),
        "documents": [
            {**_document(each.row), "active": _text(old, currency), "draft": _text(new, currency)}
            for each, old, new in changed[:MOST_DOCUMENTS]
        ],
    }


def _of(booked: Booked | None, label: Label) -> Decimal:
    return booked.books.get(label, _NONE) if booked is not None else _NONE


def _predicted_change(each: Played, label: Label) -> Decimal | None:
    """How a document would change an account by the preview; None where that does not know the rate."""
    found = []
    for one in (each.active, each.draft):
        if one is None or one.what != "posted":
            found.append(_NONE)
        elif one.predicted is None:
            return None
        else:
            found.append(one.predicted.get(label, _NONE))
    return found[1] - found[0]


def _apart(played: Sequence[Played], company: str, currency: str) -> list[dict[str, Any]]:
    """Accounts on which documents were booked otherwise than the preview says, in one company."""
    found: dict[Label, list[tuple[Played, Decimal, Decimal]]] = {}
    for each in played:
        one = _booked(each, company)
        if one is None or one.predicted is None:
            continue
        books = _together(one.books)
        for label in sorted(books.keys() | one.predicted.keys()):
            told, happened = one.predicted.get(label, _NONE), books.get(label, _NONE)
            if told != happened:
                found.setdefault(label, []).append((each, told, happened))
    return [_apart_row(label, rows, company, currency) for label, rows in sorted(found.items())]


def _apart_row(
    label: Label, rows: Sequence[tuple[Played, Decimal, Decimal]], company: str, currency: str
) -> dict[str, Any]:
    told, happened = sum((row[1] for row in rows), _NONE), sum((row[2] for row in rows), _NONE)
    return {
        "name": label[1] or BY_ITSELF,
        "company": company,
        "predicted": _text(told, currency),
        "books": _text(happened, currency),
        "apart": _text(happened - told, currency),
        "behind": len(rows),
        "documents": [
            {**_document(each.row), "predicted": _text(one, currency), "books": _text(other, currency)}
            for each, one, other in rows[:MOST_DOCUMENTS]
        ],
    }


def _together(books: Mapping[Label, Decimal]) -> dict[Label, Decimal]:
    """The preview does not know which accounts a ledger chooses by itself: they are one."""
    found: dict[Label, Decimal] = {}
    for label, amount in books.items():
        key = (OWN, "") if label[0] == OWN else label
        found[key] = found.get(key, _NONE) + amount
    return found


def _refusals(played: Iterable[Played]) -> list[dict[str, Any]]:
    """Why documents did not reach the books, the most frequent first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in played:
        for company in ("active", "draft"):
            one = _booked(each, company)
            if one is None or one.what == "posted":
                continue
            row = found.setdefault(
                (one.what, one.text),
                {"what": one.what, "text": one.text, "active": 0, "draft": 0, "documents": []},
            )
            row[company] += 1
            named = _document(each.row)
            if named not in row["documents"] and len(row["documents"]) < MOST_DOCUMENTS:
                row["documents"].append(named)
    return sorted(found.values(), key=lambda row: (-row["draft"], -row["active"], row["text"]))[:MOST_REFUSALS]


def _document(row: SourceDocument) -> dict[str, str]:
    return {"id": str(row.pk), "name": str(row), "counterparty": row.counterparty, "total": row.total_text}


def _text(amount: Decimal, currency: str) -> str:
    return f"{rounded(amount, currency):f}"
