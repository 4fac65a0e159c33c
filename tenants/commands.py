"""The shape of every command: sentences for people, or one JSON object; exit 0 done, 1 failed, 2 wrong usage."""

import json
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder


class PortalCommand(BaseCommand):
    """Subclasses implement `run(**options)` and return the dict that --json prints, and `describe` for people."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print exactly one JSON object.")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def run(self, **options: Any) -> dict[str, Any]:
        """Do the work; raise CommandError with what to do when it fails."""
        raise CommandError(f"{type(self).__module__} has no run method.")

    def describe(self, result: dict[str, Any]) -> str:
        """The result for people: a line per value."""
        width = max((len(key) for key in result), default=0)
        return "\n".join(f"{key.replace('_', ' '):<{width}}  {value}" for key, value in result.items())

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self.run(**options)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        except ObjectDoesNotExist as error:
            raise CommandError(str(error)) from error
        if options["as_json"]:
            self.stdout.write(json.dumps(result, cls=DjangoJSONEncoder))
        else:
            self.stdout.write(self.describe(result))
