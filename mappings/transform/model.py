"""The shapes that the transformation reads and writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from mappings.transform.kinds import KINDS, Kind

Key = tuple[str, str, str]
"""(subject, side, value): ("category", "sales", "Consulting"); of dimensions the value is "department: Berlin"."""

UNASKED = frozenset({"item", "contact", "currency"})
"""Subjects that the ledger's own records answer where no rule does, unless posting rules want them mapped."""

_NONE = Decimal(0)


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@dataclass(frozen=True)
class Line:
    """One line in the source's words; `amount` is net, or gross when the document's tax is inclusive."""

    category: str
    tax_code: str
    amount: Decimal
    description: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    item: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    """(name, value) in the source's words, such as ("department", "Berlin")."""
    location: str = ""

    @property
    def product(self) -> Decimal | None:
        """Quantity times price, unrounded, if both were sent."""
        return None if self.quantity is None or self.unit_price is None else self.quantity * self.unit_price


@dataclass(frozen=True)
class Reference:
    """An earlier document of a source, and how much of this one is for it (None: no amount was said)."""

    key: str
    """`source:external_id`"""
    amount: Decimal | None = None

    @property
    def external_id(self) -> str:
        """The source's own id of the earlier document."""
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Part:
    """One line of a processor's statement, signed as it changes the payout; without a category it is booked already."""

    type: str
    amount: Decimal
    category: str = ""
    description: str = ""

    @property
    def as_line(self) -> Line:
        """As a line of costs, for rules that ask about lines."""
        return Line(self.category, "", abs(self.amount), self.description)


@dataclass(frozen=True)
class Document:
    """A source document; amounts in `currency`, `tax_mode` exclusive, inclusive, reverse_charge or none."""

    kind: str
    number: str
    issued_on: str
    due_on: str | None
    currency: str
    tax_mode: str
    counterparty: str
    counterparty_email: str
    payment_method: str
    lines: tuple[Line, ...]
    tax_total: Decimal | None
    total: Decimal
    memo: str = ""
    source: str = ""
    country: str = ""
    region: str = ""
    side: str = ""
    paid_into: str = ""
    applies_to: tuple[Reference, ...] = ()
    refers_to: tuple[Reference, ...] = ()
    parts: tuple[Part, ...] = ()
    exchange_rate: Decimal | None = None
    rate_source: str = ""
    purchase_order: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    """Of every line that does not say otherwise."""
    location: str = ""

    @property
    def rule(self) -> Kind:
        """What its kind becomes."""
        return KINDS[self.kind]

    @property
    def resource(self) -> str:
        """The ledger's document that it becomes."""
        return self.rule.becomes[self.side]

    @property
    def earlier(self) -> tuple[Reference, ...]:
        """Every document that must be in the ledger before this one."""
        return self.applies_to + self.refers_to

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Reads the stored intake body (decimals as text)."""
        party = body.get("counterparty") or {}
        return cls(
            kind=body["kind"],
            number=body.get("number") or "",
            issued_on=str(body["issued_on"]),
            due_on=str(body["due_on"]) if body.get("due_on") else None,
            currency=body["currency"],
            tax_mode=body.get("tax_mode") or "none",
            counterparty=party.get("name") or "",
            counterparty_email=party.get("email") or "",
            payment_method=body.get("payment_method") or "",
            lines=tuple(_line(line) for line in body.get("lines") or ()),
            tax_total=_number(body.get("tax_total")),
            total=Decimal(str(body["total"])),
            memo=body.get("memo") or "",
            source=body.get("source") or "",
            country=party.get("country") or "",
            region=party.get("region") or "",
            side=body.get("side") or KINDS[body["kind"]].side,
            paid_into=body.get("paid_into") or "",
            applies_to=_references(body, "applies_to"),
            refers_to=_references(body, "refers_to"),
            parts=tuple(_part(part) for part in body.get("parts") or ()),
            exchange_rate=_number(body.get("exchange_rate")),
            rate_source=body.get("rate_source") or "",
            purchase_order=body.get("purchase_order") or "",
            dimensions=_dimensions(body),
            location=body.get("location") or "",
        )

    def words(self) -> Iterator[tuple[str, Key, Line | None]]:
        """Each word where it is used: ("line 1", key, the line), or ("document", key, None)."""
        side, is_taxed = self.side, self.tax_mode != "none"
        for number, line in enumerate(self.lines, start=1):
            where = f"line {number}"
            yield where, ("category", side, line.category), line
            if is_taxed and line.tax_code:
                yield where, ("tax_code", side, line.tax_code), line
            if line.item:
                yield where, ("item", side, line.item), line
            for key in self.tracked(line):
                yield where, key, line
        for number, part in enumerate(self.parts, start=1):
            if part.category:
                yield f"line {number}", ("category", "purchases", part.category), part.as_line
        for word in dict.fromkeys((self.payment_method, self.paid_into)):
            if word:
                yield "document", ("payment_method", side, word), None
        if self.counterparty and self.rule.builds != "entry":
            yield "document", self.contact_key, None
        yield "document", ("currency", side, self.currency), None

    @property
    def contact_key(self) -> Key:
        """Whom it names, as customer or as vendor; a payout's processor is one who is paid."""
        return ("contact", "purchases" if self.rule.builds == "payout" else self.side, self.counterparty)

    def tracked(self, line: Line) -> list[Key]:
        """The dimensions and the location of a line: its own, else the document's."""
        known = self._tracked.get(id(line))
        return self._keys_of(line) if known is None else known

    @cached_property
    def _tracked(self) -> dict[int, list[Key]]:
        """By the identity of its own lines, which live as long as it does: every step of mapping asks again."""
        return {id(line): self._keys_of(line) for line in self.lines}

    def _keys_of(self, line: Line) -> list[Key]:
        if not (line.dimensions or line.location or self.dimensions or self.location):
            return []
        found = dict(self.dimensions) | dict(line.dimensions)
        keys: list[Key] = [("dimension", self.side, f"{name}: {value}") for name, value in sorted(found.items())]
        if place := line.location or self.location:
            keys.append(("location", self.side, place))
        return keys

    def uses(self) -> dict[Key, tuple[int, Decimal]]:
        """Each word that needs a mapping: how many lines use it and their sum."""
        found: dict[Key, tuple[int, Decimal]] = {}
        for _, key, line in self.words():
            lines, amount = (1, line.amount) if line else (max(len(self.lines), 1), abs(self.total))
            before, total = found.get(key, (0, _NONE))
            found[key] = (before + lines, total + amount)
        return found


def _references(body: Mapping[str, Any], name: str) -> tuple[Reference, ...]:
    if not (said := body.get(name)):
        return ()
    own = body.get("source") or ""
    return tuple(
        Reference(f"{each.get('source') or own}:{each['external_id']}", _number(each.get("amount"))) for each in said
    )


def _part(part: Mapping[str, Any]) -> Part:
    return Part(part["type"], Decimal(str(part["amount"])), part.get("category") or "", part.get("description") or "")


def _line(line: Mapping[str, Any]) -> Line:
    return Line(
        category=line["category"],
        tax_code=line.get("tax_code") or "",
        amount=Decimal(str(line["amount"])),
        description=line.get("description") or "",
        quantity=_number(line.get("quantity")),
        unit_price=_number(line.get("unit_price")),
        item=line.get("item") or "",
        dimensions=_dimensions(line),
        location=line.get("location") or "",
    )


def _dimensions(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = said.get("dimensions")
    return tuple(sorted(found.items())) if found else ()


@dataclass(frozen=True)
class Target:
    """A record of the ledger that a word may mean, as the mirror last saw it.

    `kind` is the account type, or sales/purchases/both of a tax rate; `rates` are the percentages of its components.
    """

    external_id: str
    name: str
    remote_type: str = ""
    kind: str = ""
    currency: str = ""
    is_active: bool = True
    is_present: bool = True
    rates: tuple[tuple[str, Decimal], ...] | None = ()
    dimension: str = ""
    """Of a tracking record: which dimension of the ledger it is a value of, such as class or a category's id."""
    accounts: tuple[str, str] = ("", "")
    """Of an item: the ids of the accounts that its sales and its purchases book to, where it says them."""

    behind: tuple[str, str] = ("", "")
    """Of a bank account that is a record of its own: (id, name) of the ledger's account behind it."""

    @property
    def reference(self) -> dict[str, str]:
        """As the unified model writes references."""
        return {"id": self.external_id, "name": self.name}


@dataclass(frozen=True)
class Problem:
    """Why a document does not go on: words, what to do, and the word that misses a mapping.

    `cause`: "document" (only its sender can mend it), "mapping" (the mapping screen can), "earlier" (a document that
    this one refers to has to come first), "ledger" (after a sync or a change in the ledger), "support".
    """

    code: str
    text: str
    remedy: str
    cause: str = "mapping"
    subject: str = ""
    side: str = ""
    value: str = ""

    def as_dict(self) -> dict[str, str]:
        """For a JSON column."""
        return dict(vars(self))


@dataclass(frozen=True)
class Trace:
    """Why one field of the ledger's document has its value; `where` is "line 1" or "document"."""

    where: str
    field: str
    value: str
    target: str
    target_id: str
    rule: str
    version: int
    reason: str = ""
    alternatives: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column."""
        return dict(self._told)

    @cached_property
    def _told(self) -> dict[str, Any]:
        # Not asdict(): its deep copy took more than all the rest of mapping a document.
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return found | {"alternatives": [{"target": target, "lost_because": why} for target, why in self.alternatives]}


@dataclass(frozen=True)
class Write:
    """One more write that a document needs after its first; `name` tells it from its document's others.

    In `body`, `{"write": name}` stands for the id that another write of the document gets (the first is `create`), and
    `{"document": key}` for the id of an earlier document.
    """

    name: str
    resource: str
    operation: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a document becomes: its first write and those that follow; `payload` is None while a problem stands."""

    resource: str
    payload: dict[str, Any] | None
    trace: tuple[Trace, ...]
    problems: tuple[Problem, ...]
    following: tuple[Write, ...] = ()

    @property
    def writes(self) -> tuple[Write, ...]:
        """All of them in the order they are sent; none while a problem stands."""
        if self.payload is None:
            return ()
        return (Write(FIRST, self.resource, "create", self.payload), *self.following)


FIRST = "create"
