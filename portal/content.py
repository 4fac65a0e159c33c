"""What is content, field by field: whom documents are about, how much, and in which words. Support does not see it.

One table, so that it can be read, discussed and checked: a test refuses a tenant's field that stands neither here nor
among what is plain. Sentences that the portal writes itself (problems, reasons, errors) are plain; the names and
amounts inside them are hidden where they are shown.
"""

# Records of these say how books are kept, not about whom: their names are plain, their amounts are not.
CHART = frozenset({
    "accounts", "tax_rates", "items", "tracking_categories", "payment_methods", "terms", "currencies", "company_info",
})  # fmt: skip

CONTENT: dict[str, frozenset[str]] = {
    label: frozenset(fields.split())
    for label, fields in {
        "integrations.LedgerRecord": "name contact_name amount open_amount unified raw search",
        "integrations.ApiCall": "url request_body response_body",
        "integrations.Posting": "body",
        "integrations.Credential": "secret",
        "integrations.Authorisation": "secret",
        "integrations.Baseline": "body state previous",
        "integrations.Discrepancy": "differences reason",
        "integrations.Fetch": "params answer content",
        "integrations.KeptFile": "name content",
        "integrations.OverriddenWrite": "remote_fields applied",
        "integrations.Proof": "lines",
        "mappings.ContactAlias": "name target_name",
        "mappings.ContactsApart": "first second",
        "mappings.DuplicateGroup": "key members evidence",
        "mappings.SourceDocument": "total counterparty body proposal decision",
        "mappings.DocumentValue": "amount",
        "mappings.CutOverLink": "candidates reason",
        "mappings.DocumentImport": "content",
        "mappings.PostingRule": "approve_from",
        "reconciliation.StatementImport": "content row_errors money_in money_out",
        "reconciliation.StatementBalance": "amount",
        "reconciliation.BankLine": "amount description counterparty reference",
        "reconciliation.Clue": "key contact",
        "reconciliation.DayFigure": "money net",
        "reconciliation.Anomaly": "note",
        "reconciliation.Case": "amount",
        "reconciliation.CaseComment": "text",
        "reconciliation.CaseFile": "name content",
        "reconciliation.PeriodClose": "note figures print",
        "reconciliation.CloseStep": "reason figures",
        "reconciliation.AutoApproval": "most despite",
        "reconciliation.AutoMatch": "note",
        "reconciliation.BankRule": "text counterparty least most contact_name memo",
        "reconciliation.Proposal": "alternatives amount difference booking",
        "reconciliation.ProposalEntry": "amount",
        "reconciliation.Match": "amount",
        "reconciliation.MatchEntry": "amount open_before",
        "reconciliation.Decision": "reason amount",
    }.items()
}

# Inside content: what a key says about form and not about substance, and whose words are those of the chart.
PLAIN_KEYS = frozenset({
    "id", "external_id", "type", "remote_type", "status", "currency", "version", "kind", "resource", "code", "key",
    "posting", "tax_mode", "source", "connection", "created_at", "modified_at", "issued_on", "due_on", "number",
    "account", "tax_rate", "item", "payment_terms", "method", "dimensions", "category", "tax_code", "payment_method",
    "location", "purchase_order", "side", "applies_to", "refers_to", "content_type", "digest", "file", "operation",
    "edition", "columns", "field", "label", "name_of", "code_of", "connector",
})  # fmt: skip

# Fields that are plain wherever they are not content: how work goes, how books are kept, and sentences of the portal's.
PLAIN = frozenset({
    "action", "altered", "approved_hash", "bands", "behind", "body_hash", "cause", "choices", "chosen", "columns",
    "compared_hash", "conditions", "confidence", "connector", "contact_id_external", "content", "content_hash",
    "content_type", "correlation_id", "country", "counts", "currency", "decision", "decision_comment", "digest",
    "document_least", "due_reason", "editors", "error", "error_code", "event_key", "excluded", "expression",
    "external_account_id", "basis",
    "external_account_name", "external_contact_id", "external_id", "external_org_id", "external_tax_id", "file_hash",
    "file_name", "heads", "idempotency_key", "key", "kind", "kinds", "known", "lane", "local_id", "local_kind",
    "meters", "method", "must_map", "name", "names", "now", "number", "off_because", "order_tolerance", "origin_kind",
    "others", "overlay", "problems", "progress", "proposal", "question", "reason", "reasons", "redirect_uri",
    "remote_type", "report", "request_headers", "resource", "resources", "response_headers", "scheme", "scope",
    "scopes", "settings", "side", "source", "state", "statement_id", "status", "step", "subject", "submitted_comment",
    "target", "target_external_id", "target_name", "target_remote_type", "tax_name", "tax_tolerance", "threshold",
    "token_type", "touches", "trace", "value", "version", "warnings", "was", "way", "webhook_key", "words",
})  # fmt: skip
