"""Whether what bank rules book on is still in the ledger: an account, tax code or vendor may be archived or renamed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from integrations.models import LedgerRecord, Resource
from mappings.services.targets import name_of
from reconciliation.models import BankRule

_NAMED = (
    (Resource.ACCOUNTS, "account", "external_account_id", "external_account_name"),
    (Resource.TAX_RATES, "tax code", "external_tax_id", "tax_name"),
    (Resource.CONTACTS, "vendor", "external_contact_id", "contact_name"),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is the matter with a rule; while it `stops`, the rule proposes nothing."""

    text: str
    stops: bool


def troubles_of(rules: Sequence[BankRule]) -> dict[UUID, list[Trouble]]:
    """Every rule's troubles by its id, from the mirror; one query. In the tenant's scope."""
    wanted = {
        (rule.connection_id, resource, key)
        for rule in rules
        for resource, _, field, _ in _NAMED
        if (key := getattr(rule, field))
    }
    rows = LedgerRecord.objects.filter(
        connection__in={each[0] for each in wanted}, external_id__in={each[2] for each in wanted},
        resource__in=[each[0] for each in _NAMED],
    )  # fmt: skip
    found = {(row.connection_id, row.resource, row.external_id): row for row in rows.defer("raw")}
    return {rule.pk: list(_troubles(rule, found)) for rule in rules}


def _troubles(rule: BankRule, found: dict[tuple[UUID, str, str], LedgerRecord]) -> Iterable[Trouble]:
    for resource, noun, field, kept in _NAMED:
        key, name = getattr(rule, field), getattr(rule, kept)
        if not key:
            continue
        record = found.get((rule.connection_id, resource, key))
        if record is None or record.deleted_at is not None:
            yield Trouble(f"Its {noun} {name} is no longer in the ledger: choose another one.", stops=True)
        elif not record.is_active:
            yield Trouble(
                f"Its {noun} {name} is archived in the ledger: restore it there, or choose another.", stops=True
            )
        elif name not in (name_of(record), record.name):
            yield Trouble(f"Its {noun} {name} is called {name_of(record)} now: choose it anew here.", stops=False)
