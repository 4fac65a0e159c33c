"""What holds at the gateway whatever is sent: refusals in words, and books that balance."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from integrations.sandbox.sage_intacct import xmlnames
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import OBJECTS
from tests.sandbox.sage_intacct.driver import Intacct
from tests.sandbox.sage_intacct.gateway import Gateway, element, opened

VALUES = ("", "x", "1", "-5", "100.00", "1e999", "NaN", "Infinity", "01/21/2026", "2026-01-21", "13/41/2026", "V100",
          "C100", "6000", "BOA", "CARD", "GBP", "EUR", "true", "Draft", "Submit", "Posted", "EFT", "110", "GJ",
          "&lt;b&gt;", "é", "0", "999999999999999999", "1001", "EMP-10")  # fmt: skip
OPERATORS = ("equalto", "notequalto", "lessthan", "greaterthanorequalto", "like", "in", "isnull")


def _record(random: Random, books: Books) -> str:
    """A create or update of any object with odd values in fields that it has."""
    obj = random.choice(OBJECTS)
    body = _some(random, books, obj.path, 9)
    if obj.lines:
        body["LINES"] = {obj.lines_xml: [_some(random, books, obj.lines, 8) for _ in range(random.randint(0, 2))]}
    return element(random.choice(("create", "create", "update")), {obj.xml: body})


def _some(random: Random, books: Books, path: str, most: int) -> dict[str, Any]:
    names = sorted(xmlnames.fields(books, path))
    chosen = random.sample(names, min(len(names), random.randint(1, most)))
    return {name: random.choice(VALUES) for name in chosen}


def _query(random: Random, books: Books) -> str:
    """A query of any object by any of its fields."""
    obj = random.choice(OBJECTS)
    names = sorted(xmlnames.fields(books, obj.path))
    condition = {"field": random.choice(names), "value": random.choice(VALUES)}
    return element("query", {"object": obj.xml, "select": {"field": random.sample(names, 2)},
                             "filter": {random.choice(OPERATORS): condition},
                             "orderby": {"order": {"field": random.choice(names), "descending": ""}}})  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_sent_is_answered_in_words_and_the_books_balance(intacct: Intacct, seed: int) -> None:
    random, gateway = Random(seed), opened(intacct)
    books = Books(intacct.world.organisation(intacct.id), intacct.world.clock)
    asked = [random.choice((_record, _query))(random, books) for _ in range(250)]
    done = [gateway.ask(each) for each in asked]
    numbers = {each.findtext("operation/result/errormessage/error/errorno") for each in done}
    assert "GW-0001" not in numbers
    assert {each.findtext("operation/result/status") for each in done} == {"success", "failure"}
    assert _balance(gateway) == 0


def _balance(gateway: Gateway) -> Decimal:
    rows = gateway.intacct.control("trial_balance")["accounts"]
    return sum((Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows), Decimal(0))
