"""Reports and files."""

from integrations.unified.schema import CURRENCY, DATE, DATETIME, RECORD, TEXT, WHOLE, Schema, Spec, listed

SCHEMAS: dict[str, Schema] = {
    "reports": {
        "external_id": TEXT,
        "name": TEXT,
        "basis": TEXT,
        "start_on": DATE,
        "end_on": DATE,
        "currency": CURRENCY,
        "made_at": DATETIME,
        "columns": listed({"key": TEXT, "title": TEXT, "type": TEXT}),
        "rows": Spec("any", help="Nested: sections with rows, total and sum; lines; results (see report_tree)."),
        "checks": Spec("any", help="How many totals were worked out again, and which of them differ."),
        "is_cut_short": Spec("bool"),
        "note": TEXT,
    },
    "attachments": {
        **RECORD,
        "file_name": TEXT,
        "content_type": TEXT,
        "size": WHOLE,
        "note": TEXT,
        "category": TEXT,
        "url": Spec("text", is_given_by_ledger=True),
        "links": listed({"type": TEXT, "id": TEXT}),
    },
}
