"""Mappings as a file: one row a rule, by names and codes that people know, into and out of the draft."""

from collections import defaultdict
from copy import copy
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date
from import_export.fields import Field
from tablib import Dataset

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, Side, SourceValue, ValueMapping
from mappings.services.differences import values_of
from mappings.services.drafts import ensure_draft, in_conflict, normal_word
from mappings.services.targets import name_of, target_of
from mappings.services.versions import Word, active_set, open_set, remember_editor, rule_of
from mappings.transform import Rule, Target
from mappings.transform.fit import RESOURCES, misfit
from mappings.transform.rules import conflicts
from tenants.models import Tenant, User
from tenants.resources import TenantResource, neutral

_REQUIRED = ("subject", "side", "value", "target")
_COLUMNS = ("connection", "subject", "side", "value", "conditions", "holds_from", "target", "target_id")
MOST_COMPARED = 2_000
"""Rows beyond which the preview counts instead of showing each row's before and after."""
_ANY = "*"
"""The value of a rule that holds for any word."""
_LONGEST = 200
_FORMULA = set("=+-@\t\r\0")


class ValueMappingResource(TenantResource):
    """Columns: connection, subject, side, value, conditions, holds_from, target, target_id.

    `target` is an account's code, name or full name, or a tax rate's name; `target_id` (the ledger's id) wins when both
    are given; a row without either is left alone. The value * is any, the default. `conditions` is such as
    "country=DE; currency=EUR", `holds_from` a
    day as 2027-01-31. Rows are compared with the draft by all that they ask for; an import changes drafts only.
    """

    connection = Field(column_name="connection", attribute="mapping_set__connection__name", readonly=True)
    conditions = Field(column_name="conditions", attribute="conditions")
    holds_from = Field(column_name="holds_from", attribute="effective_from")
    target = Field(column_name="target", attribute="target_name")
    target_id = Field(column_name="target_id", attribute="target_external_id")

    class Meta:
        model = ValueMapping
        fields = _COLUMNS
        export_order = fields
        import_id_fields = ("subject", "side", "value")
        skip_unchanged = True
        report_skipped = False
        use_transactions = True
        use_bulk = True
        batch_size = 1000

    def __init__(self, *, tenant: Tenant, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(tenant=tenant, **kwargs)
        self.user = user
        declared: Any = type(self)
        self._meta: Any = copy(declared._meta)
        self._drafts: dict[str, MappingSet] = {}
        self._known: dict[str, dict[Word, ValueMapping]] = {}
        self._rules: dict[tuple[str, str, str, str], list[Rule]] = {}
        self._charts: dict[tuple[str, str], _Chart] = {}
        self._judged: dict[tuple[str, str, str], str] = {}
        self._lines: dict[tuple[str, Word], int] = {}

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("mapping_set__connection")

    def dehydrate_value(self, row: ValueMapping) -> str:
        """The word, or the star of a default."""
        return neutral(row.value) or _ANY

    def dehydrate_conditions(self, row: ValueMapping) -> str:
        """ "country=DE; currency=EUR"."""
        return neutral("; ".join(f"{name}={text}" for name, text in sorted(row.conditions.items())))

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        """Says at once which columns are missing; long files are counted, not compared row by row."""
        if missing := [name for name in _REQUIRED if name not in (dataset.headers or [])]:
            raise ValueError(f"The file lacks the column {', '.join(missing)}. Export once to get the right heads.")
        self._meta.skip_diff = len(dataset) > MOST_COMPARED

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Takes the draft of the row's connection and finds the record its target names."""
        draft, word = self._draft(row), _word(row)
        row["_word"], row["_record"] = word, None
        if not (_text(row, "target") or _text(row, "target_id")):
            return
        first = self._lines.setdefault((str(draft.pk), word), kwargs.get("row_number", 0))
        if first != kwargs.get("row_number", 0):
            raise ValueError(f"Row {first} says the same already; keep one of them.")
        record = self._chart(draft.connection, word.subject).find(_text(row, "target_id"), _text(row, "target"))
        self._refuse_unfit(word, record)
        self._refuse_ties(draft, word, record)
        row["_record"] = record

    def get_instance(self, instance_loader: Any, row: Any) -> ValueMapping | None:
        """The draft's present rule that asks for the same."""
        found = self._values(self._draft(row)).get(row["_word"])
        row["_same"] = found is not None and row["_record"] is not None and _points_at(found, row["_record"])
        return found

    def import_instance(self, instance: ValueMapping, row: Any, **kwargs: Any) -> None:
        """The target comes from the record that was found, never from the file's text."""
        record, word = row["_record"], row["_word"]
        if record is None:
            return
        instance.mapping_set, instance.tenant_id = self._draft(row), self.tenant.pk
        instance.subject, instance.side, instance.value = word.subject, word.side, word.value
        instance.conditions, instance.effective_from = dict(word.conditions), word.effective_from
        instance.target_resource, instance.target_remote_type = record.resource, record.remote_type
        instance.target_external_id, instance.target_name = record.external_id, name_of(record)[:300]

    def skip_row(self, instance: ValueMapping, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """Rows without a target, and those the draft says already."""
        return row["_record"] is None or row["_same"]

    def before_save_instance(self, instance: ValueMapping, row: Any, **kwargs: Any) -> None:  # type: ignore[override]
        super().before_save_instance(instance, row, **kwargs)
        instance.changed_by, instance.changed_at = self.user, timezone.now()
        instance.confidence, instance.reason = None, "Imported from a file"
        if self.user is not None:
            remember_editor(instance.mapping_set, self.user)

    def bulk_create(self, using_transactions: bool, dry_run: bool, *args: Any, **kwargs: Any) -> None:
        """As the library does, but a dry run writes nothing: every row has been judged before, at half the time."""
        if dry_run:
            self.create_instances.clear()
        else:
            super().bulk_create(using_transactions, dry_run, *args, **kwargs)

    def bulk_update(self, using_transactions: bool, dry_run: bool, *args: Any, **kwargs: Any) -> None:
        """See `bulk_create`."""
        if dry_run:
            self.update_instances.clear()
        else:
            super().bulk_update(using_transactions, dry_run, *args, **kwargs)

    def get_bulk_update_fields(self) -> list[str]:
        """The target, and who chose it; what a rule asks for stays."""
        target = ["target_resource", "target_remote_type", "target_external_id", "target_name"]
        return [*target, "confidence", "reason", "changed_by", "changed_at"]

    def _draft(self, row: Any) -> MappingSet:
        name = _text(row, "connection")
        if name not in self._drafts:
            rows = Connection.objects.for_tenant(self.tenant)
            found = list(rows.filter(name=name) if name else rows[:2])
            if len(found) != 1:
                raise ValueError(f"There is no connection named “{name}”." if name else "Name the connection.")
            if self.user is None:
                raise ValueError("A file can only be imported by a person.")
            self._drafts[name] = ensure_draft(connection=found[0], by=self.user)
        return self._drafts[name]

    def _values(self, draft: MappingSet) -> dict[Word, ValueMapping]:
        if str(draft.pk) not in self._known:
            self._known[str(draft.pk)] = values_of(draft)
        return self._known[str(draft.pk)]

    def _chart(self, connection: Connection, subject: str) -> "_Chart":
        key = (str(connection.pk), RESOURCES[subject])
        if key not in self._charts:
            rows = LedgerRecord.objects.for_tenant(self.tenant).of(connection, RESOURCES[subject])
            self._charts[key] = _Chart(list(rows.defer("raw", "search")))
        return self._charts[key]

    def _refuse_unfit(self, word: Word, record: LedgerRecord) -> None:
        use = (word.subject, word.side, str(record.pk))
        if use not in self._judged:
            self._judged[use] = misfit((word.subject, word.side, word.value), target_of(record))
        if self._judged[use]:
            raise ValueError(f"{name_of(record)} cannot be used here: {self._judged[use]}.")

    def _refuse_ties(self, draft: MappingSet, word: Word, record: LedgerRecord) -> None:
        # A rule that asks for nothing beside the word ties with none but itself.
        if not word.conditions:
            return
        key = (str(draft.pk), word.subject, word.side, word.value)
        if key not in self._rules:
            same = (
                row for other, row in self._values(draft).items() if (other.subject, other.side, other.value) == key[1:]
            )
            self._rules[key] = [rule_of(row, Target(row.target_external_id, row.target_name)) for row in same]
        since = word.effective_from.isoformat() if word.effective_from else ""
        rule = Rule(word.subject, word.side, word.value, target_of(record), dict(word.conditions), since)
        asked = (rule.conditions, rule.effective_from)
        others = [each for each in self._rules[key] if (each.conditions, each.effective_from) != asked]
        for one, other in conflicts([*others, rule]):
            raise ValueError(in_conflict(one, other))
        self._rules[key] = [*others, rule]


class _Chart:
    """The records of one resource, found by the ledger's id or by any of their names."""

    def __init__(self, records: list[LedgerRecord]) -> None:
        self._by_id: dict[str, list[LedgerRecord]] = defaultdict(list)
        self._by_name: dict[str, list[LedgerRecord]] = defaultdict(list)
        for record in records:
            self._by_id[record.external_id].append(record)
            for name in _names(record):
                self._by_name[name].append(record)

    def find(self, external_id: str, name: str) -> LedgerRecord:
        """The one record; ValueError when there is none or more than one."""
        found = self._by_id.get(external_id, []) if external_id else self._by_name.get(name.casefold(), [])
        if len(found) == 1:
            return found[0]
        what = f"the ledger's id {external_id}" if external_id else f"“{name}”"
        raise ValueError(f"{'Several records match' if found else 'No record of the ledger matches'} {what}.")


def template_of(connection: Connection) -> Dataset:
    """The heads, and a row for each value of the connection that has no meaning yet: fill in `target`, import."""
    shown = open_set(connection) or active_set(connection)
    known = values_of(shown) if shown else {}
    rows = SourceValue.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    wanted = [
        (subject, side, value)
        for subject, side, value in rows.order_by("subject", "side", "value").values_list("subject", "side", "value")
        if Word(subject, side, value) not in known
    ]
    name = neutral(connection.name)
    return Dataset(
        *[(name, subject, side, neutral(value), "", "", "", "") for subject, side, value in wanted], headers=_COLUMNS
    )


def _word(row: Any) -> Word:
    subject, side = (_text(row, name).lower().replace(" ", "_") for name in ("subject", "side"))
    if subject not in RESOURCES or side not in Side.values:
        raise ValueError(f"subject is one of {', '.join(RESOURCES)}; side is sales or purchases.")
    value, conditions = _text(row, "value"), _conditions(_text(row, "conditions"))
    if not value:
        raise ValueError(f"value is empty; write {_ANY} for any, which makes it the default.")
    if "\0" in value:
        raise ValueError("value holds a character that no text has; retype it.")
    if len(value) > _LONGEST:
        raise ValueError(f"value is longer than {_LONGEST} characters.")
    try:
        return normal_word(
            Word(subject, side, "" if value == _ANY else value, tuple(conditions.items()), _day(row.get("holds_from")))
        )
    except ValidationError as wrong:
        raise ValueError(" ".join(wrong.messages)) from wrong


def _conditions(text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, sign, wanted = part.partition("=")
        if not sign:
            raise ValueError(f"“{part}” is no condition; write them as country=DE; currency=EUR.")
        found[name.strip().lower()] = wanted.strip()
    return found


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value or "").strip()
    try:
        found = parse_date(text) if text else None
    except ValueError:
        found = None
    if text and found is None:
        raise ValueError(f"“{text}” is no day to hold from; write it as 2027-01-31.")
    return found


def _points_at(row: ValueMapping, record: LedgerRecord) -> bool:
    return row.target_key == (record.resource, record.remote_type, record.external_id)


def _names(record: LedgerRecord) -> set[str]:
    unified = record.unified
    texts = (unified.get("code"), record.name, unified.get("name"), unified.get("full_name"), name_of(record))
    return {str(text).casefold() for text in texts if text}


def _text(row: Any, name: str) -> str:
    """A cell as text: spreadsheets turn the code 4000 into a number, and exports guard formulas by an apostrophe."""
    value = row.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    return text[1:] if text.startswith("'") and text[1:2] in _FORMULA else text
