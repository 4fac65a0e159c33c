"""What reading the heads of all transactions has in common."""

from collections.abc import Iterable

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import chart, errors, properties
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object, at
from integrations.sandbox.sage_intacct.properties import Property
from integrations.sandbox.wire import Body

DUELESS = "dueless"
"""Marks a draft that nobody gave a due date."""
APPROVAL = "bill_approval"
"""The company setting by which submitted bills wait for approval."""


def head(books: Books, obj: Object, given: Body, before: Record | None, *more: str) -> Body:
    """The neutral body with the head as given; `more` are further paths that the object has. Raises SageError."""
    table = HEADS[obj.kind]
    known = [path for each in table for path in (each.path, *each.aliases)]
    properties.check_known(obj.path, given, known, prefixes=(obj.lines_field, *more))
    kept = before.body if before else {}
    body: Body = {**kept, "own": {**(_assumed(books, obj, kept) if before else {}), **(kept.get("own") or {})}}
    if before is None and books.entity:
        body["own"]["entity"] = books.entity
    properties.read(books, table, given, body)
    return body


def _assumed(books: Books, obj: Object, kept: Body) -> Body:
    """What a planned history does not tell of a document, as it is shown."""
    usual = {"createdDate": kept.get("on"), "paymentMethod": "eft"}
    if obj.kind == "journal_entry":
        usual["journal"] = next((each.id for each in books.store.live("journal")), None)
    places = {each.place for each in HEADS[obj.kind]}
    return {name: value for name, value in usual.items() if f"own.{name}" in places}


def require(obj: Object, table: Iterable[Property], body: Body, paths: Iterable[str]) -> None:
    """Raises SageError for the first of these REST paths that has no value."""
    places = {each.path: each.place for each in table}
    for path in paths:
        if at(body, places[path]) in (None, ""):
            first = f"Could not create {obj.label} record."
            raise errors.business(f"Required field {path} is missing.", "BL01001974", first=first)


def posting_date(obj: Object, given: Body, body: Body, before: Record | None) -> None:
    """The books take the posting date; it is the document's date, and follows it, unless given."""
    is_given = properties.has(given, "postingDate") and body.get("on")
    followed = before is not None and before.body["on"] == (before.body.get("own") or {}).get("createdDate")
    if not is_given and (before is None or followed):
        body["on"] = body["own"]["createdDate"]


def currency(books: Books, body: Body, before: Record | None) -> None:
    """The document's currency, else its customer's or vendor's; a new one has a rate of its own. Raises SageError."""
    own = body["own"]
    base = own.pop("baseCurrency", None)
    if base and base != books.home:
        raise errors.business(
            f"The base currency '{base}' is not valid. The base currency is {books.home}.", "BL03000135"
        )
    party = books.body("contact", body.get("contact"))
    code = body["currency"] = body.get("currency") or party.get("currency") or books.home
    if code != books.home and not books.store.find("currency.code", str(code).casefold()):
        raise errors.invalid_reference("Currency", code)
    if before is not None and before.body["currency"] != code and body.get("rate") == before.body["rate"]:
        body["rate"] = None


def status(body: Body, before: Record | None) -> None:
    """A draft becomes a transaction in force; never the other way round."""
    wanted = body["own"].pop("action", None)
    if before is not None and wanted == "draft" and before.body["status"] != "draft":
        raise errors.business("A posted transaction cannot be changed to a draft.", "BL01001981")
    if before is None:
        body["status"] = "draft" if wanted == "draft" else "authorised"
    elif wanted in ("submitted", "posted") and before.body["status"] == "draft":
        body["status"] = "authorised"


def wait_for_approval(books: Books, body: Body, before: Record | None) -> None:
    """Where the company wants it, a bill that is submitted waits."""
    is_new = before is None or before.body["status"] == "draft"
    if is_new and body["status"] == "authorised" and books.settings.get(APPROVAL):
        body["status"] = "submitted"


def check_unique(books: Books, obj: Object, body: Body, before: Record | None) -> None:
    """Raises SageError for a number that the vendor's other bills, or any other document of the kind, has."""
    number = body.get("number")
    if not number:
        return
    for key in books.store.find(f"{obj.kind}.number", number):
        table, _, other = key.partition(":")
        record = books.store.tables[table][other]
        is_same_party = obj.kind != "bill" or record.body["contact"] == body.get("contact")
        if is_same_party and (before is None or other != before.id) and record.body["status"] != "voided":
            raise errors.duplicate(obj.label, obj.number, number)


def next_number(books: Books, kind: str) -> str:
    """The next number of the kind's document sequence that nobody used."""
    while True:
        number = chart.NUMBERS[kind].format(books.store.take(f"number.{kind}"))
        if not books.store.find(f"{kind}.number", number):
            return number


def missing_due_date() -> SageError:
    """Only drafts may have neither due date nor term."""
    return errors.business("Required field dueDate is missing.", "BL01001974")


def check_draft(obj: Object, body: Body) -> None:
    """Only a draft may have no lines."""
    if not body["lines"] and body["status"] != "draft":
        raise errors.business("At least one line item is required.", "BL01001974",
                              first=f"Could not create {obj.label} record.")  # fmt: skip
