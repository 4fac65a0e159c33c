"""The pages about ledgers: connections, their records, sync runs, postings, failures."""

from integrations.admin.connections import ConnectionAdmin
from integrations.admin.postings import PostingAdmin
from integrations.admin.records import LedgerRecordAdmin
from integrations.admin.runs import SyncRunAdmin

__all__ = ["ConnectionAdmin", "LedgerRecordAdmin", "PostingAdmin", "SyncRunAdmin"]
