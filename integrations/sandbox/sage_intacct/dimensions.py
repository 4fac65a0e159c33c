"""Dimensions of lines, both ways."""

from functools import cache

from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.wire import Body

KEPT = {
    "location": "company-config/location", "department": "company-config/department",
    "class": "company-config/class", "project": "projects/project", "warehouse": "inventory-control/warehouse",
}  # fmt: skip
"""Dimensions that are dimensions of the neutral books."""
OTHERS = {
    "customer": "accounts-receivable/customer", "vendor": "accounts-payable/vendor",
    "employee": "company-config/employee",
}  # fmt: skip
"""Other records that a line may name; the neutral books know of no such thing at lines."""
ITEM = "inventory-control/item"


@cache
def objects() -> dict[str, str]:
    """Name at a line → object, the item and the user-defined ones among them."""
    defined = {path.partition("/")[2]: path for path in BY_PATH if path.startswith("platform-apps/")}
    return {**KEPT, **OTHERS, "item": ITEM, **defined}


def read(books: Books, item: Body, line: Body) -> None:
    """Put the dimensions that are given into a neutral line. Raises SageError."""
    given = item.get("dimensions")
    if given is None:
        return
    known = objects()
    if not isinstance(given, dict) or not given.keys() <= known.keys():
        wrong = next((name for name in given if name not in known), "") if isinstance(given, dict) else ""
        raise errors.invalid_request(f"The field dimensions.{wrong} is not defined.")
    kept, others = dict(line.get("dimensions") or {}), dict(line["own"].get("dimensions") or {})
    for name in given:
        key = books.given(known[name], given, name)
        if name == "item":
            line["item"] = key
        else:
            (others if name in OTHERS else kept)[name] = key
    line["dimensions"] = {name: key for name, key in kept.items() if key is not None}
    line["own"]["dimensions"] = {name: key for name, key in others.items() if key is not None}


def check_required(books: Books, line: Body) -> None:
    """Raises SageError unless the line has every dimension that its account demands."""
    account = books.body("account", line["account"])
    own = account.get("own") or {}
    named = shown(books, line)
    for name in (*KEPT, *OTHERS, "item"):
        if own.get(f"requireDimensions_{name}") and name not in named:
            text = f"This transaction is missing the {name.capitalize()} dimension for the Account {account['code']}"
            raise errors.business(text, "GL-0970", correction=f"Select a {name}.")


def shown(books: Books, line: Body) -> Body:
    """The dimensions of a line that are set: {key, id, name, href} each."""
    named = {**(line.get("dimensions") or {}), **((line.get("own") or {}).get("dimensions") or {})}
    if line.get("item"):
        named["item"] = line["item"]
    return {name: books.reference(path, named[name]) for name, path in objects().items() if named.get(name)}
