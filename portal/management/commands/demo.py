"""`demo`: the demo tenants acme and rival; idempotent."""

from typing import Any

from portal import demo
from tenants.commands import PortalCommand


class Command(PortalCommand):
    help = "Load the demo tenants, their people, companies in the simulated ledgers and a bank statement; idempotent."

    def run(self, **options: Any) -> dict[str, Any]:
        return demo.load()

    def describe(self, result: dict[str, Any]) -> str:
        people = [f"{login['email']}  {login['password']}  ({login['role']})" for login in result["logins"]]
        return "\n".join([*people, *(f"statement: {path}" for path in result["statements"])])
