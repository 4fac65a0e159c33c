"""See a connector's declaration work: a ledger's JSON in unified form, or the request that a unified record becomes."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from integrations.engine import documents, jsontext, manifest, reports
from integrations.engine.converters import Context
from integrations.engine.declarations import Connector, Resource
from integrations.engine.errors import IntegrationError


class Command(BaseCommand):
    """`declare LEDGER RESOURCE --read FILE` or `--write FILE [--operation create]`: no connection, no network."""

    help = "Print the unified form of a ledger's JSON, or the exact request that a unified record becomes."
    requires_system_checks: "list[str]" = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ledger", help="Such as quickbooks.")
        parser.add_argument("resource", help="Such as invoices or journal-entries.")
        direction = parser.add_mutually_exclusive_group(required=True)
        direction.add_argument("--read", type=Path, metavar="FILE", help="A ledger's record, list or whole response.")
        direction.add_argument("--write", type=Path, metavar="FILE", help="A unified record, or a list of them.")
        parser.add_argument("--operation", default="create", choices=["create", "update", "void", "delete"])
        parser.add_argument("--kind", help="The ledger's name of the record, where a record alone does not tell.")
        parser.add_argument("--org", default="1", help="The organisation's id in paths.")
        parser.add_argument("--country", default="", help="Two letters; some fields do not exist in some countries.")
        parser.add_argument("--currency", default="", help="The home currency, for records that name none.")
        parser.add_argument("--json", action="store_true", dest="as_json", help="One JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connector = manifest.load(options["ledger"])
            name = options["resource"].replace("-", "_")
            if name == "reports" and options["read"]:
                self._show({"records": [_report(connector, _loaded(options["read"]))]}, as_json=options["as_json"])
                return
            resource = connector.resource(name)
            if options["read"]:
                found: dict[str, Any] = {"records": self._read(connector, resource, options)}
            else:
                found = {"requests": self._write(connector, resource, options)}
        except manifest.ManifestError as error:
            raise CommandError(str(error)) from error
        except IntegrationError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        self._show(found, as_json=options["as_json"])

    def _read(self, connector: Connector, resource: Resource, options: dict[str, Any]) -> list[Any]:
        body = _loaded(options["read"])
        values = {"home_currency": options["currency"], "country": options["country"]}
        context = Context(values={k: v for k, v in values.items() if v}, lookups=documents.lookups(resource, body))
        kind = options["kind"]
        found = [
            resource.read(raw, kind or entity.remote_type, context)
            for entity, raw in documents.records(connector, resource, body)
        ]
        if not found:
            kinds = " or ".join(resource.entities)
            raise CommandError(f"{options['read']} holds no {kinds}: expected a record, a list, or a list response.")
        return found

    def _write(self, connector: Connector, resource: Resource, options: dict[str, Any]) -> list[Any]:
        body = _loaded(options["write"])
        listed = body.get("records", [body]) if isinstance(body, dict) else body
        context = Context(values={"org": options["org"], "country": options["country"]})
        operation = options["operation"]
        return [
            _request(connector, resource.write(resource.typed(record, operation), operation, context))
            for record in listed
        ]

    def _show(self, found: dict[str, Any], *, as_json: bool) -> None:
        if "requests" in found:
            # Amounts in a request are JSON numbers, digit for digit as they are sent.
            self.stdout.write(jsontext.dumps(found, is_indented=not as_json).decode())
        else:
            self.stdout.write(
                json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=None if as_json else 2)
            )


def _report(connector: Connector, body: Any) -> dict[str, Any]:
    """A report in unified form, under our name of it."""
    call = reports.of_body(connector.reports, body)
    if call is None:
        raise CommandError(f"This is no report that {connector.label} declares: {', '.join(connector.reports)}.")
    return reports.read(call, body)


def _loaded(path: Path) -> Any:
    try:
        return jsontext.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error


def _request(connector: Connector, request: Any) -> dict[str, Any]:
    headers = {**connector.http.headers, **request.headers}
    if request.encoded() is not None:
        headers.setdefault("Content-Type", "application/json")
    return {
        "method": request.method,
        "path": request.path,
        "params": {**connector.http.params, **request.params},
        "headers": headers,
        "body": request.body,
    }
