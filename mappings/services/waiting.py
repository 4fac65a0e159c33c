"""What keeps documents waiting, one card for each cause: how many, how much, since when, and how it is resolved."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Sum

from integrations.models import Connection
from mappings.models import DocumentValue, SourceDocument, SourceValue
from mappings.services.targets import Choice, find_targets, search_targets
from mappings.services.versions import Word, active_set, open_set, word_of
from mappings.transform.fit import misfit
from mappings.transform.money import text_of
from mappings.transform.rules import NAMES

_MOST_CARDS = 40
_MOST_CHOICES = 200
_Status, _WaitsFor = SourceDocument.Status, SourceDocument.WaitsFor
CAUSES = {
    _WaitsFor.EARLIER: ("An earlier document", "They go by themselves as soon as the document they name has come in."),
    _WaitsFor.LEDGER: ("The ledger", "They are looked at again after every sync."),
    _WaitsFor.SUPPORT: ("Support", "The portal failed on them; nothing was sent."),
}


@dataclass(frozen=True)
class Card:
    """One word without a usable meaning, and what waits for it.

    `chosen` is what the open draft says already; `unfit` what is said that cannot be used, and why.
    """

    source: SourceValue
    count: int
    money: str
    since: datetime | None
    choices: tuple[Choice, ...]
    chosen: str = ""
    unfit: str = ""

    @property
    def subject(self) -> str:
        """Such as "Tax code"."""
        return NAMES[self.source.subject].capitalize()


@dataclass(frozen=True)
class Pile:
    """Documents that wait for something else than a mapping."""

    code: str
    title: str
    remedy: str
    count: int
    money: str


def cards_of(connection: Connection) -> list[Card]:
    """The words that keep most documents waiting first; the number of queries does not grow with them."""
    uses = DocumentValue.objects.for_tenant(connection.tenant_id).filter(
        is_missing=True, source_value__connection=connection, document__status=_Status.WAITING
    )
    rows = uses.values("source_value", "document__currency").annotate(
        count=Count("id"), amount=Sum("document__total"), since=Min("document__received_at")
    )
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["source_value"]].append(dict(row))
    most = sorted(found, key=lambda key: -sum(row["count"] for row in found[key]))[:_MOST_CARDS]
    sources = SourceValue.objects.for_tenant(connection.tenant_id).in_bulk(most)
    chosen, unfit = _said(connection, sources.values())
    choices = {key: _choices(connection, *key) for key in {(each.subject, each.side) for each in sources.values()}}
    return [_card(sources[key], found[key], choices, chosen, unfit) for key in most]


def piles_of(connection: Connection) -> list[Pile]:
    """What waits for an earlier document, the ledger, support or a second person; two queries."""
    rows = SourceDocument.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    sums = rows.waiting().exclude(waits_for=_WaitsFor.MAPPING).values("waits_for", "currency")
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sums.annotate(count=Count("id"), amount=Sum("total")):
        found[row["waits_for"]].append(dict(row))
    piles = [
        Pile(code, title, remedy, sum(row["count"] for row in found[code]), _money(found[code], "currency"))
        for code, (title, remedy) in CAUSES.items()
        if found[code]
    ]
    approval = rows.filter(status=_Status.APPROVAL).values("currency")
    asked: list[dict[str, Any]] = [dict(row) for row in approval.annotate(count=Count("id"), amount=Sum("total"))]
    if asked:
        title, remedy = "A second person", "An approver looks at the exact entry and agrees, or refuses."
        piles.append(Pile("approval", title, remedy, sum(row["count"] for row in asked), _money(asked, "currency")))
    return piles


def _choices(connection: Connection, subject: str, side: str) -> tuple[Choice, ...]:
    found = search_targets(connection=connection, subject=subject, side=side, limit=_MOST_CHOICES)
    return tuple(each for each in found if not each.why_not)


def _card(
    source: SourceValue,
    rows: list[dict[str, Any]],
    choices: dict[tuple[str, str], tuple[Choice, ...]],
    chosen: dict[Word, str],
    unfit: dict[Word, str],
) -> Card:
    word = Word(source.subject, source.side, source.value)
    return Card(
        source,
        sum(row["count"] for row in rows),
        _money(rows, "document__currency"),
        min((row["since"] for row in rows), default=None),
        choices[(source.subject, source.side)],
        chosen.get(word, ""),
        unfit.get(word, ""),
    )


def _said(connection: Connection, sources: Iterable[SourceValue]) -> tuple[dict[Word, str], dict[Word, str]]:
    """What the open draft, else the active version, says of some words: what it chose, and what cannot be used."""
    draft = open_set(connection)
    version = draft or active_set(connection)
    if version is None:
        return {}, {}
    # Rules with conditions say nothing for documents that do not meet them, and those are the ones that wait.
    rows = version.values.filter(conditions={}, effective_from=None, value__in={each.value for each in sources})
    targets, chosen, unfit = find_targets(connection, rows), dict[Word, str](), dict[Word, str]()
    for row in rows:
        if why := misfit((row.subject, row.side, row.value), targets[row.target_key]):
            unfit[word_of(row)] = f"{row.target_name}, which cannot be used: {why}"
        elif draft is not None:
            chosen[word_of(row)] = row.target_name
    return chosen, unfit


def _money(rows: Iterable[dict[str, Any]], name: str) -> str:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row[name]] += row["amount"]
    return " and ".join(text_of(amount, currency) for currency, amount in sorted(sums.items(), key=lambda x: -x[1]))
