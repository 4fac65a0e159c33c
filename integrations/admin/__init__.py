"""The pages about ledgers: connections, their records, sync runs, postings, failures."""

from integrations.admin.announcements import WebhookEventAdmin
from integrations.admin.connections import ConnectionAdmin
from integrations.admin.custom import CustomFieldAdmin
from integrations.admin.discrepancies import DiscrepancyAdmin
from integrations.admin.overrides import FieldOverrideAdmin
from integrations.admin.postings import PostingAdmin
from integrations.admin.proofs import ProofAdmin
from integrations.admin.records import LedgerRecordAdmin
from integrations.admin.reports import ReportAdmin
from integrations.admin.runs import SyncRunAdmin

__all__ = [
    "DiscrepancyAdmin",
    "ProofAdmin",
    "ConnectionAdmin",
    "CustomFieldAdmin",
    "FieldOverrideAdmin",
    "LedgerRecordAdmin",
    "PostingAdmin",
    "ReportAdmin",
    "SyncRunAdmin",
    "WebhookEventAdmin",
]
