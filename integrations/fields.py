"""Two ways to keep JSON: encrypted for secrets (the maintained fernet-fields fork, mended), and as it was written."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
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


class WrittenJSONField(models.JSONField):
    """JSON that is only ever read whole: PostgreSQL checks it, and keeps the text instead of taking it apart (`json`).

    Making `jsonb` of a ledger's raw form was a sixth of what a new record cost the database. Nothing can be looked for
    inside: `json` has no equality, and no lookup of `JSONField` fits it.
    """

    def db_type(self, connection: Any) -> str:
        return "json"

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """As text: psycopg would parse `json` before Django does, and `SELECT DISTINCT` needs something to compare."""
        return f"{sql}::text", params
