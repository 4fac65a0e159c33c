"""A tenant with a chart of accounts and the words of a shop, in front of a real browser; keys are counted."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from integrations.models import Connection, LedgerRecord
from mappings.models import SourceValue
from tests.browser.conftest import ARTEFACTS

# Names that published charts of accounts for small companies use, by type.
NAMES = {
    "income": "Sales of goods|Service revenue|Consulting income|Subscription revenue|Shipping income|Licence fees|"
    "Training income|Support contracts|Interest received|Rental income|Commission received|Late fees charged",
    "cost_of_sales": "Materials purchased|Packaging|Freight inwards|Subcontractors|Import duties|"
    "Payment processing fees|Hosting for customers|Discounts allowed",
    "expense": "Advertising|Bank charges|Bookkeeping|Business rates|Cleaning|Company cars|Computer equipment hire|"
    "Conferences|Courier services|Customer entertaining|Donations|Electricity|Employee benefits|Employer pension|"
    "Equipment repairs|Freelancers|Fuel|Furniture below limit|Gas heating|Health insurance|Hotel accommodation|"
    "Internet access|Legal fees|Liability insurance|Meals while travelling|Mobile phones|Motor insurance|Office rent|"
    "Office supplies|Parking and tolls|Payroll taxes|Postage|Printing|Professional memberships|Property repairs|"
    "Public transport|Recruitment|Research materials|Salaries|Security services|Small tools|Software licences|"
    "Staff training|Staff welfare|Telephone landlines|Trade journals|Train journeys|Translation services|"
    "Vehicle leasing|Waste disposal|Water supply|Web design|Work clothing",
    "bank": "Current account|Savings account|Euro account|Petty cash",
    "credit_card": "Company card|Travel card",
}  # fmt: skip
_SIDES = {"income": "sales", "cost_of_sales": "purchases", "expense": "purchases"}


@dataclass(frozen=True)
class Meaning:
    """A word of the shop, and the account it truly means."""

    subject: str
    side: str
    value: str
    code: str


def chart(connection: Connection, extra: int = 0) -> dict[str, tuple[str, str]]:
    """The named accounts, and `extra` numbered ones, as a sync would have left them → code: (name, type)."""
    found: dict[str, tuple[str, str]] = {}
    for number, kind in enumerate(NAMES):
        for place, name in enumerate(NAMES[kind].split("|")):
            found[f"{4000 + 1000 * number + 10 * place}"] = (name, kind)
    for number in range(extra):
        found[f"{20000 + number}"] = (f"Cost centre {number:05d}", "expense")
    LedgerRecord.objects.bulk_create(_record(connection, code, *found[code]) for code in found)
    return found


def _record(connection: Connection, code: str, name: str, kind: str) -> LedgerRecord:
    unified = {"external_id": f"id-{code}", "code": code, "name": name, "full_name": name, "type": kind}
    return LedgerRecord(
        tenant_id=connection.tenant_id, connection=connection, resource="accounts", remote_type="Account",
        external_id=f"id-{code}", unified=unified, raw={}, content_hash="0" * 64, synced_at=timezone.now(), name=name,
        number=code, kind=kind, search=f"{code} {name}".lower(),
    )  # fmt: skip


def three_hundred(accounts: dict[str, tuple[str, str]]) -> list[Meaning]:
    """300 words: over half say an account's own name or code, most others nearly so, 24 are a secret."""
    named = [(code, name, kind) for code, (name, kind) in accounts.items() if kind in _SIDES]
    shapes: list[tuple[int, Callable[[int, str, str], str]]] = [
        (69, lambda number, code, name: name),
        (69, lambda number, code, name: name.lower().replace(" ", "_")),
        (69, lambda number, code, name: f"{name} {'online' if number % 2 else 'EU'}"),
        (69, lambda number, code, name: code if number % 2 else f"shop: {name}"),
        (24, lambda number, code, name: f"K{number:03d}-{'abcdefgh'[number % 8]}"),
    ]
    return [
        Meaning("category", _SIDES[kind], shape(number, code, name), code)
        for many, shape in shapes
        for number, (code, name, kind) in enumerate(named[:many])
    ]


def arrive(connection: Connection, words: list[Meaning]) -> None:
    """The words are known, each used by some documents."""
    SourceValue.objects.bulk_create(
        SourceValue(
            tenant_id=connection.tenant_id, connection=connection, subject=each.subject, side=each.side,
            value=each.value, occurrences=1 + (number * 7) % 40,
        )
        for number, each in enumerate(words)
    )  # fmt: skip


@dataclass
class Hands:
    """A person who has no mouse: every key is counted, and how long the screen took."""

    page: Page
    keys: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def press(self, key: str) -> None:
        """One key, or keys held together."""
        self.page.keyboard.press(key)
        self.keys += 1

    def write(self, text: str) -> None:
        """One key for each character."""
        for each in text:
            self.press(each)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """From here to the end of the block, which waits for what a person would see."""
        started = time.perf_counter()
        yield
        self.seconds.setdefault(what, []).append(time.perf_counter() - started)

    def report(self, name: str, lines: list[str]) -> str:
        """The figures as text, kept beside the screenshots."""
        each = [f"{what}: {max(took):.2f} s at most, {len(took)} times" for what, took in self.seconds.items()]
        text = "\n".join([*lines, *each])
        ARTEFACTS.mkdir(exist_ok=True)
        (ARTEFACTS / f"{name}.txt").write_text(text + "\n")
        return text

    def saved(self) -> None:
        """Waits until everything is in the draft."""
        expect(self.page.locator("[data-status]")).to_have_text("Saved in the draft.")

    def option(self) -> Locator:
        """The first record that the list under the field offers."""
        return self.page.locator("#choices [role=option]").first

    def active(self) -> dict[str, Any]:
        """What the person reads in the row that has the focus, the suggestion once it has come."""
        row = self.page.locator("tr.word:focus-within")
        expect(row.locator("[data-why]")).not_to_be_empty(timeout=30_000)
        read: dict[str, Any] = row.evaluate(
            """row => ({value: row.querySelector('[data-value]').textContent,
                 use: row.querySelector('[data-use]').textContent,
                 chip: row.querySelector('[data-chip]').hidden ? '' : row.querySelector('.chip-name').textContent})"""
        )
        return read


def sit_down(browser: Browser, url: str, client: Client, *, width: int = 1440) -> tuple[Page, list[str]]:
    """A browser window of a person who has signed in; and what its console complains about."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": url}])
    page = context.new_page()
    page.set_default_timeout(90_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def picture(page: Page, name: str) -> None:
    """Keep a screenshot at desk and at phone width."""
    ARTEFACTS.mkdir(exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        page.screenshot(path=ARTEFACTS / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
