"""Encrypted JSON for secrets: the maintained fernet-fields fork, mended for bulk writes and for JSON."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from fernet_fields import EncryptedTextField


class EncryptedJSONField(EncryptedTextField):  # type: ignore[misc]
    """A JSON object, stored as one Fernet token; keys come from FERNET_KEYS, newest first.

    Stock fields encrypt the *text of the SQL expression* in `bulk_update` and upserts, silently destroying the value:
    expressions are passed through here.
    """

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        text = json.dumps(value, cls=DjangoJSONEncoder)
        return connection.Database.Binary(self.fernet.encrypt(text.encode()))

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Any:
        return super().from_db_value(value, expression, connection, *args)
