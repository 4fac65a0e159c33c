"""The demo: two tenants, one person of each role, companies in all simulated ledgers, a bank statement, a partner app.

Everything is found again instead of made twice, so that loading the demo a second time changes nothing.
"""

import csv
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from tenants.models import Role, Tenant
from tenants.services import create_partner, create_tenant, create_user, get_tenant, tenant_id_of

PASSWORD = "ledger-portal-demo"  # noqa: S105 - shown on the terminal; demo tenants only
PARTNER = "Acme web shop"
SCOPES = [
    "source-documents:read", "source-documents:write", "connections:read", "postings:read", "sync-runs:read",
    "accounts:read", "contacts:read", "invoices:read", "invoices:write", "payments:read", "bills:read",
]  # fmt: skip
STATEMENT_FIELDS = [
    "id", "account_id", "date", "amount", "currency", "description", "counterparty", "reference",
]  # fmt: skip
BOOKS: dict[str, Any] = {"ledger": "quickbooks", "payments": 320, "bank_lines": 240, "months": 12}


@dataclass(frozen=True)
class DemoTenant:
    """A tenant and the company of its own that it can connect."""

    slug: str
    name: str
    currency: str
    company: dict[str, Any]


TENANTS = [
    DemoTenant(
        "acme",
        "Acme Trading Ltd",
        "GBP",
        {"name": "Acme Trading Ltd", "currency": "GBP", "country": "GB", "seed": 11, "contacts": 160, "invoices": 1100,
         "bills": 640},
    ),
    DemoTenant(
        "rival",
        "Rival Supplies Inc",
        "USD",
        {"name": "Rival Supplies Inc", "currency": "USD", "country": "US", "seed": 23, "contacts": 40, "invoices": 160,
         "bills": 90},
    ),
]  # fmt: skip


def sandbox(path: str, body: dict[str, Any] | None = None) -> Any:
    """One call of the simulated ledgers' control API; CommandError when it does not answer."""
    if not settings.PORTAL_SANDBOX_URL:
        raise CommandError(
            "PORTAL_SANDBOX_URL is not set: the demo needs the simulated ledgers. Start ./bin/portal up."
        )
    data = json.dumps(body).encode() if body is not None else None
    request = Request(settings.PORTAL_SANDBOX_URL + path, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - the operator's own setting
            return json.load(answer)
    except URLError as error:
        raise CommandError(f"The simulated ledgers at {settings.PORTAL_SANDBOX_URL} do not answer: {error}") from error


def company(demo: DemoTenant) -> dict[str, Any]:
    """The tenant's company in the simulated ledger, made when it is missing."""
    known = sandbox("/_control/organisations?ledger=quickbooks")["organisations"]
    found = next((each for each in known if each["name"] == demo.company["name"]), None)
    made: dict[str, Any] = found or sandbox("/_control/organisations", BOOKS | demo.company)
    return made


def other_ledgers(demo: DemoTenant) -> Path:
    """A small company of the tenant in every other simulated ledger; what forms ask for is kept in a file."""
    known = sandbox("/_control/organisations")["organisations"]
    made = []
    for ledger in sandbox("/_control/")["ledgers"]:
        if ledger == BOOKS["ledger"]:
            continue
        found = next((each for each in known if (each["ledger"], each["name"]) == (ledger, demo.name)), None)
        counts = {"contacts": 24, "invoices": 60, "bills": 30, "payments": 40, "bank_lines": 30, "months": 4}
        asked = {**demo.company, **counts, "ledger": ledger, "name": demo.name}
        organisation = found or sandbox("/_control/organisations", asked)
        made.append(sandbox(f"/_control/organisations/{organisation['id']}"))
    path = _demo_folder() / f"{demo.slug}-ledgers.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({each["ledger"]: each["credentials"] for each in made}, file, indent=2)
    return path


def people(demo: DemoTenant, tenant: Tenant) -> list[dict[str, str]]:
    """One person of each role, with the demo password."""
    logins = []
    for role in Role:
        email = f"{role.value}@{demo.slug}.example"
        create_user(email=email, tenant=tenant, role=role, password=PASSWORD, reason="Demo")
        logins.append({"email": email, "password": PASSWORD, "role": role.value, "tenant": demo.slug})
    return logins


def statement(demo: DemoTenant, organisation: dict[str, Any]) -> Path:
    """The company's bank statement as a CSV file, as a bank would give it for download."""
    lines: Iterable[dict[str, Any]] = sandbox(f"/_control/organisations/{organisation['id']}/bank_lines")["bank_lines"]
    path = _demo_folder() / f"{demo.slug}-statement.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, STATEMENT_FIELDS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path


def partner(tenant: Tenant) -> dict[str, str]:
    """A partner application of the tenant; its secret is kept in a file that only this user may read."""
    path = _demo_folder() / "partner.json"
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if not Client.objects.filter(pk=keys.get("client_id")).exists():  # the folder may outlive the database
        made = create_partner(name=PARTNER, tenant=tenant, scopes=SCOPES)
        keys = {"client_id": made.client_id, "client_secret": made.client_secret}
    keys["token_url"] = settings.PORTAL_URL.rstrip("/") + reverse("idp:oidc:token")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(keys, file)
    return keys


def load() -> dict[str, Any]:
    """Load the demo → {"logins": […], "companies": […], "statements": […], "ledgers": […], "partner": {…}}."""
    result: dict[str, Any] = {"logins": [], "companies": [], "statements": [], "ledgers": []}
    for demo in TENANTS:
        exists = tenant_id_of(demo.slug)
        tenant = get_tenant(demo.slug) if exists else create_tenant(
            slug=demo.slug, name=demo.name, currency=demo.currency
        )  # fmt: skip
        result["logins"] += people(demo, tenant)
        organisation = company(demo)
        result["companies"].append({"tenant": demo.slug, **organisation})
        result["statements"].append(str(statement(demo, organisation)))
        result["ledgers"].append(str(other_ledgers(demo)))
        if demo.slug == "acme":
            result["partner"] = partner(tenant)
    return result


def _demo_folder() -> Path:
    folder: Path = settings.DATA_DIR / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
