"""Tenancy held by the database: the scope of a transaction, and the migration operation that fences a table.

The scope is set transaction-locally, because a session-level setting would leak to the next user of a pooled connection
(PostgreSQL manual, `set_config`). No scope means no rows. The table owner sees rows only for SELECT, for the few
SECURITY DEFINER functions that tell a sweeper which tenants have work; the owner role serves migrations and those only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pghistory
from django.apps.registry import Apps
from django.db import connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


@dataclass(frozen=True)
class Scope:
    """Whose rows a transaction may see: one tenant's, and a user's or partner's own memberships or grants."""

    tenant: str = ""
    user: str = ""
    partner: str = ""


_NOTHING = Scope()
_current: ContextVar[Scope] = ContextVar("database_scope", default=_NOTHING)


def _apply(scope: Scope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('portal.tenant', %s, true), set_config('portal.user', %s, true),"
            " set_config('portal.partner', %s, true)",
            [scope.tenant, scope.user, scope.partner],
        )


@contextmanager
def database_scope(scope: Scope) -> Iterator[None]:
    """A transaction (or savepoint) that sees only what `scope` names; the outer scope holds again afterwards."""
    outer = _current.get()
    token = _current.set(scope)
    try:
        with transaction.atomic():
            _apply(scope)
            yield
    finally:
        _current.reset(token)
        if connection.in_atomic_block and not connection.needs_rollback:
            _apply(outer)


@contextmanager
def tenant_scope(tenant: UUID | str, *, actor: str = "system", source: str = "task") -> Iterator[None]:
    """A short transaction inside one tenant, with the actor and source written into its audit events.

    `actor` is an e-mail address, "partner:<name>" or "system"; `source` is "admin", "api", "task" or "command".
    """
    scope = replace(_current.get(), tenant=str(tenant))
    with pghistory.context(actor=actor, source=source, tenant=str(tenant)), database_scope(scope):
        yield


def written_behind() -> None:
    """Let the running transaction's commit return before it is on disk.

    For what can be read again from elsewhere, with the place to read on from in the same transaction: when the
    database server dies within the next half second both are gone, or neither. What commits after it is not on disk
    before it is (PostgreSQL manual, "Asynchronous Commit").
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


@contextmanager
def user_scope(user_id: int) -> Iterator[None]:
    """A short transaction that sees a user's own memberships in all tenants, and nothing else."""
    with database_scope(Scope(user=str(user_id))):
        yield


@contextmanager
def partner_scope(client_id: str) -> Iterator[None]:
    """A short transaction that sees a partner application's own grants in all tenants, and nothing else."""
    with database_scope(Scope(partner=client_id)):
        yield


def current_tenant() -> str:
    """The tenant id of the running scope, or an empty text outside any."""
    return _current.get().tenant


def cache_key(key: str, prefix: str, version: int) -> str:
    """Django's cache key with the tenant in it: what one tenant's request stored is never given to another's."""
    return f"{prefix}:{version}:{current_tenant()}:{key}"


_SETTING = "NULLIF(current_setting('portal.{}', true), '')"
TENANT_MATCHES = f"tenant_id = {_SETTING.format('tenant')}::uuid"
OWN_MEMBERSHIP = f"{TENANT_MATCHES} OR user_id = {_SETTING.format('user')}::bigint"
OWN_GRANT = f"{TENANT_MATCHES} OR client_id = {_SETTING.format('partner')}"
OWN_TENANT = f"id = {_SETTING.format('tenant')}::uuid"
_TENANTS_OF = " OR id IN (SELECT tenant_id FROM {})"
MEMBER_TENANT = OWN_TENANT + _TENANTS_OF.format("tenants_membership") + _TENANTS_OF.format("tenants_partnergrant")


class RowSecurity(Operation):
    """Migration operation: force row-level security on a model's table (and, with `history`, on its event table)."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, model: str, *, visible: str = TENANT_MATCHES, writable: str = TENANT_MATCHES) -> None:
        self.model, self.visible, self.writable = model, visible, writable

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__name__, [self.model], {"visible": self.visible, "writable": self.writable})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Row security changes no model state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._table(to_state.apps, app_label, schema_editor)
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        schema_editor.execute(
            f"CREATE POLICY tenant_rows ON {table} USING ({self.visible}) WITH CHECK ({self.writable})"
        )
        schema_editor.execute(f"CREATE POLICY owner_reads ON {table} FOR SELECT TO CURRENT_USER USING (true)")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._table(from_state.apps, app_label, schema_editor)
        schema_editor.execute(f"DROP POLICY owner_reads ON {table}")
        schema_editor.execute(f"DROP POLICY tenant_rows ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        return f"Force row-level security on {self.model}"

    def _table(self, apps: Apps, app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> str:
        return schema_editor.quote_name(apps.get_model(app_label, self.model)._meta.db_table)
