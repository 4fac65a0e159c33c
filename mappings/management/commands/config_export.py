"""`config_export CONNECTION --out DIR`"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from integrations.management.connections import tenant_of
from integrations.models import Connection
from mappings.services.configuration import exported
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope


class Command(PortalCommand):
    help = "Write what is in force of a connection's mappings, overrides and policies into a folder of text files."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="The connection's id.")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="Made where it is missing.")

    def run(self, **options: Any) -> dict[str, Any]:
        with tenant_scope(tenant_of(options["connection"]), source="command"):
            files = exported(Connection.objects.get(pk=options["connection"]))
        folder: Path = options["out"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error
        return {"folder": str(folder), "files": {name: len(text.splitlines()) for name, text in files.items()}}

    def describe(self, result: dict[str, Any]) -> str:
        """A line a file."""
        return "\n".join(f"{lines:>6} lines  {result['folder']}/{name}" for name, lines in result["files"].items())
