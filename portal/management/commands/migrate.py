"""`migrate` runs as the owner role and ends by granting the application role what it needs, and no more."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from portal.schema_states import Executor

_EVENT_TABLES_ONLY_GROW = "REVOKE UPDATE, DELETE ON {table} FROM {role}"


@contextmanager
def _triggers_change_no_model() -> Iterator[None]:
    """A trigger is SQL; pgtrigger has all related models made anew for each, where its SQL needs none."""
    kept = {operation: operation.state_forwards for operation in (AddTrigger, RemoveTrigger)}
    for operation, forwards in kept.items():
        operation.state_forwards = partialmethod(_keeping_models, forwards)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        for operation, forwards in kept.items():
            operation.state_forwards = forwards  # type: ignore[method-assign]


def _keeping_models(operation: Any, forwards: Any, app_label: str, state: ProjectState) -> None:
    models = state.__dict__.pop("apps", None)
    forwards(operation, app_label, state)
    if models is not None:
        state.__dict__["apps"] = models


@contextmanager
def _models_are_made_when_asked_for() -> Iterator[None]:
    """Django's command names its executor at the top of its module, and takes no other."""
    module: Any = migrate
    usual, module.MigrationExecutor = module.MigrationExecutor, Executor
    try:
        yield
    finally:
        module.MigrationExecutor = usual


def _event_tables(there: Collection[str]) -> list[str]:
    """The history tables among those that are there: after going back to an earlier migration some are not."""
    tables = [model._meta.db_table for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
    return [table for table in tables if table in there]


class Command(migrate.Command):
    """Django's migrate, with the owner database as its default."""

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        with _triggers_change_no_model(), _models_are_made_when_asked_for():
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
            for name in _event_tables(connection.introspection.table_names(cursor)):
                table = connection.ops.quote_name(name)
                cursor.execute(_EVENT_TABLES_ONLY_GROW.format(table=table, role=quoted))
