"""The SuiteQL endpoint: the query in, a page of texts out."""

import re
import sqlite3
from typing import Any

from werkzeug.wrappers import Request

from integrations.sandbox import wire
from integrations.sandbox.netsuite import errors, paging
from integrations.sandbox.netsuite.suiteql import functions
from integrations.sandbox.netsuite.suiteql.database import Database, Found
from integrations.sandbox.netsuite.suiteql.dialect import QueryProblem, rewritten
from integrations.sandbox.wire import Body

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$#]*$")
_ALIAS = r'\b(?:FROM|JOIN)\s+"?(\w+)"?\s+(?:AS\s+)?{}\b'


def run(database: Database, request: Request) -> Body:
    """One page of a query's rows. Raises NetSuiteError."""
    if "transient" not in request.headers.get("Prefer", "").lower():
        raise errors.request(
            "The required request header 'Prefer' is missing or has an invalid value. Use 'transient'.", "Prefer"
        )
    query, parameters = _asked(request)
    limit, offset = paging.window(request)
    found = _answered(database, query, parameters, offset=offset, limit=limit)
    names = [_shown_name(name, number) for number, name in enumerate(found.names, 1)]
    items = [_item(names, row) for row in found.rows]
    return paging.collection(request, items, limit=limit, offset=offset, total=min(found.total, paging.MOST_ROWS))


def _asked(request: Request) -> tuple[str, list[Any]]:
    try:
        body = wire.parse(request.get_data() or b"null")
    except wire.MalformedJsonError as error:
        raise errors.content("Invalid content in the request body.") from error
    if not isinstance(body, dict) or not isinstance(body.get("q"), str) or not isinstance(body.get("params", []), list):
        raise errors.content("Invalid content in the request body. The property 'q' must hold the query.", "q")
    return body["q"], body.get("params", [])


def _answered(database: Database, query: str, parameters: list[Any], *, offset: int, limit: int) -> Found:
    try:
        return database.query(rewritten(query), [_bound(each) for each in parameters], offset=offset, limit=limit)
    except QueryProblem as problem:
        raise _invalid(str(problem)) from problem
    except sqlite3.Error as error:
        raise _invalid(_explained(str(error), query)) from error


def _bound(value: Any) -> Any:
    if isinstance(value, bool):
        return "T" if value else "F"
    return value if value is None or isinstance(value, str | int) else float(value)


def _shown_name(name: str, number: int) -> str:
    """Aliases and columns in lower case; an expression without an alias is counted."""
    return name.lower() if _PLAIN.match(name) else f"expr{number}"


def _item(names: list[str], row: tuple[Any, ...]) -> Body:
    found: Body = {"links": []}
    for name, value in zip(names, row, strict=True):
        if value is not None and not name.endswith("__"):
            found[name] = functions.text(value)
    return found


def _invalid(reason: str) -> errors.NetSuiteError:
    return errors.parameter(f"Invalid search query. Detailed unprocessed description follows. {reason}.", "q")


def _explained(reason: str, query: str) -> str:
    """The database's complaint in the ledger's words."""
    if reason.startswith("no such table: "):
        return f"Search error occurred: Record '{reason.removeprefix('no such table: ')}' was not found"
    if reason.startswith("no such column: "):
        return _unknown_column(reason.removeprefix("no such column: "), query)
    if "user-defined function raised exception" in reason:
        return "Search error occurred: Invalid or unsupported search: a value does not fit its function"
    if "not authorized" in reason or "prohibited" in reason:
        return "Search error occurred: Invalid or unsupported search"
    if reason == "interrupted":
        return "Search error occurred: The query ran too long"
    return f"Search error occurred: Invalid or unsupported search ({reason})"


def _unknown_column(name: str, query: str) -> str:
    alias, _, column = name.strip("[]").replace("].[", ".").rpartition(".")
    match = re.search(_ALIAS.format(re.escape(alias)), query, re.IGNORECASE) if alias else None
    record = match[1] if match else alias
    if not record:
        return f"Search error occurred: Unknown identifier: {column}"
    return f"Search error occurred: Field '{column}' for record '{record}' was not found"
