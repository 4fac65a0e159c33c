"""Mappings as a file: one row a word, by names and codes that people know, into and out of the draft."""

from typing import Any

from import_export.fields import Field

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, Side, ValueMapping
from mappings.services.differences import values_of
from mappings.services.drafts import ensure_draft
from mappings.services.targets import name_of, target_of
from mappings.services.versions import Word, remember_editor
from mappings.transform.fit import RESOURCES, misfit
from tenants.models import Tenant, User
from tenants.resources import TenantResource

_REQUIRED = ("subject", "side", "value", "target")


class ValueMappingResource(TenantResource):
    """Columns: connection, subject, side, value, target, target_id.

    `target` is an account's code, name or full name, or a tax rate's name; `target_id` (the ledger's id) wins when both
    are given. Rows are compared with the draft by connection, subject, side and value; an import changes drafts only.
    """

    connection = Field(column_name="connection", attribute="mapping_set__connection__name", readonly=True)
    target = Field(column_name="target", attribute="target_name")
    target_id = Field(column_name="target_id", attribute="target_external_id")

    class Meta:
        model = ValueMapping
        fields = ("connection", "subject", "side", "value", "target", "target_id")
        export_order = fields
        import_id_fields = ("subject", "side", "value")
        skip_unchanged = True
        report_skipped = False
        use_transactions = True
        clean_model_instances = True

    def __init__(self, *, tenant: Tenant, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(tenant=tenant, **kwargs)
        self.user = user
        self._drafts: dict[str, MappingSet] = {}
        self._known: dict[str, dict[Word, ValueMapping]] = {}

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Takes the draft of the row's connection and finds the record its target names."""
        if missing := [name for name in _REQUIRED if name not in row]:
            raise ValueError(f"The file lacks the column {', '.join(missing)}. Export once to get the right heads.")
        for name in ("subject", "side"):
            row[name] = str(row.get(name) or "").strip().lower().replace(" ", "_")
        if row["subject"] not in RESOURCES or row["side"] not in Side.values:
            raise ValueError(f"subject is one of {', '.join(RESOURCES)}; side is sales or purchases.")
        row["value"] = _unquoted(row.get("value"))
        if not row["value"]:
            raise ValueError("value is empty.")
        draft = self._draft(row)
        record = self._record(draft.connection, row)
        if why := misfit((row["subject"], row["side"], row["value"]), target_of(record)):
            raise ValueError(f"{name_of(record)} cannot be used here: {why}.")
        row["_record"] = record

    def get_instance(self, instance_loader: Any, row: Any) -> ValueMapping | None:
        """The draft's present mapping of that word."""
        draft = self._draft(row)
        known = self._known.setdefault(str(draft.pk), values_of(draft))
        return known.get(Word(row["subject"], row["side"], row["value"]))

    def import_field(self, field: Any, instance: ValueMapping, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        """Target columns come from the record that was found, never from the file's text."""
        record: LedgerRecord = row["_record"]
        instance.mapping_set = self._draft(row)
        instance.target_resource, instance.target_remote_type = record.resource, record.remote_type
        instance.target_external_id, instance.target_name = record.external_id, name_of(record)[:300]
        if field.column_name in ("subject", "side", "value"):
            super().import_field(field, instance, row, is_m2m, **kwargs)

    def before_save_instance(self, instance: ValueMapping, row: Any, **kwargs: Any) -> None:  # type: ignore[override]
        super().before_save_instance(instance, row, **kwargs)
        instance.changed_by, instance.confidence, instance.reason = self.user, None, "Imported from a file"
        if self.user is not None:
            remember_editor(instance.mapping_set, self.user)

    def _draft(self, row: Any) -> MappingSet:
        name = str(row.get("connection") or "").strip()
        if name not in self._drafts:
            rows = Connection.objects.for_tenant(self.tenant)
            found = list(rows.filter(name=name) if name else rows[:2])
            if len(found) != 1:
                raise ValueError(f"There is no connection named “{name}”." if name else "Name the connection.")
            if self.user is None:
                raise ValueError("A file can only be imported by a person.")
            self._drafts[name] = ensure_draft(connection=found[0], by=self.user)
        return self._drafts[name]

    def _record(self, connection: Connection, row: Any) -> LedgerRecord:
        rows = LedgerRecord.objects.for_tenant(self.tenant).of(connection, RESOURCES[row["subject"]])
        wanted_id, wanted = _unquoted(row.get("target_id")), _unquoted(row.get("target"))
        if wanted_id:
            found = list(rows.filter(external_id=wanted_id)[:2])
        else:
            same = wanted.casefold()
            found = [each for each in self._named(connection, rows, row["subject"]) if same in _names(each)]
        if len(found) == 1:
            return found[0]
        what = f"the ledger's id {wanted_id}" if wanted_id else f"“{wanted}”"
        raise ValueError(f"{'Several records match' if found else 'No record of the ledger matches'} {what}.")

    def _named(self, connection: Connection, rows: Any, subject: str) -> list[LedgerRecord]:
        cache: dict[tuple[Any, str], list[LedgerRecord]] = self.__dict__.setdefault("_records", {})
        key = (connection.pk, RESOURCES[subject])
        if key not in cache:
            cache[key] = list(rows.defer("raw"))
        return cache[key]


def _names(record: LedgerRecord) -> set[str]:
    unified = record.unified
    texts = (unified.get("code"), record.name, unified.get("name"), unified.get("full_name"), name_of(record))
    return {str(text).casefold() for text in texts if text}


def _unquoted(value: Any) -> str:
    # Exports put an apostrophe before text that a spreadsheet would run as a formula.
    text = "" if value is None else str(value).strip()
    return text[1:] if text.startswith("'") and text[1:2] in set("=+-@") else text
