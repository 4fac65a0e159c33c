"""`migrate` runs as the owner role and ends by granting the application role what it needs, and no more."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

_EVENT_TABLES_ONLY_GROW = "REVOKE UPDATE, DELETE ON {table} FROM {role}"


class Command(Migrate):
    """Django's migrate, with the owner database as its default."""

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        connection = connections[options["database"]]
        role = settings.DATABASES["default"]["USER"]
        if role == connection.settings_dict["USER"]:
            return
        quoted = connection.ops.quote_name(str(role))
        with connection.cursor() as cursor:
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
            cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
            for model in apps.get_models():
                if hasattr(model, "pgh_tracked_model"):
                    table = connection.ops.quote_name(model._meta.db_table)
                    cursor.execute(_EVENT_TABLES_ONLY_GROW.format(table=table, role=quoted))
