"""`config_import CONNECTION DIR --as EMAIL [--dry-run] [--replace-draft] [--with-policies]`"""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from integrations.management.connections import tenant_of
from integrations.models import Connection
from mappings.configuration import FILES
from mappings.services.configuration import Plan, imported, planned
from tenants.commands import PortalCommand
from tenants.models import Membership
from tenants.permissions import EDIT_MAPPINGS, MANAGE_CONNECTIONS, may
from tenants.rls import tenant_scope


class Command(PortalCommand):
    help = "Make drafts of a folder that config_export wrote: all of it or nothing, and nothing becomes active."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="The connection's id.")
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="Who drafts; needed unless --dry-run.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would change.")
        parser.add_argument("--replace-draft", action="store_true", help="Although there is a draft of the mappings.")
        parser.add_argument("--with-policies", action="store_true", help="Also set the policies, which have no draft.")

    def run(self, **options: Any) -> dict[str, Any]:
        tenant_id = tenant_of(options["connection"])
        files = _read(options["folder"])
        with tenant_scope(tenant_id, source="command", actor=options["email"] or "system"):
            plan = planned(Connection.objects.get(pk=options["connection"]), files)
            if plan.faults:
                raise CommandError("\n".join([*map(str, plan.faults), "Nothing was imported."]))
            if not options["dry_run"]:
                self._import(plan, options)
        changes = [[each.part, each.what, each.before, each.after] for each in plan.changes]
        return {"changes": changes, "notes": plan.notes, "is_dry_run": options["dry_run"]}

    def _import(self, plan: Plan, options: dict[str, Any]) -> None:
        rows = Membership.objects.for_tenant(plan.connection.tenant_id).current().select_related("user")
        member = rows.filter(user__email=options["email"] or "").first()
        if member is None:
            raise CommandError("Say with --as who drafts: the e-mail address of a member.", returncode=2)
        needed = [EDIT_MAPPINGS, *([MANAGE_CONNECTIONS] if options["with_policies"] else [])]
        if lacking := [right for right in needed if not may(member, right)]:
            raise CommandError(f"{member.user} may not {' and '.join(lacking)}.")
        try:
            imported(
                plan,
                by=member.user,
                with_policies=options["with_policies"],
                replaces_draft=options["replace_draft"],
            )
        except ValidationError as refused:
            raise CommandError("\n".join([*refused.messages, "Nothing was imported."])) from refused

    def describe(self, result: dict[str, Any]) -> str:
        """A line a change."""
        rows = [f"{part}: {what}: {before} → {after}" for part, what, before, after in result["changes"]]
        end = "Nothing was written." if result["is_dry_run"] else "Drafts are made; have them approved."
        return "\n".join([*rows, *result["notes"], end if rows else "Nothing differs."])


def _read(folder: Path) -> dict[str, str]:
    try:
        return {name: (folder / name).read_text(encoding="utf-8") for name in FILES if (folder / name).is_file()}
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{folder} cannot be read: {error}.") from error
