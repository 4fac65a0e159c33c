"""Several requests in one, one after the other: the first failure ends them; @{vendor.1.key} names earlier results."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations.sandbox.sage_intacct import answers, errors
from integrations.sandbox.sage_intacct.answers import Answer, Ask
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.wire import Body

LEAST, MOST = 2, 10
_REFERENCE = re.compile(r"@\{([\w-]+)\.(\d+)\.([\w.:-]+)\}")
_PREFIX = "/ia/api/v1"


def run(given: Any, serve: Callable[[Ask], Answer]) -> Answer:
    """POST /services/core/composite: [{method, path, body, resultReference}] (their names are not verified)."""
    parts = given.get("requests") if isinstance(given, dict) else given
    if not isinstance(parts, list) or not LEAST <= len(parts) <= MOST:
        raise errors.invalid_request(f"A composite request has {LEAST} to {MOST} requests.")
    known: dict[str, list[Body]] = {}
    results: list[Body] = []
    units = 0
    for part in parts:
        answer = _answered(part, known, serve)
        units += answer.units
        results.append({**(answer.body or {}), "ia::status": answer.status})
        if answer.status >= 400:
            break
        result = (answer.body or {}).get("ia::result")
        known[str(part.get("resultReference"))] = result if isinstance(result, list) else [result or {}]
    failed = sum(each["ia::status"] >= 400 for each in results)
    meta = {"totalCount": len(parts), "totalSuccess": len(results) - failed, "totalError": failed}
    return Answer(207 if failed else 200, {"ia::result": results, "ia::meta": meta}, units)


def _answered(part: Any, known: dict[str, list[Body]], serve: Callable[[Ask], Answer]) -> Answer:
    if not isinstance(part, dict) or not part.get("path"):
        raise errors.invalid_request("Each part of a composite request needs method and path.")
    where = urlsplit(str(_filled(part["path"], known)))
    steps = [unquote(each) for each in where.path.removeprefix(_PREFIX).split("/") if each]
    method = str(part.get("method") or "GET").upper()
    ask = Ask(method, steps, dict(parse_qsl(where.query)), _filled(part.get("body"), known))
    if steps == ["services", "core", "composite"]:
        raise errors.invalid_request("Composite requests cannot be nested.")
    try:
        return serve(ask)
    except SageError as error:
        return answers.refused(ask, error)


def _filled(value: Any, known: dict[str, list[Body]]) -> Any:
    """The value with its references replaced. Raises 400 for one that stands for nothing."""
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: _value(match, known), value)


def _value(match: re.Match[str], known: dict[str, list[Body]]) -> str:
    name, place, path = match.groups()
    results = known.get(name, [])
    held: Any = results[int(place) - 1] if 0 < int(place) <= len(results) else None
    for step in path.split("."):
        held = held.get(step) if isinstance(held, dict) else None
    if held is None:
        raise errors.invalid_request(f"The reference {match[0]} stands for nothing.")
    return str(held)
