"""Bank rules at work: they propose for lines that no document explains, and are tried on what the bank wrote before."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Resource
from mappings.services.targets import target_of
from reconciliation.models import BankLine, BankRule, Proposal, ProposalLine
from reconciliation.rules import Conditions, Line, RuleError, Test, compiled, first_of
from reconciliation.services.bookings import booking_of
from reconciliation.services.rule_health import troubles_of
from reconciliation.services.storing import point_lines
from tenants.models import Tenant, User

_LOOKED_AT = 10_000
_NUMBERED = re.compile(r"\S*\d\S*")
_SHOWN = 50
_BATCH = 200


def conditions_of(rule: BankRule) -> Conditions:
    """What the rule asks for; RuleError when that is nothing, or cannot be."""
    return Conditions(
        test=rule.test,
        text=rule.text.strip(),
        field=rule.field,
        counterparty=rule.counterparty.strip(),
        direction=rule.direction,
        least=rule.least,
        most=rule.most,
        account_id=str(rule.bank_account_id or ""),
    )


def check(rule: BankRule) -> None:
    """ValidationError in words when the rule cannot be asked."""
    try:
        compiled(conditions_of(rule))
    except RuleError as wrong:
        raise ValidationError(str(wrong)) from wrong


def line_with(tenant: Tenant, pk: str) -> BankLine | None:
    """The tenant's bank line of that id; None for anything else."""
    try:
        wanted = UUID(pk)
    except ValueError:
        return None
    return BankLine.objects.for_tenant(tenant).select_related("bank_account").filter(pk=wanted).first()


def asked_by(line: BankLine) -> dict[str, Any]:
    """What a rule asks for that takes this line and others like it: its payer, or its longest words without numbers."""
    words = max((each.strip() for each in _NUMBERED.split(line.description)), key=len)
    asks = {"counterparty": line.counterparty[:200]} if line.counterparty else {"text": words[:200]}
    return {
        "connection": line.bank_account.connection_id,
        "bank_account": line.bank_account_id,
        "name": (line.counterparty or words)[:100],
        "direction": BankRule.Direction.IN if line.amount > 0 else BankRule.Direction.OUT,
        **asks,
    }


def apply_rules(connection: Connection, among: Collection[str] | None = None) -> int:
    """Let the rules in use propose for the connection's lines without another explanation, all or those given; how
    many are new.

    In the tenant's scope and a transaction of its own. The engine's proposals and what a person has touched stand; a
    rule never proposes again what somebody rejected.
    """
    rules = list(
        BankRule.objects.filter(connection=connection, is_active=True).in_order().select_related("other_account")
    )
    stopped = {pk for pk, found in troubles_of(rules).items() if any(each.stops for each in found)}
    # What cannot be booked is not proposed: neither by this rule nor, in its place, by a later one.
    with transaction.atomic():
        lines = list(_free_lines(connection, among))
        refused = _refused({line.pk for line in lines})
        tests = [compiled(conditions_of(rule)) for rule in rules]
        chosen = {line.pk: _chosen(line, rules, tests, refused) for line in lines}
        chosen = {pk: rule if rule is not None and rule.pk not in stopped else None for pk, rule in chosen.items()}
        bookings = bookings_of(connection, rules)
        keep = {line.pk for line in lines if _stands(line, chosen[line.pk], bookings)}
        gone = [line.proposal_id for line in lines if line.proposal_id and line.pk not in keep]
        Proposal.objects.filter(pk__in=gone).update(status=Proposal.Status.SUPERSEDED)
        BankLine.objects.filter(proposal__in=gone).update(status=BankLine.Status.UNMATCHED, proposal=None)
        wanted = [(line, rule) for line in lines if line.pk not in keep and (rule := chosen[line.pk]) is not None]
        _propose(connection, wanted, bookings)
    return len(wanted)


def _free_lines(connection: Connection, among: Collection[str] | None) -> Sequence[BankLine]:
    rows = BankLine.objects.of_connection(connection).open()
    if among is not None:
        rows = rows.filter(pk__in=among)
    by_rule = Proposal.objects.replaceable().filter(connection=connection, booking__has_key="outcome")
    rows = rows.filter(Q(proposal=None) | Q(proposal__in=by_rule)).order_by("pk")
    return rows.select_for_update(of=("self",)).select_related("proposal")  # type: ignore[return-value]


def _refused(line_ids: set[UUID]) -> set[tuple[UUID, UUID | None]]:
    rows = ProposalLine.objects.filter(bank_line__in=line_ids, proposal__status=Proposal.Status.REJECTED)
    return set(rows.exclude(proposal__rule=None).values_list("bank_line", "proposal__rule"))


def _chosen(
    line: BankLine, rules: Sequence[BankRule], tests: Sequence[Test], refused: set[tuple[UUID, UUID | None]]
) -> BankRule | None:
    at = first_of(plain_line(line), tests)
    if at is None or (line.pk, rules[at].pk) in refused:
        return None
    return rules[at]


def plain_line(line: BankLine) -> Line:
    """A line as rules see it."""
    return Line(str(line.bank_account_id), line.amount, line.description, line.counterparty, line.reference)


def bookings_of(connection: Connection, rules: Sequence[BankRule]) -> dict[UUID, dict[str, Any]]:
    """What each rule books now, by the rule's id; one query for the rates of their tax codes."""
    wanted = {rule.external_tax_id for rule in rules} - {""}
    rows = LedgerRecord.objects.of(connection, Resource.TAX_RATES).filter(external_id__in=wanted) if wanted else ()
    rates = {row.external_id: target_of(row).rates or () for row in rows}
    return {rule.pk: booking_of(rule, rates) for rule in rules}


def _stands(line: BankLine, rule: BankRule | None, bookings: Mapping[UUID, dict[str, Any]]) -> bool:
    found = line.proposal
    return found is not None and rule is not None and found.rule_id == rule.pk and found.booking == bookings[rule.pk]


def _propose(
    connection: Connection, wanted: Sequence[tuple[BankLine, BankRule]], bookings: Mapping[UUID, dict[str, Any]]
) -> None:
    trust = _trust({rule.pk for _, rule in wanted})
    made = [
        Proposal(
            tenant_id=connection.tenant_id,
            connection=connection,
            kind=Proposal.Kind.RULE,
            rule=rule,
            booking=bookings[rule.pk],
            confidence=trust[rule.pk],
            reasons=[{"code": "rule", "text": f"bank rule “{rule.name}”", "weight": 0}],
            amount=line.amount,
            currency=line.currency,
            lead=line,
        )
        for line, rule in wanted
    ]
    Proposal.objects.bulk_create(made, batch_size=_BATCH)
    owner = {"tenant_id": connection.tenant_id, "position": 0}
    ProposalLine.objects.bulk_create(
        [ProposalLine(**owner, proposal=row, bank_line=row.lead) for row in made], batch_size=_BATCH
    )
    point_lines(made)


def _trust(rule_ids: set[UUID]) -> dict[UUID, Decimal]:
    """The share of a rule's decided proposals that were approved, as if one more of each had been (Laplace)."""
    rows = Proposal.objects.filter(rule__in=rule_ids).values("rule").order_by()
    counted = rows.annotate(yes=Count("pk", filter=Q(status="approved")), no=Count("pk", filter=Q(status="rejected")))
    found = {row["rule"]: Decimal(row["yes"] + 1) / (row["yes"] + row["no"] + 2) for row in counted}
    return {pk: round(found.get(pk, Decimal("0.5")), 6) for pk in rule_ids}


@dataclass(frozen=True, slots=True)
class Hit:
    """A past line that the rule takes, or that an earlier rule takes before it."""

    line: BankLine
    taken_by: str = ""


@dataclass(slots=True)
class TryOut:
    """What a rule would have done with the newest lines of its connection."""

    looked_at: int
    hits: list[Hit] = field(default_factory=list)
    taken: int = 0
    before: int = 0
    money_in: Decimal = Decimal(0)
    money_out: Decimal = Decimal(0)
    became: dict[str, int] = field(default_factory=dict)


def try_out(rule: BankRule) -> TryOut:
    """The rule on the newest 10,000 lines: how many and how much it takes, what became of them, examples.

    Lines that an earlier rule in use takes are counted apart. RuleError when the rule cannot be asked.
    """
    test = compiled(conditions_of(rule))
    others = BankRule.objects.filter(connection=rule.connection, is_active=True).exclude(pk=rule.pk).in_order()
    earlier = [each for each in others if (each.position, each.pk) < (rule.position, rule.pk)]
    tests = [compiled(conditions_of(each)) for each in earlier]
    rows = (
        BankLine.objects.of_connection(rule.connection)
        .delivered()
        .select_related("bank_account")
        .order_by("-booked_on", "-id")
    )
    lines = list(rows[:_LOOKED_AT])
    found = TryOut(len(lines))
    for line in lines:
        seen = plain_line(line)
        if not test(seen):
            continue
        at = first_of(seen, tests)
        if len(found.hits) < _SHOWN:
            found.hits.append(Hit(line, earlier[at].name if at is not None else ""))
        if at is not None:
            found.before += 1
            continue
        found.taken += 1
        state = line.get_status_display()
        found.became[state] = found.became.get(state, 0) + 1
        found.money_in += max(line.amount, Decimal(0))
        found.money_out += max(-line.amount, Decimal(0))
    return found


@transaction.atomic
def save_rule(*, rule: BankRule, by: User) -> BankRule:
    """Keep a rule, a new one as the last of its connection. ValidationError when it cannot be asked."""
    check(rule)
    if rule._state.adding:
        last = BankRule.objects.filter(connection=rule.connection).in_order().last()
        rule.position = last.position + 1 if last else 1
    rule.changed_by, rule.changed_at = by, timezone.now()
    rule.save()
    return rule


@transaction.atomic
def move(*, rule: BankRule, up: bool) -> None:
    """Change places with the rule before or after it."""
    rows = list(BankRule.objects.filter(connection=rule.connection).in_order().select_for_update(of=("self",)))
    at = [row.pk for row in rows].index(rule.pk)
    to = at - 1 if up else at + 1
    if 0 <= to < len(rows):
        rows[at], rows[to] = rows[to], rows[at]
    for place, row in enumerate(rows, start=1):
        row.position = place
    BankRule.objects.bulk_update(rows, ["position"])
