"""What makes two writes the same: a digest of resource, operation and body."""

from hashlib import sha256
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder


def body_hash(resource: str, operation: str, body: dict[str, Any]) -> str:
    """Equal for equal content, whatever the order of its keys."""
    data = orjson.dumps([resource, operation, body], default=DjangoJSONEncoder().default, option=orjson.OPT_SORT_KEYS)
    return sha256(data).hexdigest()
