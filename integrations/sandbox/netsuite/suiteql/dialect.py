"""SuiteQL's dialect rewritten for SQLite, token by token."""

import re

_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<quoted>\"[^\"]*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_$#]*)|(?P<sign><=|>=|<>|!=|\|\||[-+*/%(),.<>=?])",
    re.DOTALL,
)
_USER_DATE = re.compile(r"'\d{1,2}/\d{1,2}/\d{4}'$")
_COMPARISONS = {"=", "<", ">", "<=", ">=", "<>", "!=", "BETWEEN", "AND"}
_NOW = {
    "SYSDATE": "NS_NOW()",
    "SYSTIMESTAMP": "NS_NOW()",
    "CURRENT_TIMESTAMP": "NS_NOW()",
    "CURRENT_DATE": "NS_TODAY()",
}
_DATE_CALLS = {"NS_NOW", "NS_TODAY", "TRUNC", "TO_DATE", "TO_TIMESTAMP", "ADD_MONTHS", "LAST_DAY"}
_OWN_WORDS = """
    ABORT ACTION ADD AFTER ALWAYS ANALYZE ATTACH BEFORE BEGIN CASCADE CHECK COLUMN COMMIT CONFLICT CONSTRAINT CREATE
    DATABASE DEFAULT DEFERRED DELETE DETACH DO DROP EACH EXCLUSIVE EXPLAIN FAIL FOREIGN GENERATED IF IGNORE IMMEDIATE
    INDEX INDEXED INITIALLY INSERT INSTEAD INTO KEY MATCH MATERIALIZED NOTHING OF PLAN PRAGMA PRIMARY QUERY RAISE
    REFERENCES REINDEX RELEASE RENAME RESTRICT RETURNING ROLLBACK SAVEPOINT SET TABLE TEMP TEMPORARY TO TRANSACTION
    TRIGGER UNIQUE UPDATE VACUUM VIEW VIRTUAL WITHOUT"""
_KEYWORDS = frozenset(_OWN_WORDS.split())
"""Words of SQLite's own that SuiteQL takes for names."""


class QueryProblem(Exception):
    """The query cannot be understood; the text is the ledger's."""


Tokens = list[str]


def rewritten(query: str) -> str:
    """The query for SQLite. Raises QueryProblem."""
    tokens = _tokens(query)
    if not tokens or tokens[0].upper() not in ("SELECT", "WITH", "("):
        raise QueryProblem("Invalid or unsupported search")
    if tokens.count("(") != tokens.count(")"):
        raise QueryProblem("Syntax error: a parenthesis is not closed")
    for step in (_builtins, _plain_words, _extracts, _lists, _row_limits, _user_dates, _date_sums, _protected):
        tokens = step(tokens)
    return " ".join(tokens)


def _tokens(query: str) -> Tokens:
    found, at = [], 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise QueryProblem(f"Unknown identifier: {query[at]}")
        if match.lastgroup != "space":
            found.append(match[0])
        at = match.end()
    return found


def _closing(tokens: Tokens, opening: int) -> int:
    """The position of the parenthesis that closes the one at `opening`. Raises QueryProblem."""
    depth = 0
    for position in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[position], 0)
        if depth == 0:
            return position
    raise QueryProblem("Syntax error: a parenthesis is not closed")


def _builtins(tokens: Tokens) -> Tokens:
    """BUILTIN.DF(x) and its like become calls that know the column's name."""
    found: Tokens = []
    at = 0
    while at < len(tokens):
        if tokens[at].upper() == "BUILTIN" and tokens[at + 1 : at + 2] == ["."]:
            close = _closing(tokens, at + 3)
            found += _builtin(tokens[at + 2].upper(), _builtins(tokens[at + 4 : close]))
            at = close + 1
        else:
            found.append(tokens[at])
            at += 1
    return found


def _builtin(name: str, argument: Tokens) -> Tokens:
    column = argument[-1].strip('"').lower() if argument else ""
    full = [*argument[:-1], f"{argument[-1]}__"] if column == "status" else argument
    if name in ("DF", "HIERARCHY"):
        value = full if name == "DF" else full[: full.index(",")] if "," in full else full
        return ["NS_DF", "(", f"'{value[-1].strip('_').lower()}'", ",", *value, ")"]
    if name == "CF":
        return full
    if name in ("CONSOLIDATE", "CURRENCY"):
        return ["(", *_first_argument(argument), ")"]
    raise QueryProblem(f"Unknown identifier: BUILTIN.{name}")


def _first_argument(argument: Tokens) -> Tokens:
    depth = 0
    for position, part in enumerate(argument):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "," and depth == 0:
            return argument[:position]
    return argument


def _plain_words(tokens: Tokens) -> Tokens:
    found: Tokens = []
    for position, part in enumerate(tokens):
        word = part.upper()
        if position and tokens[position - 1] == ".":
            found.append(part)
        elif word == "LIMIT":
            raise QueryProblem("Unknown identifier: LIMIT")
        elif word == "MINUS":
            found.append("EXCEPT")
        elif word in _NOW:
            found += _tokens(_NOW[word])
        else:
            found.append(part)
    return found


def _extracts(tokens: Tokens) -> Tokens:
    """EXTRACT(YEAR FROM x) becomes a call."""
    found = list(tokens)
    for position in range(len(found) - 3):
        if found[position].upper() == "EXTRACT" and found[position + 3].upper() == "FROM":
            found[position : position + 4] = ["NS_EXTRACT", "(", f"'{found[position + 2]}'", ","]
    return found


def _lists(tokens: Tokens) -> Tokens:
    """LISTAGG(x, ',') WITHIN GROUP (ORDER BY …) becomes GROUP_CONCAT."""
    found = ["GROUP_CONCAT" if part.upper() == "LISTAGG" else part for part in tokens]
    at = 0
    while at < len(found) - 2:
        if found[at].upper() == "WITHIN" and found[at + 1].upper() == "GROUP":
            del found[at : _closing(found, at + 2) + 1]
        at += 1
    return found


def _row_limits(tokens: Tokens) -> Tokens:
    """TOP, ROWNUM and FETCH FIRST become the LIMIT of their own SELECT."""
    found = list(tokens)
    at = 0
    while at < len(found):
        word = found[at].upper()
        if word == "TOP" and found[at + 1 : at + 2] and found[at + 1].isdigit():
            count = found[at + 1]
            del found[at : at + 2]
            _limit(found, at, count)
            continue
        if word == "ROWNUM":
            _row_number(found, at)
        elif word in ("FETCH", "OFFSET"):
            _fetch(found, at)
        at += 1
    return found


def _end_of_select(tokens: Tokens, start: int) -> int:
    depth = 0
    for position in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[position], 0)
        if depth < 0 or (depth == 0 and tokens[position].upper() in ("UNION", "EXCEPT", "INTERSECT")):
            return position
    return len(tokens)


def _limit(tokens: Tokens, start: int, count: str) -> None:
    end = _end_of_select(tokens, start)
    tokens[end:end] = ["LIMIT", count]


def _row_number(tokens: Tokens, at: int) -> None:
    sign, count = (tokens[at + 1 : at + 3] + ["", ""])[:2]
    if sign in ("<", "<=", "=") and count.isdigit():
        tokens[at : at + 3] = ["1", "=", "1"]
        _limit(tokens, at, str(int(count) - (sign == "<")))
    else:
        tokens[at : at + 1] = ["ROW_NUMBER", "(", ")", "OVER", "(", ")"]


def _fetch(tokens: Tokens, at: int) -> None:
    """`OFFSET m ROWS FETCH NEXT n ROWS ONLY` in SQLite's order."""
    offset = "0"
    end = at
    if tokens[at].upper() == "OFFSET" and tokens[at + 2 : at + 3] and tokens[at + 2].upper() in ("ROW", "ROWS"):
        offset, end = tokens[at + 1], at + 3
    count = "-1"
    if tokens[end : end + 1] and tokens[end].upper() == "FETCH":
        count, end = tokens[end + 2], end + 5
    if end > at:
        tokens[at:end] = ["LIMIT", count, "OFFSET", offset]


def _user_dates(tokens: Tokens) -> Tokens:
    """A literal in the user's date format that is compared with something is a date."""
    found: Tokens = []
    for position, part in enumerate(tokens):
        if _USER_DATE.match(part) and position and tokens[position - 1].upper() in _COMPARISONS:
            found += ["TO_DATE", "(", part, ",", "'MM/DD/YYYY'", ")"]
        else:
            found.append(part)
    return found


def _date_sums(tokens: Tokens) -> Tokens:
    """Sums that begin with a date become calls: SQLite knows no dates."""
    found = list(tokens)
    at = 0
    while at < len(found):
        end = _date_operand(found, at)
        if end and found[end : end + 1] in (["+"], ["-"]):
            other = _operand(found, end + 1)
            call = "NS_PLUS" if found[end] == "+" else "NS_MINUS"
            found[at:other] = [call, "(", *found[at:end], ",", *found[end + 1 : other], ")"]
        at = at + 1
    return found


def _date_operand(tokens: Tokens, at: int) -> int:
    """The end of an operand that is a date, 0 where there is none."""
    word = tokens[at].upper()
    if at and tokens[at - 1] in (".", ")"):
        return 0
    if word in _DATE_CALLS and tokens[at + 1 : at + 2] == ["("]:
        return _closing(tokens, at + 1) + 1
    end = at + 3 if tokens[at + 1 : at + 2] == ["."] else at + 1
    return end if tokens[end - 1 : end] and tokens[end - 1].lower().endswith("date") else 0


def _operand(tokens: Tokens, at: int) -> int:
    """The end of any single operand."""
    if tokens[at + 1 : at + 2] == ["("]:
        return _closing(tokens, at + 1) + 1
    if tokens[at : at + 1] == ["("]:
        return _closing(tokens, at) + 1
    return at + 3 if tokens[at + 1 : at + 2] == ["."] else at + 1


def _protected(tokens: Tokens) -> Tokens:
    """Names after a dot and names that are words of SQLite stand in brackets: SQLite takes an unknown name in quotes
    for a text."""
    found: Tokens = []
    for position, part in enumerate(tokens):
        is_column = position > 0 and tokens[position - 1] == "." and part != "*"
        is_word = part.upper() in _KEYWORDS or is_column or part.startswith('"')
        found.append("[" + part.strip('"') + "]" if is_word else part)
    return _joined(found)


def _joined(tokens: Tokens) -> Tokens:
    """Dots stick to their neighbours."""
    found: Tokens = []
    for position, part in enumerate(tokens):
        if position and (part == "." or tokens[position - 1] == "."):
            found[-1] += part
        else:
            found.append(part)
    return found
