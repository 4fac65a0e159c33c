"""Acting as a user of any ledger on a neutral company: the control API's `changes` and `documents`."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from integrations.sandbox.books.company import Company
from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.kinds import COST_TYPES, DOCUMENTS, INCOME_TYPES, PAYMENTS, SOLD, VENDOR
from integrations.sandbox.books.lines import percent_of
from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.wire import Body

RESOURCES: dict[str, tuple[str, ...]] = {
    "accounts": ("account",), "contacts": ("contact",), "customers": ("contact",), "vendors": ("contact",),
    "items": ("item",), "tax_rates": ("tax_rate",), "tracking_categories": ("dimension",),
    "currencies": ("currency",), "terms": ("payment_term",), "invoices": ("invoice",), "credit_notes": ("credit_note",),
    "payments": ("payment",), "bills": ("bill",), "vendor_credits": ("vendor_credit",),
    "bill_payments": ("bill_payment",), "purchase_orders": ("purchase_order",), "expenses": ("expense",),
    "deposits": ("deposit",), "transfers": ("transfer",), "journal_entries": ("journal_entry",),
    "bank_transactions": ("expense", "receipt", "deposit", "transfer"), "attachments": ("attachment",),
    "budgets": ("budget",),
}  # fmt: skip
_PAID_BY = {"invoice": "payment", "bill": "bill_payment"}

Read = Callable[[str, Body], Body]
Show = Callable[[Record], Body]
Action = Callable[[Body], tuple[str, str, Body]]


class User:
    """One order after another; `read(kind, data)` is a face's form → neutral, `show(record)` the way back.

    `actions` are a face's own, each taking the order and giving (kind, id, what to show).
    """

    def __init__(self, company: Company, read: Read, show: Show, actions: Mapping[str, Action] | None = None) -> None:
        self._company = company
        self._read = read
        self._show = show
        self._override = False
        self._actions: dict[str, Action] = {
            "create": self._create, "edit": self._edit, "void": self._void, "delete": self._delete, "pay": self._pay,
            "archive": self._archive, "restore": self._restore, "rename": self._rename,
            "change_tax_rate": self._change_tax_rate, "close_period": self._close_period, **(actions or {}),
        }  # fmt: skip

    def documents(self, resource: str) -> Body:
        """{"documents": [...]} with each one's kind in the parallel list `entities`."""
        found = [record for kind in kinds_of(resource) for record in self._company.live(kind)]
        wanted = {"customers": "is_customer", "vendors": "is_vendor"}.get(resource)
        found = [record for record in found if wanted is None or record.body.get(wanted)]
        shown = [self._show(record) for record in found]
        return {
            "resource": resource,
            "count": len(found),
            "entities": [each.table for each in found],
            "documents": shown,
        }

    def apply(self, order: Body) -> Body:
        """Carry out one change. Raises BadOrderError with the reason."""
        action = str(order.get("action") or "").replace("-", "_").casefold()
        if action not in self._actions:
            raise BadOrderError(f"unknown action {action!r}; known: {', '.join(sorted(self._actions))}")
        self._override = bool(order.get("override", False))
        try:
            with self._company.store.transaction():
                kind, key, shown = self._actions[action](order)
        except BooksError as error:
            raise BadOrderError(f"the ledger refuses: {error}") from error
        return {"action": action, "entity": kind, "id": key, "record": shown}

    def _done(self, record: Record) -> tuple[str, str, Body]:
        return record.table, record.id, self._show(record)

    def _target(self, order: Body, default: str = "") -> Record:
        kinds = kinds_of(str(order.get("resource") or default))
        key = str(order.get("id") or "")
        for kind in kinds:
            record = self._company.store.get(kind, key)
            if record is not None:
                return record
        raise BadOrderError(f"{'/'.join(kinds)} {key!r} does not exist")

    def _save(self, kind: str, body: Body, key: str | None = None) -> tuple[str, str, Body]:
        return self._done(self._company.save(kind, body, key, override=self._override))

    def _create(self, order: Body) -> tuple[str, str, Body]:
        resource = str(order.get("resource") or "")
        kind = kinds_of(resource)[0]
        if order.get("data"):
            return self._save(kind, self._read(kind, dict(order["data"])))
        return self._save(kind, self._plain(kind, resource, order))

    def _plain(self, kind: str, resource: str, order: Body) -> Body:
        """A neutral body from the few words of an order."""
        if kind not in DOCUMENTS:
            body: Body = {"name": str(order.get("name") or f"New {kind}")}
            if kind == "contact":
                return {**body, "is_customer": resource != "vendors", "is_vendor": resource == "vendors"}
            return {**body, "type": "expense", "code": order.get("code")} if kind == "account" else body
        head = {"on": order.get("date"), "number": order.get("number"), "reference": order.get("reference")}
        amount = decimal(order.get("amount", 100))
        body = {**head, "contact": order.get("contact") or self._first_contact(kind)}
        if kind in PAYMENTS or kind in ("expense", "receipt", "deposit", "transfer"):
            body["account"] = order.get("account") or self._account(frozenset({"bank"}))
        if kind == "transfer":
            body["to_account"] = order.get("to_account") or self._account(frozenset({"bank"}), but=str(body["account"]))
        if kind in PAYMENTS or kind == "transfer":
            return {**body, "total": amount}
        if kind == "journal_entry":
            cost, bank = self._account(COST_TYPES), self._account(frozenset({"bank"}))
            lines = [{"account": cost, "debit": amount}, {"account": bank, "credit": amount}]
            return {**head, "tax_mode": "none", "lines": lines}
        types = INCOME_TYPES if kind in SOLD else COST_TYPES
        return {**body, "tax_mode": "none", "lines": [{"account": self._account(types), "amount": amount}]}

    def _first_contact(self, kind: str) -> str | None:
        wanted = "is_vendor" if kind in VENDOR or kind in ("bill_payment", "expense") else "is_customer"
        found = (each.id for each in self._company.live("contact") if each.body.get(wanted) and each.body["is_active"])
        return next(found, None)

    def _account(self, types: frozenset[str], but: str = "") -> str:
        for record in self._company.live("account"):
            if record.body["type"] in types and record.body["is_active"] and record.id != but:
                return record.id
        raise BadOrderError(f"there is no account of type {' or '.join(sorted(types))}")

    def _edit(self, order: Body) -> tuple[str, str, Body]:
        record = self._target(order)
        field = "memo" if record.table in DOCUMENTS else "notes"
        data = self._read(record.table, dict(order["data"])) if order.get("data") else {field: "Edited by a user"}
        return self._save(record.table, {**record.body, **data}, record.id)

    def _void(self, order: Body) -> tuple[str, str, Body]:
        record = self._target(order)
        return self._done(self._company.void(record.table, record.id, override=self._override))

    def _delete(self, order: Body) -> tuple[str, str, Body]:
        record = self._target(order)
        return self._done(self._company.delete(record.table, record.id, override=self._override))

    def _pay(self, order: Body) -> tuple[str, str, Body]:
        """Pay an invoice or bill from the bank, all of it unless an amount is given."""
        record = self._target(order)
        if record.table not in _PAID_BY:
            raise BadOrderError("only invoices and bills can be paid")
        amount = decimal(order["amount"]) if order.get("amount") is not None else self._company.open_amount(record)
        on = str(order.get("date") or self._company.today.isoformat())
        body = {
            "contact": record.body["contact"], "currency": record.body["currency"], "on": on, "total": amount,
            "reference": order.get("reference"), "account": order.get("account") or self._account(frozenset({"bank"})),
            "allocations": [{"document": record.key, "amount": amount, "on": on}],
        }  # fmt: skip
        return self._save(_PAID_BY[record.table], body)

    def _set(self, order: Body, **changes: object) -> tuple[str, str, Body]:
        record = self._target(order, "accounts")
        return self._save(record.table, {**record.body, **changes}, record.id)

    def _archive(self, order: Body) -> tuple[str, str, Body]:
        return self._set(order, is_active=False)

    def _restore(self, order: Body) -> tuple[str, str, Body]:
        return self._set(order, is_active=True)

    def _rename(self, order: Body) -> tuple[str, str, Body]:
        if not order.get("name"):
            raise BadOrderError("name is missing")
        return self._set(order, name=str(order["name"]))

    def _change_tax_rate(self, order: Body) -> tuple[str, str, Body]:
        """A new percentage; documents keep the tax they have. With several parts the first takes the difference."""
        record = self._tax_rate(order)
        percent = decimal(order.get("rate", order.get("percent")))
        parts = [dict(part) for part in record.body.get("components") or ()]
        if parts:
            first: Decimal = parts[0]["percent"]
            parts[0]["percent"] = first + percent - percent_of({**record.body, "is_reverse_charge": False})
        return self._save("tax_rate", {**record.body, "percent": percent, "components": parts}, record.id)

    def _tax_rate(self, order: Body) -> Record:
        key, name = str(order.get("id") or order.get("rate_id") or ""), str(order.get("name") or "").casefold()
        for record in self._company.live("tax_rate"):
            if record.id == key or (name and str(record.body["name"]).casefold() == name):
                return record
        raise BadOrderError("name the tax rate by id or name")

    def _close_period(self, order: Body) -> tuple[str, str, Body]:
        through = str(order.get("through") or "")
        self._company.close_through(None if not through else _day(through))
        return "period", through, {"closed_through": through or None}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadOrderError(f"through must be YYYY-MM-DD, not {text!r}") from error


def kinds_of(resource: str) -> tuple[str, ...]:
    """Kinds behind a resource's or kind's name. Raises BadOrderError."""
    key = resource.replace("-", "_").casefold()
    for name in (key, f"{key}s"):
        if name in RESOURCES:
            return RESOURCES[name]
    known = {kind for kinds in RESOURCES.values() for kind in kinds}
    if key in known:
        return (key,)
    raise BadOrderError(f"no resource {resource!r}; known: {', '.join(sorted(RESOURCES))}")
