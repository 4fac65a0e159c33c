"""Collections in pages: limit, offset and the links between pages."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from integrations.sandbox.netsuite import errors
from integrations.sandbox.wire import Body

MOST = 1000
MOST_PAGES = 1000
MOST_ROWS = 100_000


def window(request: Request) -> tuple[int, int]:
    """limit and offset of a request. Raises INVALID_PARAMETER."""
    limit, offset = _whole(request, "limit", MOST), _whole(request, "offset", 0)
    if not 1 <= limit <= MOST:
        raise errors.parameter(
            f"Invalid value for the query parameter 'limit'. Provided value: {limit}. Use 1 to {MOST}.",
            "limit",
        )
    if offset % limit:
        raise errors.parameter(
            f"Provided value: {offset}. The value of the offset must be divisible by the limit: {limit}.", "offset"
        )
    if offset // limit >= MOST_PAGES or offset >= MOST_ROWS:
        raise errors.parameter("You have exceeded the number of pages or rows that one query may return.", "offset")
    return limit, offset


def _whole(request: Request, name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise errors.parameter(f"Invalid value for the query parameter '{name}'. Provided value: {text}.", name)
    return int(text)


def collection(request: Request, items: Sequence[Any], *, limit: int, offset: int, total: int) -> Body:
    """The envelope of one page."""
    return {
        "links": _links(request, limit, offset, total),
        "count": len(items),
        "hasMore": offset + len(items) < total,
        "items": list(items),
        "offset": offset,
        "totalResults": total,
    }


def _links(request: Request, limit: int, offset: int, total: int) -> list[Body]:
    last = max(0, (total - 1) // limit * limit)
    wanted = [("self", offset)]
    if offset + limit < total:
        wanted = [("next", offset + limit), ("last", last), *wanted]
    if offset > 0:
        wanted = [*wanted, ("first", 0), ("prev", offset - limit)]
    return [{"rel": rel, "href": _href(request, limit, start)} for rel, start in wanted]


def _href(request: Request, limit: int, offset: int) -> str:
    query = {name: value for name, value in request.args.items() if name not in ("limit", "offset")}
    return f"{request.base_url}?{urlencode({**query, 'limit': limit, 'offset': offset})}"
