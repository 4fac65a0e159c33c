"""`manage webhooks [LEDGER] [--aside] [--redistribute]`: what became of the deliveries, for the operator."""

from collections import Counter
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count, Min

from integrations.models import WebhookDelivery
from integrations.services.announcements_sorting import redistribute
from tenants.commands import PortalCommand

_NEWEST = 10


class Command(PortalCommand):
    """Reads the one table that belongs to no tenant; bodies are not shown."""

    help = "Webhook deliveries: waiting, kept aside for organisations that nobody has connected, unreadable."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ledger", nargs="?", default="", help="Only this ledger, such as xero.")
        parser.add_argument("--aside", action="store_true", help="List the organisations that nobody has connected.")
        parser.add_argument("--redistribute", action="store_true", help="Distribute what is kept aside again.")

    def run(self, **options: Any) -> dict[str, Any]:
        """Counts after doing what was asked."""
        rows = WebhookDelivery.objects.filter(**({"connector": options["ledger"]} if options["ledger"] else {}))
        told: dict[str, Any] = {}
        if options["redistribute"]:
            told["redistributed"] = redistribute(ledger=options["ledger"])
        if options["aside"]:
            return {**told, "aside": _aside(rows)}
        counted = rows.order_by().values("connector", "status").annotate(count=Count("pk"), oldest=Min("received_at"))
        problems = rows.exclude(problem="").order_by("-received_at").values("pk", "connector", "problem")[:_NEWEST]
        by_place = sorted(counted, key=lambda row: (row["connector"], row["status"]))
        return {**told, "deliveries": by_place, "problems": list(problems)}

    def describe(self, result: dict[str, Any]) -> str:
        """A sentence for each."""
        lines = []
        if "redistributed" in result:
            lines.append(f"{result['redistributed']} kept aside: distributed again by the next sweep.")
        labels = dict(WebhookDelivery.Status.choices)
        for row in result.get("deliveries", []):
            told = f"{labels[row['status']]}: {row['count']}, the oldest of {row['oldest']:%Y-%m-%d %H:%M:%S}"
            lines.append(f"{row['connector']:<14} {told}")
        lines += [f"{row['connector']:<14} {row['pk']}: {row['problem']}" for row in result.get("problems", [])]
        lines += [f"{row['ledger']:<14} {row['organisation']}: {row['count']}" for row in result.get("aside", [])]
        is_asked = "aside" in result
        nothing = (
            "Every organisation that was announced is connected." if is_asked else "No webhook has been delivered."
        )
        return "\n".join(lines) or nothing


def _aside(rows: Any) -> list[dict[str, Any]]:
    found: Counter[tuple[str, str]] = Counter()
    for connector, named in rows.filter(status=WebhookDelivery.Status.ASIDE).values_list("connector", "unclaimed"):
        found.update((connector, organisation) for organisation in named)
    return [{"ledger": ledger, "organisation": org, "count": count} for (ledger, org), count in sorted(found.items())]
